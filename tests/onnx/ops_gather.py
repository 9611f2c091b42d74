# SPDX-License-Identifier: Apache-2.0
"""Reads at computed places, one-hot, ranges, cumulative sums, losses."""

from __future__ import annotations

import math

import numpy as np
from node_cases import Node
from notation_builder import Builder, Value, dtype_text, static
from ops_pointwise import number
from ops_reduction import SUMS, reduced


def wrapped(place: str, n: int) -> str:
    """A place that may count from the end."""
    return f"where({place} < 0, {place} + {n}, {place})"


def gather(b: Builder, node: Node) -> list[Value]:
    x, i = node.inputs
    axis = node.get("axis", 0) % x.rank
    before, inner, after = b.axes(x.shape[:axis]), b.axes(i.shape), b.axes(x.shape[axis + 1 :])
    place = wrapped(b.at(i, inner), x.shape[axis])
    return [b.define([*before, *inner, *after], b.at(x, [*before, place, *after]), x.dtype)]


def gather_elements(b: Builder, node: Node) -> list[Value]:
    x, i = node.inputs
    axis = node.get("axis", 0) % x.rank
    axes = b.axes(i.shape)
    at = [wrapped(b.at(i, axes), x.shape[axis]) if d == axis else a for d, a in enumerate(axes)]
    return [b.define(axes, b.at(x, at), x.dtype)]


def gather_nd(b: Builder, node: Node) -> list[Value]:
    x, i = node.inputs
    batch, depth = node.get("batch_dims", 0), i.shape[-1]
    outer, after = b.axes(i.shape[:-1]), b.axes(x.shape[batch + depth :])
    places = [wrapped(b.at(i, [*outer, k]), x.shape[batch + k]) for k in range(depth)]
    return [b.define([*outer, *after], b.at(x, [*outer[:batch], *places, *after]), x.dtype)]


def one_hot(b: Builder, node: Node) -> list[Value]:
    i, _, values = node.inputs
    depth = int(static(node.inputs[1]).ravel()[0])
    axis = node.get("axis", -1) % (i.rank + 1)
    axes = b.axes([*i.shape[:axis], depth, *i.shape[axis:]])
    place = b.at(i, [*axes[:axis], *axes[axis + 1 :]])
    hit = f"{axes[axis]} == where({place} < 0, {place} + {depth}, {place})"
    return [b.define(axes, f"where({hit}, {b.at(values, ['1'])}, {b.at(values, ['0'])})", values.dtype)]


def eye_like(b: Builder, node: Node) -> list[Value]:
    import onnx

    x = node.inputs[0]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(node.get("dtype")) if node.get("dtype") else x.dtype
    axes = b.axes(x.shape)
    return [b.define(axes, f"cast({axes[1]} == {axes[0]} + {node.get('k', 0)}, {dtype_text(np.dtype(dtype))})", dtype)]


def spaced(b: Builder, node: Node) -> list[Value]:
    """Range: how many is a shape, the numbers are computed."""
    start, limit, delta = node.inputs
    many = max(0, math.ceil((static(limit) - static(start)) / static(delta)))
    (k,) = b.axes([many])
    return [b.define([k], f"{b.name(start)} + {k}*{b.name(delta)}", start.dtype)]


def constant_of_shape(b: Builder, node: Node) -> list[Value]:
    value = np.asarray(node.get("value", np.zeros(1, np.float32))).ravel()[0]
    axes = b.axes(static(node.inputs[0]).tolist())
    return [b.define(axes, f"cast({number(value)}, {dtype_text(value.dtype)})", value.dtype)]


def cumulative(b: Builder, node: Node) -> list[Value]:
    """CumSum, CumProd: all terms up to a place, from either end, without the last one if exclusive."""
    x = node.inputs[0]
    axis = int(static(node.inputs[1]).ravel()[0]) % x.rank
    axes, (k,) = b.axes(x.shape), b.axes([x.shape[axis]])
    at = list(axes)
    at[axis] = k
    sign = (">" if node.get("reverse", 0) else "<") + ("" if node.get("exclusive", 0) else "=")
    fold = "sum" if node.op == "CumSum" else "prod"
    expr = f"{fold}[{k}]({b.at(x, at)}, where={k} {sign} {axes[axis]})"
    return [b.define(axes, f"cast({expr}, {dtype_text(x.dtype)})" if x.kind in "iu" else expr, x.dtype)]


def reverse_sequence(b: Builder, node: Node) -> list[Value]:
    x, lengths = node.inputs
    batch, time = node.get("batch_axis", 1), node.get("time_axis", 0)
    axes = b.axes(x.shape)
    t, n = axes[time], b.at(lengths, [axes[batch]])
    at = list(axes)
    at[time] = f"where({t} < {n}, {n} - 1 - {t}, {t})"
    return [b.define(axes, b.at(x, at), x.dtype)]


def top_k(b: Builder, node: Node) -> list[Value]:
    """Values by rank, the first place among equals."""
    x = node.inputs[0]
    many = int(static(node.inputs[1]).ravel()[0]) if len(node.inputs) > 1 else node.get("k")
    axis, largest = node.get("axis", -1) % x.rank, node.get("largest", 1)
    shape = [*x.shape[:axis], many, *x.shape[axis + 1 :]]
    found = []
    for what, dtype in (("", x.dtype), ("arg_", np.dtype(np.int64))):
        axes, (k,) = b.axes(shape), b.axes([x.shape[axis]])
        at = list(axes)
        at[axis] = k
        element, sign = b.at(x, at), ""
        if largest:
            turn = "-" if x.kind == "f" else "~"  # ~ turns the order of integers over, of signed and unsigned ones
            element, sign = f"{turn}{element}", turn if not what else ""
        found.append(b.define(axes, f"{sign}{what}kth_smallest[{k}]({element}, {axes[axis]})", dtype))
    return found


def likelihood_loss(b: Builder, node: Node) -> list[Value]:
    """NegativeLogLikelihoodLoss, and SoftmaxCrossEntropyLoss, which takes the logarithms of a softmax before."""
    x, target, weight = node.input(0), node.input(1), node.input(2)
    logs = x
    if node.op == "SoftmaxCrossEntropyLoss":
        axes, (k,) = b.axes(x.shape), b.axes([x.shape[1]])
        line = b.at(x, [axes[0], k, *axes[2:]])
        logs = b.define(axes, f"{b.at(x, axes)} - logsumexp[{k}]({line})", x.dtype)
    ignored = node.get("ignore_index")
    axes = b.axes(target.shape)
    place = b.at(target, axes)
    kept = f"{place} != {ignored}" if ignored is not None else "0 < 1"
    weigh = f"*{b.at(weight, [place])}" if weight is not None else ""
    loss = b.define(axes, f"where({kept}, -{b.at(logs, [axes[0], place, *axes[1:]])}{weigh}, 0)", x.dtype)
    over = list(range(target.rank))
    found = loss
    if node.get("reduction", "mean") == "sum":
        found = reduced(b, loss, over, SUMS["ReduceSum"], keep=False)
    elif node.get("reduction", "mean") == "mean":
        inner = b.axes(target.shape)
        own = b.at(target, inner)
        one = b.at(weight, [own]) if weight is not None else f"cast(1, {dtype_text(x.dtype)})"
        whole = f"sum[{', '.join(inner)}]({one}" + (f", where={own} != {ignored})" if ignored is not None else ")")
        terms = b.axes(target.shape)
        found = b.define([], f"sum[{', '.join(terms)}]({b.at(loss, terms)})/{whole}", x.dtype)
    return [found, logs][: max(1, node.outputs)]


HANDLERS = {
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "OneHot": one_hot,
    "EyeLike": eye_like,
    "Range": spaced,
    "ConstantOfShape": constant_of_shape,
    **dict.fromkeys(("CumSum", "CumProd"), cumulative),
    "ReverseSequence": reverse_sequence,
    "TopK": top_k,
    **dict.fromkeys(("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"), likelihood_loss),
}

# SPDX-License-Identifier: Apache-2.0
"""Reductions, softmax, normalisations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from node_cases import Node
from notation_builder import Builder, Value, dtype_text, static
from ops_pointwise import number

SUMS = {
    "ReduceSum": "sum[{k}]({x})",
    "ReduceMean": "sum[{k}]({x})/{n}",
    "ReduceProd": "prod[{k}]({x})",
    "ReduceMax": "max[{k}]({x})",
    "ReduceMin": "min[{k}]({x})",
    "ReduceL1": "sum[{k}](abs({x}))",
    "ReduceL2": "sqrt(sum[{k}]({x}**2))",
    "ReduceSumSquare": "sum[{k}]({x}**2)",
    "ReduceLogSum": "log(sum[{k}]({x}))",
    "ReduceLogSumExp": "logsumexp[{k}]({x})",
}


def given_axes(node: Node, x: Value, place: int = 1) -> list[int]:
    """The axes that a reduction runs over: all of them if none is given, unless that means none."""
    given = node.get("axes")
    if node.input(place) is not None:
        given = static(node.inputs[place]).tolist()
    if given is None or len(given) == 0:
        return [] if node.get("noop_with_empty_axes", 0) else list(range(x.rank))
    return sorted(a % x.rank for a in given)


def reduce(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    over = given_axes(node, x)
    if not over:
        return [b.pointwise(x.shape, "{0}", x.dtype, x)]
    return [reduced(b, x, over, SUMS[node.op], keep=bool(node.get("keepdims", 1)))]


def reduced(b: Builder, x: Value, over: Sequence[int], formula: str, *, keep: bool) -> Value:
    """A reduction; `{k}` in the formula are its axes, `{x}` the element, `{n}` how many there are."""
    inner = b.axes([x.shape[d] for d in over])
    kept = {d: b.axes([1 if d in over else n])[0] for d, n in enumerate(x.shape) if keep or d not in over}
    places = dict(zip(over, inner, strict=True))
    at = [places[d] if d in places else kept[d] for d in range(x.rank)]
    count = math.prod(x.shape[d] for d in over)
    if x.kind == "b":
        formula = formula.replace("max[", "any[").replace("min[", "all[")
    expr = formula.format(k=", ".join(inner), x=b.at(x, at), n=count)
    if formula.startswith(("max[", "min[")):
        least = _least(x.dtype)
        low = least[0] if formula.startswith("max[") else least[1]
        expr = expr[:-1] + f", initial={low})" if count == 0 else expr
    if x.kind in "iu":
        expr = f"cast({expr}, {dtype_text(x.dtype)})"
    return b.define(list(kept.values()), expr, x.dtype)


def _least(dtype: np.dtype) -> tuple[str, str]:
    if dtype.kind in "iu":
        return str(np.iinfo(dtype).min), str(np.iinfo(dtype).max)
    return "-inf", "inf"


def arg_extreme(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    axis, kind = node.get("axis", 0) % x.rank, node.op.lower()
    (k,) = b.axes([x.shape[axis]])
    keep = bool(node.get("keepdims", 1))
    axes = {d: b.axes([1 if d == axis else n])[0] for d, n in enumerate(x.shape) if keep or d != axis}
    last = bool(node.get("select_last_index", 0))
    at = [(f"{x.shape[axis] - 1} - {k}" if last else k) if d == axis else axes[d] for d in range(x.rank)]
    expr = f"{kind}[{k}]({b.at(x, at)})"
    return [b.define(list(axes.values()), f"{x.shape[axis] - 1} - {expr}" if last else expr, np.int64)]


def softmax(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    axis = node.get("axis", -1 if node.version >= 13 else 1)
    axes = b.axes(x.shape)
    (k,) = b.axes([x.shape[axis]])
    at = list(axes)
    at[axis] = k
    element, line = b.at(x, axes), b.at(x, at)
    match node.op:
        case "Softmax":
            expr = f"softmax({element}, along={axes[axis]})"
        case "LogSoftmax":
            expr = f"{element} - logsumexp[{k}]({line})"
        case _:
            one = dtype_text(x.dtype)
            expr = f"cast({axes[axis]} == argmax[{k}]({line}), {one})"
    return [b.define(axes, expr, x.dtype)]


def normalized(
    b: Builder, x: Value, over: Sequence[int], eps: float, *, center: bool = True
) -> tuple[Value, Value | None, Value]:
    """The tensor with mean 0 and variance 1 over some axes; mean and inverse deviation, with extent 1 there."""
    mean = reduced(b, x, over, SUMS["ReduceMean"], keep=True) if center else None
    away = x if mean is None else b.pointwise(x.shape, "{0} - {1}", x.dtype, x, mean)
    inverse = reduced(b, away, over, f"1/sqrt(sum[{{k}}]({{x}}**2)/{{n}} + {number(eps)})", keep=True)
    return b.pointwise(x.shape, "{0}*{1}", x.dtype, away, inverse), mean, inverse


def layer_norm(b: Builder, node: Node) -> list[Value]:
    """LayerNormalization, RMSNormalization: over all axes from one on."""
    x, scale, bias = node.inputs[0], node.input(1), node.input(2)
    over = list(range(node.get("axis", -1) % x.rank, x.rank))
    y, mean, inverse = normalized(b, x, over, node.get("epsilon", 1e-5), center=node.op == "LayerNormalization")
    found = b.pointwise(
        x.shape,
        "{0}*{1}" + (" + {2}" if bias is not None else ""),
        x.dtype,
        *(v for v in (y, scale, bias) if v is not None),
    )
    return [found, *([mean] if mean is not None else []), inverse][: max(1, node.outputs)]


def channels(b: Builder, value: Value, rank: int) -> Value:
    """A vector along axis 1 of a tensor of some rank."""
    shape = [1, value.shape[0], *([1] * (rank - 2))]
    axes = b.axes(shape)
    return b.define(axes, b.at(value, [axes[1]]), value.dtype)


def instance_norm(b: Builder, node: Node) -> list[Value]:
    x, scale, bias = node.inputs
    y, _, _ = normalized(b, x, list(range(2, x.rank)), node.get("epsilon", 1e-5))
    s, t = channels(b, scale, x.rank), channels(b, bias, x.rank)
    return [b.pointwise(x.shape, "{0}*{1} + {2}", x.dtype, y, s, t)]


def group_norm(b: Builder, node: Node) -> list[Value]:
    x, scale, bias = node.inputs
    groups = node.get("num_groups")
    each = x.shape[1] // groups
    n, c, *rest = x.shape
    axes = b.axes([n, groups, each, *rest])
    grouped = b.define(axes, b.at(x, [axes[0], f"{each}*{axes[1]} + {axes[2]}", *axes[3:]]), x.dtype)
    y, _, _ = normalized(b, grouped, list(range(2, grouped.rank)), node.get("epsilon", 1e-5))
    out = b.axes(x.shape)
    of = f"{out[1]}//{each}" if scale.shape[0] == groups != c else out[1]
    element = b.at(y, [out[0], f"{out[1]}//{each}", f"{out[1]}%{each}", *out[2:]])
    return [b.define(out, f"{element}*{b.at(scale, [of])} + {b.at(bias, [of])}", x.dtype)]


def batch_norm(b: Builder, node: Node) -> list[Value]:
    x, scale, bias, mean, var = node.inputs
    eps, momentum = number(node.get("epsilon", 1e-5)), number(node.get("momentum", 0.9))
    s, t = channels(b, scale, x.rank), channels(b, bias, x.rank)
    if not node.get("training_mode", 0):
        m, v = channels(b, mean, x.rank), channels(b, var, x.rank)
        return [b.pointwise(x.shape, f"{{1}}*({{0}} - {{2}})/sqrt({{3}} + {eps}) + {{4}}", x.dtype, x, s, m, v, t)]
    over = [d for d in range(x.rank) if d != 1]
    m = reduced(b, x, over, SUMS["ReduceMean"], keep=True)
    away = b.pointwise(x.shape, "{0} - {1}", x.dtype, x, m)
    v = reduced(b, away, over, "sum[{k}]({x}**2)/{n}", keep=True)
    y = b.pointwise(x.shape, f"{{1}}*{{0}}/sqrt({{2}} + {eps}) + {{3}}", x.dtype, away, s, v, t)
    found = [y]
    for old, new in ((mean, m), (var, v)):
        (c,) = b.axes([x.shape[1]])
        at = b.at(new, ["0", c, *["0"] * (x.rank - 2)])
        found.append(b.define([c], f"{b.at(old, [c])}*{momentum} + {at}*(1 - {momentum})", x.dtype))
    return found


def lp_norm(b: Builder, node: Node) -> list[Value]:
    x, p = node.inputs[0], node.get("p", 2)
    norm = reduced(b, x, [node.get("axis", -1) % x.rank], SUMS[f"ReduceL{p}"], keep=True)
    return [b.pointwise(x.shape, "where({1} == 0, 0, {0}/{1})", x.dtype, x, norm)]


def mean_variance_norm(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    over = node.get("axes", [0, 2, 3])
    mean = reduced(b, x, over, SUMS["ReduceMean"], keep=True)
    square = reduced(b, x, over, "sum[{k}]({x}**2)/{n}", keep=True)
    return [b.pointwise(x.shape, "({0} - {1})/(sqrt({2} - {1}**2) + 1e-9)", x.dtype, x, mean, square)]


def response_norm(b: Builder, node: Node) -> list[Value]:
    """LRN: over a window of channels."""
    x, width = node.inputs[0], node.get("size")
    axes, (k,) = b.axes(x.shape), b.axes([width])
    at = [axes[0], f"{axes[1]} + {k} - {(width - 1) // 2}", *axes[2:]]
    squares = f"sum[{k}]({b.at(x, at).replace('[', '.outside(0)[', 1)}**2)"
    alpha, beta, bias = (number(node.get(a, d)) for a, d in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)))
    return [b.define(axes, f"{b.at(x, axes)}/({bias} + {alpha}/{width}*{squares})**{beta}", x.dtype)]


HANDLERS = {
    **dict.fromkeys(SUMS, reduce),
    **dict.fromkeys(("ArgMax", "ArgMin"), arg_extreme),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax"), softmax),
    **dict.fromkeys(("LayerNormalization", "RMSNormalization"), layer_norm),
    "InstanceNormalization": instance_norm,
    "GroupNormalization": group_norm,
    "BatchNormalization": batch_norm,
    "LpNormalization": lp_norm,
    "MeanVarianceNormalization": mean_variance_norm,
    "LRN": response_norm,
}

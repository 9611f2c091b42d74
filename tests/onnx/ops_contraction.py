# SPDX-License-Identifier: Apache-2.0
"""Matrix products, Einstein sums, convolutions, pools."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from node_cases import Node
from notation_builder import Builder, Value
from ops_pointwise import number


def matmul(b: Builder, node: Node) -> list[Value]:
    return [product(b, node.inputs[0], node.inputs[1])]


def product(b: Builder, x: Value, y: Value, term: str = "{x}*{y}", dtype: object = None) -> Value:
    """NumPy's matmul: vectors have no second dimension, the dimensions before are broadcast."""
    left, right = (x.shape[-2:-1] if x.rank > 1 else ()), (y.shape[-1:] if y.rank > 1 else ())
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    axes, (k,) = b.axes([*batch, *left, *right]), b.axes([x.shape[-1]])
    outer = axes[: len(batch)]
    row, column = axes[len(batch) : len(batch) + len(left)], axes[len(batch) + len(left) :]
    a = b.at(x, [*_outer(x, outer), *row, k])
    c = b.at(y, [*_outer(y, outer), k, *column])
    return b.define(axes, f"sum[{k}]({term.format(x=a, y=c)})", dtype or x.dtype)


def _outer(x: Value, axes: Sequence[str]) -> list[str]:
    own = x.shape[:-2]
    return ["0" if n == 1 else a for n, a in zip(own, axes[len(axes) - len(own) :], strict=True)]


def gemm(b: Builder, node: Node) -> list[Value]:
    x, y, z = node.input(0), node.input(1), node.input(2)
    turned = (node.get("transA", 0), node.get("transB", 0))
    m, n = x.shape[turned[0]], y.shape[1 - turned[1]]
    (i, j), (k,) = b.axes([m, n]), b.axes([x.shape[1 - turned[0]]])
    a = b.at(x, [k, i] if turned[0] else [i, k])
    c = b.at(y, [j, k] if turned[1] else [k, j])
    expr = f"{number(node.get('alpha', 1.0))}*sum[{k}]({a}*{c})"
    if z is not None:
        expr += f" + {number(node.get('beta', 1.0))}*{b.spread(z, [i, j])}"
    return [b.define([i, j], expr, x.dtype)]


def einsum(b: Builder, node: Node) -> list[Value]:
    """Subscripts with an ellipsis are written out for the rank that they stand for."""
    left, _, right = node.get("equation").replace(" ", "").partition("->")
    terms = left.split(",")
    arrow = "->" in node.get("equation")
    ranks = [v.rank - len(t.replace("...", "")) for t, v in zip(terms, node.inputs, strict=True)]
    dots = "".join(
        chr(ord("A") + k) for k in range(max([r for r, t in zip(ranks, terms, strict=True) if "..." in t], default=0))
    )
    terms = [t.replace("...", dots[len(dots) - r :] if r else "") for t, r in zip(terms, ranks, strict=True)]
    letters = "".join(terms)
    if not arrow:
        right = dots + "".join(sorted(c for c in set(letters) if letters.count(c) == 1 and c not in dots))
    right = right.replace("...", dots)
    extents: dict[str, int] = {}
    for term, value in zip(terms, node.inputs, strict=True):
        for letter, n in zip(term, value.shape, strict=True):
            extents[letter] = max(extents.get(letter, 1), n)
    names = {letter: b.axes([n])[0] for letter, n in extents.items()}
    factors = []
    for term, value in zip(terms, node.inputs, strict=True):
        factors.append(b.at(value, ["0" if n == 1 else names[c] for c, n in zip(term, value.shape, strict=True)]))
    over = [names[c] for c in extents if c not in right]
    expr = "*".join(factors)
    return [
        b.define([names[c] for c in right], f"sum[{', '.join(over)}]({expr})" if over else expr, node.inputs[0].dtype)
    ]


@dataclass(frozen=True)
class Window:
    """Sizes of a window along the spatial axes: kernel, strides, dilations, pads before and behind, output."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    before: list[int]
    after: list[int]
    out: list[int]

    def places(self, out: Sequence[str], inner: Sequence[str]) -> list[str]:
        """The place in the input of a place of the output and one of the window."""
        return [
            f"{s}*{o} + {d}*{k} - {p}"
            for o, k, s, d, p in zip(out, inner, self.strides, self.dilations, self.before, strict=True)
        ]


def window(node: Node, spatial: Sequence[int], kernel: Sequence[int]) -> Window:
    """The window of a node over these extents, pads as `auto_pad` says."""
    rank = len(spatial)
    strides = list(node.get("strides") or [1] * rank)
    dilations = list(node.get("dilations") or [1] * rank)
    pads = list(node.get("pads") or [0] * 2 * rank)
    auto = node.get("auto_pad", "NOTSET")
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    before, after = pads[:rank], pads[rank:]
    if auto.startswith("SAME"):
        before, after = [], []
        for n, s, r in zip(spatial, strides, reach, strict=True):
            whole = max(0, (-(-n // s) - 1) * s + r - n)
            before.append(whole - whole // 2 if auto == "SAME_LOWER" else whole // 2)
            after.append(whole - before[-1])
    out = []
    for n, s, r, p, q in zip(spatial, strides, reach, before, after, strict=True):
        room = n + p + q - r
        many = (-(-room // s) if node.get("ceil_mode", 0) else room // s) + 1
        if node.get("ceil_mode", 0) and (many - 1) * s >= n + p:
            many -= 1  # windows start inside the tensor or the padding before it
        out.append(many)
    return Window(list(kernel), strides, dilations, before, after, out)


def outside(text: str, value: str) -> str:
    """A read with a value outside."""
    return text.replace("[", f".outside({value})[", 1)


def conv(b: Builder, node: Node) -> list[Value]:
    x, w, bias = node.input(0), node.input(1), node.input(2)
    return [convolved(b, node, x, w, bias)]


def convolved(
    b: Builder,
    node: Node,
    x: Value,
    w: Value,
    bias: Value | None = None,
    *,
    terms: tuple[str, str] = ("{}", "{}"),
    dtype: object = None,
) -> Value:
    """A convolution in groups; `terms` say what is made of the elements before they are multiplied, at `{o}` of the
    channels of the result."""
    groups = node.get("group", 1)
    s = window(node, x.shape[2:], node.get("kernel_shape") or w.shape[2:])
    (n, o), out = b.axes([x.shape[0], w.shape[0]]), b.axes(s.out)
    (c,), inner = b.axes([w.shape[1]]), b.axes(s.kernel)
    channel = c if groups == 1 else f"{w.shape[1]}*({o}//{w.shape[0] // groups}) + {c}"
    element = outside(b.at(x, [n, channel, *s.places(out, inner)]), "0")
    if terms[0] != "{}":  # what is outside counts as 0 after the change, not before
        inside = " & ".join(f"({p} >= 0) & ({p} < {m})" for p, m in zip(s.places(out, inner), x.shape[2:], strict=True))
        element = f"where({inside}, {terms[0].format(b.at(x, [n, channel, *s.places(out, inner)]))}, 0)"
    kernel = terms[1].format(b.at(w, [o, c, *inner]), o=o)
    expr = f"sum[{', '.join([c, *inner])}]({element}*{kernel})"
    if bias is not None:
        expr += f" + {b.at(bias, [o])}"
    return b.define([n, o, *out], expr, dtype or x.dtype)


def conv_transpose(b: Builder, node: Node) -> list[Value]:
    """Every output place takes the input places whose window hits it: a condition of divisibility."""
    x, w, bias = node.input(0), node.input(1), node.input(2)
    groups, spatial, kernel = node.get("group", 1), x.shape[2:], w.shape[2:]
    rank = len(spatial)
    strides, dilations = (list(node.get(a) or [1] * rank) for a in ("strides", "dilations"))
    extra = list(node.get("output_padding") or [0] * rank)
    pads = list(node.get("pads") or [0] * 2 * rank)
    shape = node.get("output_shape")
    full = [
        (n - 1) * s + d * (k - 1) + 1 + e
        for n, s, d, k, e in zip(spatial, strides, dilations, kernel, extra, strict=True)
    ]
    auto = node.get("auto_pad", "NOTSET")
    if shape is not None or auto.startswith("SAME"):
        shape = list(shape)[-rank:] if shape is not None else [n * s for n, s in zip(spatial, strides, strict=True)]
        whole = [max(0, f - m) for f, m in zip(full, shape, strict=True)]
        before = [t // 2 if auto != "SAME_LOWER" else t - t // 2 for t in whole]
    else:
        before = pads[:rank]
        shape = [f - p - q for f, p, q in zip(full, before, pads[rank:], strict=True)]
    each = w.shape[1]
    (n, o), out = b.axes([x.shape[0], each * groups]), b.axes(shape)
    (c,), inner = b.axes([x.shape[1] // groups]), b.axes(kernel)
    hits, places = [], []
    for y, k, s, d, p in zip(out, inner, strides, dilations, before, strict=True):
        hits.append(f"(({y} + {p} - {d}*{k})%{s} == 0)")
        places.append(f"({y} + {p} - {d}*{k})//{s}")
    channel = c if groups == 1 else f"{x.shape[1] // groups}*({o}//{each}) + {c}"
    element = outside(b.at(x, [n, channel, *places]), "0")
    weight = b.at(w, [channel, o if groups == 1 else f"{o}%{each}", *inner])
    expr = f"sum[{', '.join([c, *inner])}]({element}*{weight}, where={' & '.join(hits)})"
    return [b.define([n, o, *out], expr + (f" + {b.at(bias, [o])}" if bias is not None else ""), x.dtype)]


def pool(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    whole = node.op.startswith("Global")
    kernel = x.shape[2:] if whole else node.get("kernel_shape")
    s = window(node, x.shape[2:], kernel)
    (n, c), out, inner = b.axes(x.shape[:2]), b.axes(s.out), b.axes(s.kernel)
    places, over = s.places(out, inner), ", ".join(inner)
    read = b.at(x, [n, c, *places])
    inside = " & ".join(f"({p} >= 0) & ({p} < {m})" for p, m in zip(places, x.shape[2:], strict=True))
    axes = [n, c, *out]
    match node.op.removeprefix("Global"):
        case "MaxPool":
            low = "-inf" if x.kind == "f" else str(np.iinfo(x.dtype).min)
            found = [b.define(axes, f"max[{over}]({outside(read, low)})", x.dtype)]
            if node.outputs > 1:
                found.append(_max_places(b, node, x, s, axes))
            return found
        case "AveragePool":
            bounds = [m + q for m, q in zip(x.shape[2:], s.after, strict=True)]
            padded = " & ".join(
                f"({p} >= {-e}) & ({p} < {m})" for p, e, m in zip(places, s.before, bounds, strict=True)
            )
            counted = padded if node.get("count_include_pad", 0) else inside
            return [b.define(axes, f"sum[{over}]({outside(read, '0')})/count[{over}]({counted})", x.dtype)]
        case _:
            p = node.get("p", 2)
            power = f"sum[{over}](abs({outside(read, '0')})**{p})"
            return [b.define(axes, f"{power}**(1/{p})" if p != 1 else power, x.dtype)]


def _max_places(b: Builder, node: Node, x: Value, s: Window, axes: Sequence[str]) -> Value:
    """The place of the largest element, as a row-major place in the whole tensor."""
    inner = b.axes(s.kernel)
    n, c, *out = axes
    read = outside(b.at(x, [n, c, *s.places(out, inner)]), "-inf" if x.kind == "f" else str(np.iinfo(x.dtype).min))
    many = len(inner) > 1
    best = [f"argmax[{', '.join(inner)}]({read})" + (f"[{d}]" if many else "") for d in range(len(inner))]
    places = s.places(out, best)
    shape = x.shape[2:]
    order = list(range(len(shape)))
    if node.get("storage_order", 0):
        order.reverse()
    flat, rest = [], 1
    for d in reversed(order):
        flat.append(f"{rest}*({places[d]})")
        rest *= shape[d]
    whole = " + ".join([*reversed(flat), f"{math.prod(shape)}*({c} + {x.shape[1]}*{n})"])
    return b.define(axes, whole, np.int64)


HANDLERS = {
    "MatMul": matmul,
    "Gemm": gemm,
    "Einsum": einsum,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool", "GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"), pool),
}

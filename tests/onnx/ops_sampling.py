# SPDX-License-Identifier: Apache-2.0
"""Resampling: places between the pixels, and weights of those around them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from node_cases import Node
from notation_builder import Builder, SkippedError, Value, dtype_text, static
from ops_contraction import outside
from ops_pointwise import number

HALF = Fraction(1, 2)

ROUNDINGS = {
    "round_prefer_floor": "-(({q} - 2*({p}))//{qq})",
    "round_prefer_ceil": "(2*({p}) + {q})//{qq}",
    "floor": "({p})//{q}",
    "ceil": "-(-({p})//{q})",
}
"""The place p/q rounded, in integers: a place that is made of sizes and scales is known exactly."""


def resize(b: Builder, node: Node) -> list[Value]:
    """One axis after the other; those that keep their size are left out."""
    x, roi, scales, sizes = (node.input(k) for k in range(4))
    if node.op == "Upsample":
        scales, roi = node.input(1), None
    which = [a % x.rank for a in node.get("axes") or range(x.rank)]
    given = [Fraction(s) for s in static(scales).tolist()] if scales is not None and scales.size else None
    if given is None:
        wanted = static(sizes).tolist()
        given = [Fraction(m, x.shape[a]) for m, a in zip(wanted, which, strict=True)]
        policy = node.get("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            one = (min if policy == "not_larger" else max)(given)
            given, wanted = [one] * len(given), [math.floor(one * x.shape[a] + HALF) for a in which]
    else:
        wanted = [math.floor(s * x.shape[a]) for s, a in zip(given, which, strict=True)]
    region = [Fraction(r) for r in static(roi).tolist()] if roi is not None and roi.size else None
    y = x
    for k, axis in enumerate(which):
        ends = (region[k], region[k + len(which)]) if region is not None else (Fraction(0), Fraction(1))
        if given[k] != 1 or wanted[k] != x.shape[axis] or region is not None:
            y = _resized(b, node, y, axis, given[k], int(wanted[k]), ends)
    return [y if y is not x else b.pointwise(x.shape, "{0}", x.dtype, x)]


def _coordinate(
    node: Node, n: int, scale: Fraction, size: int, ends: tuple[Fraction, Fraction]
) -> tuple[Fraction, Fraction]:
    """Where output places lie among the input places: a step, and the place of the first."""
    width = scale * n
    match node.get("coordinate_transformation_mode", "half_pixel" if node.op == "Resize" else "asymmetric"):
        case "align_corners":
            return ((n - 1) / (width - 1) if width != 1 else Fraction(0)), Fraction(0)
        case "asymmetric":
            return 1 / scale, Fraction(0)
        case "tf_crop_and_resize":
            span = (ends[1] - ends[0]) * (n - 1)
            step, first = (span / (width - 1), Fraction(0)) if width != 1 else (Fraction(0), span / 2)
            return step, first + ends[0] * (n - 1)
        case "pytorch_half_pixel" if width == 1:
            return Fraction(0), -HALF
        case "half_pixel_symmetric":
            return 1 / scale, Fraction(n, 2) * (1 - size / width) + HALF / scale - HALF
        case _:
            return 1 / scale, HALF / scale - HALF


def _resized(
    b: Builder, node: Node, x: Value, axis: int, scale: Fraction, size: int, ends: tuple[Fraction, Fraction]
) -> Value:
    mode, n = node.get("mode", "nearest"), x.shape[axis]
    axes = b.axes([*x.shape[:axis], size, *x.shape[axis + 1 :]])
    step, start = _coordinate(node, n, scale, size, ends)
    q = math.lcm(step.denominator, start.denominator)
    p = f"{int(step * q)}*{axes[axis]} + {int(start * q)}"

    def read(place: str) -> str:
        return outside(b.at(x, [place if d == axis else a for d, a in enumerate(axes)]), '"edge"')

    if mode == "nearest":
        rounding = node.get("nearest_mode", "round_prefer_floor" if node.op == "Resize" else "floor")
        expr = read(ROUNDINGS[rounding].format(p=p, q=q, qq=2 * q))
    else:
        s = float(min(scale, 1)) if node.get("antialias", 0) else 1.0
        reach = 1 if mode == "linear" else 2
        first = math.floor(-reach / s) + 1
        (k,) = b.axes([2 - 2 * first])
        place = f"({p})//{q} + {first} + {k}"
        weight = kernel(mode, f"abs({number(s)}*({first} + {k} - (({p})%{q})/{q}))", node.get("cubic_coeff_a", -0.75))
        normal = bool(node.get("antialias", 0))
        if node.get("exclude_outside", 0):
            weight, normal = f"where(({place} >= 0) & ({place} < {n}), {weight}, 0)", True
        one = dtype_text(x.dtype)
        expr = f"sum[{k}](cast({weight}, {one})*{read(place)})"
        if normal:
            expr += f"/sum[{k}](cast({weight}, {one}))"
    if node.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        beyond = f"({p} < 0) | ({p} > {(n - 1) * q})"
        expr = f"where({beyond}, {number(node.get('extrapolation_value', 0.0))}, {expr})"
    return b.define(axes, expr, x.dtype)


def kernel(mode: str, d: str, a: float) -> str:
    """The weight of a pixel at a distance."""
    if mode == "linear":
        return f"maximum(0, 1 - {d})"
    t = number(a)
    near = f"(({t} + 2)*{d} - ({t} + 3))*{d}*{d} + 1"
    far = f"(({t}*{d} - 5*{t})*{d} + 8*{t})*{d} - 4*{t}"
    return f"where({d} <= 1, {near}, where({d} < 2, {far}, 0))"


def affine_grid(b: Builder, node: Node) -> list[Value]:
    """The corners of an image, or the centres of its pixels, moved by a matrix."""
    theta = node.inputs[0]
    sizes = static(node.inputs[1]).tolist()
    spatial = sizes[2:]
    axes = b.axes([sizes[0], *spatial, len(spatial)])
    n, *places, k = axes
    terms = []
    for d, (o, m) in enumerate(zip(reversed(places), reversed(spatial), strict=True)):
        at = f"({o}*2/{m - 1} - 1)" if node.get("align_corners", 0) else f"((2*{o} + 1)/{m} - 1)"
        terms.append(f"{b.at(theta, [n, k, d])}*{at}")
    return [b.define(axes, " + ".join([*terms, b.at(theta, [n, k, len(spatial)])]), theta.dtype)]


def grid_sample(b: Builder, node: Node) -> list[Value]:
    """Pixels around the places that a grid says."""
    x, grid = node.inputs
    mode = {"bilinear": "linear", "bicubic": "cubic"}.get(node.get("mode", "linear"), node.get("mode", "linear"))
    padding, corners = node.get("padding_mode", "zeros"), node.get("align_corners", 0)
    policy = {"zeros": "0", "border": '"edge"', "reflection": '"reflect"' if corners else '"symmetric"'}[padding]
    n, c, *places = axes = b.axes([*x.shape[:2], *grid.shape[1:-1]])
    spatial = x.shape[2:]
    coordinates = []
    for d, m in enumerate(spatial):
        g = b.at(grid, [n, *places, str(len(spatial) - 1 - d)])
        coordinates.append(f"(({g} + 1)/2*{m - 1})" if corners else f"((({g} + 1)*{m} - 1)/2)")
    if padding != "zeros" and mode == "cubic":
        raise SkippedError("not translated")
    if mode == "nearest":
        at = [f"cast(rint({q}), i64)" for q in coordinates]
        return [b.define(axes, outside(b.at(x, [n, c, *at]), policy), x.dtype)]
    reach = 1 if mode == "linear" else 2
    taps = b.axes([2 * reach] * len(spatial))
    at = [f"cast(floor({q}), i64) + {1 - reach} + {k}" for q, k in zip(coordinates, taps, strict=True)]
    weights = [
        kernel(mode, f"abs({1 - reach} + {k} - ({q} - floor({q})))", -0.75)
        for q, k in zip(coordinates, taps, strict=True)
    ]
    product = "*".join(f"({w})" for w in weights)
    return [b.define(axes, f"sum[{', '.join(taps)}]({product}*{outside(b.at(x, [n, c, *at]), policy)})", x.dtype)]


def col2im(b: Builder, node: Node) -> list[Value]:
    """Patches added up where they overlap."""
    x = node.inputs[0]
    image, block = static(node.inputs[1]).tolist(), static(node.inputs[2]).tolist()
    rank = len(image)
    strides, dilations = (list(node.get(a) or [1] * rank) for a in ("strides", "dilations"))
    pads = list(node.get("pads") or [0] * 2 * rank)
    many = [
        (m + pads[d] + pads[d + rank] - dilations[d] * (block[d] - 1) - 1) // strides[d] + 1
        for d, m in enumerate(image)
    ]
    channels = x.shape[1] // math.prod(block)
    n, c, *out = axes = b.axes([x.shape[0], channels, *image])
    inner = b.axes(block)
    hits, places = [], []
    for d, (o, k) in enumerate(zip(out, inner, strict=True)):
        distance = f"{o} + {pads[d]} - {dilations[d]}*{k}"
        place = f"({distance})//{strides[d]}"
        hits += [f"(({distance})%{strides[d]} == 0)", f"({place} >= 0)", f"({place} < {many[d]})"]
        places.append(place)
    row = _flat([c, *inner], [channels, *block])
    column = _flat(places, many)
    expr = f"sum[{', '.join(inner)}]({outside(b.at(x, [n, row, column]), '0')}, where={' & '.join(hits)})"
    return [b.define(axes, expr, x.dtype)]


def _flat(places: Sequence[str], shape: Sequence[int]) -> str:
    return " + ".join(f"{math.prod(shape[d + 1 :])}*({p})" for d, p in enumerate(places))


def dft(b: Builder, node: Node) -> list[Value]:
    """The sum that the name stands for; complex numbers are pairs along the last axis."""
    x = node.inputs[0]
    axis = node.get("axis", 1)
    if node.version >= 20:
        axis = int(static(node.input(2)).ravel()[0]) if node.input(2) is not None else -2
    axis %= x.rank
    inverse, onesided = node.get("inverse", 0), node.get("onesided", 0)
    length = x.shape[axis] if not (inverse and onesided) else 2 * (x.shape[axis] - 1)
    if node.input(1) is not None:
        length = int(static(node.input(1)).ravel()[0])
    many = length // 2 + 1 if onesided and not inverse else length
    shape = [*x.shape[:-1], 1 if inverse and onesided else 2]
    shape[axis] = many
    axes, (k,) = b.axes(shape), b.axes([min(length, x.shape[axis])])
    at = [k if d == axis else a for d, a in enumerate(axes)][:-1]
    re = b.at(x, [*at, "0"])
    im = b.at(x, [*at, "1"]) if x.shape[-1] > 1 else "0"
    angle = f"({math.tau!r}*(({axes[axis]}*{k})%{length})/{length})"
    sign = "" if inverse else "-"
    real, imaginary = f"({re}*cos({angle}) - {sign}{im}*sin({angle}))", f"({sign}{re}*sin({angle}) + {im}*cos({angle}))"
    scale = f"/{length}" if inverse else ""
    if inverse and onesided:  # the places left out are those read backwards, conjugated
        ends = f"({k} == 0)" + (f" | ({k} == {length // 2})" if length % 2 == 0 else "")
        expr = f"sum[{k}](where({ends}, {real}, 2*{real})){scale}"
    else:
        expr = f"sum[{k}](where({axes[-1]} == 0, {real}, {imaginary})){scale}"
    return [b.define(axes, expr, x.dtype)]


def taper(b: Builder, node: Node) -> list[Value]:
    """Window functions: made of a place and the number of places."""
    import onnx

    size = int(static(node.inputs[0]))
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(node.get("output_datatype", 1)))
    whole = size if node.get("periodic", 1) else size - 1
    (k,) = b.axes([size])
    n = f"cast({k}, {dtype_text(dtype)})"
    formula = {
        "HannWindow": f"sin({n}*pi/{whole})**2",
        "HammingWindow": f"{25 / 46!r} - cos({n}*pi*2/{whole})*{1 - 25 / 46!r}",
        "BlackmanWindow": f"0.42 - 0.5*cos({n}*pi*2/{whole}) + 0.08*cos({n}*pi*4/{whole})",
    }[node.op]
    return [b.define([k], formula, dtype)]


HANDLERS = {
    **dict.fromkeys(("Resize", "Upsample"), resize),
    "AffineGrid": affine_grid,
    "GridSample": grid_sample,
    "Col2Im": col2im,
    "DFT": dft,
    **dict.fromkeys(("HannWindow", "HammingWindow", "BlackmanWindow"), taper),
}

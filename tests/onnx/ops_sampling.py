# SPDX-License-Identifier: Apache-2.0
"""Resampling: places between the pixels, and weights of those around them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from node_cases import Node
from notation_builder import Builder, SkippedError, Value, dtype_text, static
from ops_contraction import outside
from ops_pointwise import number

ROUNDINGS = {
    "round_prefer_floor": "ceil({c} - 0.5)",
    "round_prefer_ceil": "floor({c} + 0.5)",
    "floor": "floor({c})",
    "ceil": "ceil({c})",
}


def resize(b: Builder, node: Node) -> list[Value]:
    """One axis after the other; those that keep their size are left out."""
    x, roi, scales, sizes = (node.input(k) for k in range(4))
    if node.op == "Upsample":
        scales, roi = node.input(1), None
    which = [a % x.rank for a in node.get("axes") or range(x.rank)]
    given = static(scales).tolist() if scales is not None and scales.size else None
    if given is None:
        wanted = static(sizes).tolist()
        given = [m / x.shape[a] for m, a in zip(wanted, which, strict=True)]
        policy = node.get("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            one = (min if policy == "not_larger" else max)(given)
            given, wanted = [one] * len(given), [int(one * x.shape[a] + 0.5) for a in which]
    else:
        wanted = [math.floor(s * x.shape[a]) for s, a in zip(given, which, strict=True)]
    region = static(roi).tolist() if roi is not None and roi.size else None
    y = x
    for k, axis in enumerate(which):
        ends = (region[k], region[k + len(which)]) if region is not None else (0.0, 1.0)
        if given[k] != 1 or wanted[k] != x.shape[axis] or region is not None:
            y = _resized(b, node, y, axis, float(given[k]), int(wanted[k]), ends)
    return [y if y is not x else b.pointwise(x.shape, "{0}", x.dtype, x)]


def _coordinate(node: Node, o: str, n: int, scale: float, size: int, ends: tuple[float, float]) -> str:
    """Where an output place lies among the input places."""
    width = scale * n
    match node.get("coordinate_transformation_mode", "half_pixel" if node.op == "Resize" else "asymmetric"):
        case "align_corners":
            return f"{o}*{(n - 1)}/{number(width - 1)}" if width != 1 else f"0*{o}"
        case "asymmetric":
            return f"{o}/{number(scale)}"
        case "tf_crop_and_resize":
            span = (ends[1] - ends[0]) * (n - 1)
            inside = f"{o}*{number(span)}/{number(width - 1)}" if width != 1 else f"0*{o} + {number(span / 2)}"
            return f"({inside} + {number(ends[0] * (n - 1))})"
        case "pytorch_half_pixel" if width == 1:
            return f"0*{o} - 0.5"
        case "half_pixel_symmetric":
            offset = n / 2 * (1 - size / width)
            return f"({number(offset)} + ({o} + 0.5)/{number(scale)} - 0.5)"
        case _:
            return f"(({o} + 0.5)/{number(scale)} - 0.5)"


def _resized(b: Builder, node: Node, x: Value, axis: int, scale: float, size: int, ends: tuple[float, float]) -> Value:
    mode, n = node.get("mode", "nearest"), x.shape[axis]
    axes = b.axes([*x.shape[:axis], size, *x.shape[axis + 1 :]])
    c = _coordinate(node, axes[axis], n, scale, size, ends)

    def read(place: str) -> str:
        return outside(b.at(x, [place if d == axis else a for d, a in enumerate(axes)]), '"edge"')

    if mode == "nearest":
        rounded = ROUNDINGS[node.get("nearest_mode", "round_prefer_floor" if node.op == "Resize" else "floor")].format(
            c=c
        )
        expr = read(f"cast({rounded}, i64)")
    else:
        s = min(scale, 1.0) if node.get("antialias", 0) else 1.0
        reach = 1 if mode == "linear" else 2
        first = math.floor(-reach / s) + 1
        (k,) = b.axes([2 - 2 * first])
        place = f"cast(floor({c}), i64) + {first} + {k}"
        weight = kernel(
            mode, f"abs({number(s)}*({first} + {k} - ({c} - floor({c}))))", node.get("cubic_coeff_a", -0.75)
        )
        normal = bool(node.get("antialias", 0))
        if node.get("exclude_outside", 0):
            weight, normal = f"where(({place} >= 0) & ({place} < {n}), {weight}, 0)", True
        one = dtype_text(x.dtype)
        expr = f"sum[{k}](cast({weight}, {one})*{read(place)})"
        if normal:
            expr += f"/sum[{k}](cast({weight}, {one}))"
    if node.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        beyond = f"({c} < 0) | ({c} > {n - 1})"
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

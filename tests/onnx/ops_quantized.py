# SPDX-License-Identifier: Apache-2.0
"""Numbers kept as small integers with a scale and a zero point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from node_cases import Node
from notation_builder import Builder, SkippedError, Value, dtype_text
from ops_contraction import convolved
from ops_pointwise import number


def _spread(b: Builder, node: Node, value: Value, x: Value, axes: Sequence[str]) -> str:
    """A scale or a zero point at an element: one number, one for each place of an axis, or one for each block of it."""
    axis, block = node.get("axis", 1), node.get("block_size", 0)
    if value.size == 1:
        return b.at(value, ["0"] * value.rank)
    if block:
        return b.at(value, [f"{a}//{block}" if d == axis % x.rank else a for d, a in enumerate(axes)])
    if value.rank == 1:
        return b.at(value, [axes[axis % x.rank]])
    return b.spread(value, axes)


def limits(dtype: np.dtype) -> tuple[str, str]:
    """The least and the largest value of an integer dtype, which the language must have."""
    dtype_text(dtype)
    if dtype.kind not in "iu":
        raise SkippedError(f"dtype {dtype.name}")
    return str(np.iinfo(dtype).min), str(np.iinfo(dtype).max)


def quantize(b: Builder, node: Node) -> list[Value]:
    import onnx

    x, scale, zero = node.input(0), node.input(1), node.input(2)
    given = node.get("output_dtype", 0)
    dtype = zero.dtype if zero is not None else np.dtype(np.uint8)
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(given)) if given else dtype
    low, high = limits(dtype)
    axes = b.axes(x.shape)
    ratio = f"rint({b.at(x, axes)}/{_spread(b, node, scale, x, axes)})"
    moved = f"cast({ratio}, i32)" + (f" + cast({_spread(b, node, zero, x, axes)}, i32)" if zero is not None else "")
    return [b.define(axes, f"cast(minimum(maximum({moved}, {low}), {high}), {dtype_text(dtype)})", dtype)]


def dequantize(b: Builder, node: Node) -> list[Value]:
    x, scale, zero = node.input(0), node.input(1), node.input(2)
    axes, wide = b.axes(x.shape), dtype_text(scale.dtype)
    element = f"cast({b.at(x, axes)}, {wide})"
    if zero is not None:
        element = f"({element} - cast({_spread(b, node, zero, x, axes)}, {wide}))"
    return [b.define(axes, f"{element}*{_spread(b, node, scale, x, axes)}", scale.dtype)]


def dynamic(b: Builder, node: Node) -> list[Value]:
    """Scale and zero point from the range of the data, 0 in it."""
    x = node.inputs[0]
    k = b.axes(x.shape)
    over = ", ".join(k)
    high = b.define([], f"maximum(0, max[{over}]({b.at(x, k)}))", x.dtype)
    low = b.define([], f"minimum(0, min[{over}]({b.at(x, k)}))", x.dtype)
    scale = b.define([], f"where({high.name} == {low.name}, 1, {high.name} - {low.name})/255", x.dtype)
    zero = b.define([], f"rint(maximum(0, minimum(255, 0 - {low.name}/{scale.name})))", x.dtype)
    y = b.pointwise(x.shape, f"cast(maximum(0, minimum(255, rint({{0}}/{scale.name}) + {zero.name})), u8)", np.uint8, x)
    return [y, scale, b.define([], f"cast({zero.name}, u8)", np.uint8)]


def _less(value: Value | None, at: str) -> str:
    """An element as an i32 without its zero point, as a form with a gap."""
    return "cast({}, i32)" if value is None else f"(cast({{}}, i32) - cast({at}, i32))"


def _single(b: Builder, value: Value | None) -> str:
    if value is None:
        return ""
    if value.size != 1:
        raise SkippedError("not translated")
    return b.at(value, ["0"] * value.rank)


def matmul_integer(b: Builder, node: Node) -> list[Value]:
    x, y, zero_x, zero_y = (node.input(k) for k in range(4))
    return [_product(b, x, y, zero_x, zero_y)]


def _product(b: Builder, x: Value, y: Value, zero_x: Value | None, zero_y: Value | None) -> Value:
    axes, (k,) = (
        b.axes([*np.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1]]),
        b.axes([x.shape[-1]]),
    )
    outer = axes[:-2]
    rows, columns = [*outer[len(outer) - x.rank + 2 :], axes[-2], k], [*outer[len(outer) - y.rank + 2 :], k, axes[-1]]
    one = _less(zero_x, b.at(zero_x, ["0" if n == 1 else axes[-2] for n in zero_x.shape]) if zero_x is not None else "")
    two = _less(zero_y, b.at(zero_y, ["0" if n == 1 else axes[-1] for n in zero_y.shape]) if zero_y is not None else "")
    term = f"{one.format(b.at(x, rows))}*{two.format(b.at(y, columns))}"
    return b.define(axes, f"cast(sum[{k}]({term}), i32)", np.int32)


def conv_integer(b: Builder, node: Node) -> list[Value]:
    x, w, zero_x, zero_w = (node.input(k) for k in range(4))
    each = zero_w is not None and zero_w.rank == 1
    of_kernel = b.at(zero_w, ["{o}" if zero_w.size > 1 else "0"]) if each else _single(b, zero_w)
    terms = (_less(zero_x, _single(b, zero_x)), _less(zero_w, of_kernel))
    return [_narrow(b, convolved(b, node, x, w, terms=terms, dtype=np.int64))]


def _narrow(b: Builder, value: Value) -> Value:
    return b.pointwise(value.shape, "cast({0}, i32)", np.int32, value)


def _requantized(b: Builder, whole: Value, scales: Sequence[str], zero: Value, bias: str = "") -> Value:
    """Sums of products in the scale of the result."""
    low, high = limits(zero.dtype)
    one, two, three = scales
    scaled = f"{{0}}*({one}*{two}/{three})"
    expr = f"cast(minimum(maximum(rint({scaled} + {_single(b, zero)}){bias}, {low}), {high}), {dtype_text(zero.dtype)})"
    return b.pointwise(whole.shape, expr, zero.dtype, whole)


def qlinear_matmul(b: Builder, node: Node) -> list[Value]:
    x, scale_x, zero_x, y, scale_y, zero_y, scale, zero = node.inputs
    whole = _product(b, x, y, zero_x, zero_y)
    return [_requantized(b, whole, [_single(b, s) for s in (scale_x, scale_y, scale)], zero)]


def qlinear_conv(b: Builder, node: Node) -> list[Value]:
    x, scale_x, zero_x, w, scale_w, zero_w, scale, zero = node.inputs[:8]
    terms = (_less(zero_x, _single(b, zero_x)), _less(zero_w, _single(b, zero_w)))
    whole = _narrow(b, convolved(b, node, x, w, terms=terms, dtype=np.int64))
    return [_requantized(b, whole, [_single(b, s) for s in (scale_x, scale_w, scale)], zero)]


def feature(b: Builder, node: Node) -> list[Value]:
    """ArrayFeatureExtractor: elements of the last axis, chosen."""
    x, index = node.inputs
    axes = b.axes([*(x.shape[:-1] if x.rank > 1 else (1,)), index.size])
    place = b.at(index, [*["0"] * (index.rank - 1), axes[-1]])
    return [b.define(axes, b.at(x, [*axes[: x.rank - 1], place]), x.dtype)]


def binarized(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    return [
        b.pointwise(x.shape, f"cast({{0}} > {number(node.get('threshold', 0.0))}, {dtype_text(x.dtype)})", x.dtype, x)
    ]


HANDLERS = {
    "QuantizeLinear": quantize,
    "DequantizeLinear": dequantize,
    "DynamicQuantizeLinear": dynamic,
    "MatMulInteger": matmul_integer,
    "ConvInteger": conv_integer,
    "QLinearMatMul": qlinear_matmul,
    "QLinearConv": qlinear_conv,
    "ArrayFeatureExtractor": feature,
    "Binarizer": binarized,
}

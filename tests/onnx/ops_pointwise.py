# SPDX-License-Identifier: Apache-2.0
"""Operators that take their tensors apart element by element."""

from __future__ import annotations

import math

import numpy as np
from node_cases import Node
from notation_builder import Builder, SkippedError, Value, broadcast, dtype_text

SAME = {
    "Abs": "abs({0})",
    "Acos": "arccos({0})",
    "Acosh": "arccosh({0})",
    "Asin": "arcsin({0})",
    "Asinh": "arcsinh({0})",
    "Atan": "arctan({0})",
    "Atanh": "arctanh({0})",
    "BitwiseAnd": "{0} & {1}",
    "BitwiseNot": "~{0}",
    "BitwiseOr": "{0} | {1}",
    "BitwiseXor": "{0} ^ {1}",
    "Ceil": "ceil({0})",
    "Cos": "cos({0})",
    "Cosh": "cosh({0})",
    "Erf": "erf({0})",
    "Exp": "exp({0})",
    "Floor": "floor({0})",
    "Identity": "{0}",
    "Log": "log({0})",
    "Add": "{0} + {1}",
    "Mul": "{0}*{1}",
    "Sub": "{0} - {1}",
    "Neg": "-{0}",
    "Reciprocal": "1/{0}",
    "Relu": "maximum({0}, 0)",
    "Round": "rint({0})",
    "Sigmoid": "sigmoid({0})",
    "Sign": "sign({0})",
    "Sin": "sin({0})",
    "Sinh": "sinh({0})",
    "Softplus": "where({0} > 0, {0} + log1p(exp(-abs({0}))), log1p(exp({0})))",
    "Softsign": "{0}/(1 + abs({0}))",
    "Sqrt": "sqrt({0})",
    "Tan": "tan({0})",
    "Tanh": "tanh({0})",
    "PRelu": "where({0} < 0, {0}*{1}, {0})",
    "HardSwish": "{0}*maximum(0, minimum(1, {0}/6 + 0.5))",
    "Mish": "{0}*tanh(log1p(exp({0})))",
}
"""Results of the first input's dtype."""

TRUTH = {
    "And": "{0} & {1}",
    "Or": "{0} | {1}",
    "Xor": "{0} ^ {1}",
    "Not": "~{0}",
    "Equal": "{0} == {1}",
    "Greater": "{0} > {1}",
    "GreaterOrEqual": "{0} >= {1}",
    "Less": "{0} < {1}",
    "LessOrEqual": "{0} <= {1}",
    "IsNaN": "isnan({0})",
}
"""Results that are true or false."""


def simple(b: Builder, node: Node) -> list[Value]:
    """An operator of one of the tables above."""
    values = node.inputs
    formula = TRUTH.get(node.op) or SAME[node.op]
    dtype = np.bool_ if node.op in TRUTH else values[0].dtype
    return [b.pointwise(broadcast(*values), formula, dtype, *values)]


def div(b: Builder, node: Node) -> list[Value]:
    """Integers are divided towards zero."""
    x, y = node.inputs
    formula = "{0}/{1}"
    if x.kind == "u":
        formula = "{0}//{1}"
    elif x.kind == "i":
        formula = "where(({0} < 0) ^ ({1} < 0), -(abs({0})//abs({1})), abs({0})//abs({1}))"
    return [b.pointwise(broadcast(x, y), formula, x.dtype, x, y)]


def mod(b: Builder, node: Node) -> list[Value]:
    """With fmod the sign is the dividend's, otherwise the divisor's."""
    x, y = node.inputs
    formula = "{0}%{1}"
    if node.get("fmod", 0):
        formula = "where({0} < 0, -(-{0}%abs({1})), {0}%abs({1}))" if x.kind != "u" else formula
    return [b.pointwise(broadcast(x, y), formula, x.dtype, x, y)]


def power(b: Builder, node: Node) -> list[Value]:
    """Of integers as a product, which is exact; `**` of integers needs a constant exponent."""
    x, y = node.inputs
    own = dtype_text(x.dtype)
    if x.kind == "f":
        return [b.pointwise(broadcast(x, y), f"{{0}}**cast({{1}}, {own})", x.dtype, x, y)]
    if y.data is None or not (np.isin(y.data, np.arange(64))).all():
        raise SkippedError("not translated")  # other exponents are no number of factors, or of too many
    (k,) = b.axes([64])
    return [b.pointwise(broadcast(x, y), f"cast(prod[{k}]({{0}}, where={k} < {{1}}), {own})", x.dtype, x, y)]


def bits(b: Builder, node: Node) -> list[Value]:
    """BitCast: among integers of one width what a cast does, as they wrap."""
    import onnx

    x = node.inputs[0]
    to = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(node.get("to")))
    if {x.kind, to.kind} <= set("biu") and x.dtype.itemsize == to.itemsize:
        return [b.pointwise(x.shape, f"cast({{0}}, {dtype_text(to)})", to, x)]
    raise SkippedError("bits read as another dtype")


def bit_shift(b: Builder, node: Node) -> list[Value]:
    """Shifts by the width or more, or by less than nothing, are as in NumPy."""
    x, y = node.inputs
    sign = "<<" if node.get("direction") == "LEFT" else ">>"
    return [b.pointwise(broadcast(x, y), f"{{0}} {sign} {{1}}", x.dtype, x, y)]


def extreme(b: Builder, node: Node) -> list[Value]:
    """Max, Min, Sum, Mean of any number of tensors."""
    values = node.inputs
    fold = {"Max": "maximum({}, {})", "Min": "minimum({}, {})"}.get(node.op, "({} + {})")
    formula = "{0}"
    for k in range(1, len(values)):
        formula = fold.format(formula, f"{{{k}}}")
    if node.op == "Mean":
        formula = f"{formula}/{len(values)}"
    return [b.pointwise(broadcast(*values), formula, values[0].dtype, *values)]


def clip(b: Builder, node: Node) -> list[Value]:
    x, low, high = node.input(0), node.input(1), node.input(2)
    formula, values = "{0}", [x]
    for fold, given, attribute in (("maximum", low, "min"), ("minimum", high, "max")):
        if given is not None:
            values.append(given)
            formula = f"{fold}({formula}, {{{len(values) - 1}}})"
        elif node.get(attribute) is not None:
            formula = f"{fold}({formula}, {number(node.get(attribute))})"
    return [b.pointwise(x.shape, formula, x.dtype, *values)]


def where(b: Builder, node: Node) -> list[Value]:
    return [b.pointwise(broadcast(*node.inputs), "where({0}, {1}, {2})", node.inputs[1].dtype, *node.inputs)]


def number(value: float) -> str:
    """A number of an attribute, which is an f32, as text; infinities by name."""
    wide = float(value)
    if math.isinf(wide):
        return "inf" if wide > 0 else "-inf"
    return "nan" if math.isnan(wide) else repr(wide)


def activation(op: str, alpha: float | None, beta: float | None, gamma: float | None = None) -> str:
    """The formula of an activation with its parameters, `{0}` being its argument."""

    def a(default: float) -> str:
        return number(np.float32(default) if alpha is None else alpha)

    def bb(default: float) -> str:
        return number(np.float32(default) if beta is None else beta)

    match op:
        case "Elu":
            return f"where({{0}} > 0, {{0}}, {a(1)}*(exp({{0}}) - 1))"
        case "Celu":
            return f"maximum(0, {{0}}) + minimum(0, {a(1)}*(exp({{0}}/{a(1)}) - 1))"
        case "Selu":
            g = number(np.float32(1.0507009873554804934193349852946) if gamma is None else gamma)
            return f"{g}*where({{0}} > 0, {{0}}, {a(1.67326319217681884765625)}*exp({{0}}) - {a(1.67326319217681884765625)})"
        case "LeakyRelu":
            return f"where({{0}} < 0, {a(0.01)}*{{0}}, {{0}})"
        case "ThresholdedRelu":
            return f"where({{0}} > {a(1)}, {{0}}, 0)"
        case "HardSigmoid":
            return f"maximum(0, minimum(1, {a(0.2)}*{{0}} + {bb(0.5)}))"
        case "Affine":
            return f"{a(1)}*{{0}} + {bb(0)}"
        case "ScaledTanh":
            return f"{a(1)}*tanh({bb(1)}*{{0}})"
        case "Swish":
            return f"{{0}}/(1 + exp(-{a(1)}*{{0}}))"
        case _:
            return SAME[op]


def activated(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    formula = activation(node.op, node.get("alpha"), node.get("beta"), node.get("gamma"))
    return [b.pointwise(x.shape, formula, x.dtype, x)]


def gelu(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    formula = f"0.5*{{0}}*(1 + erf({{0}}*{math.sqrt(0.5)!r}))"
    if node.get("approximate", "none") == "tanh":
        formula = f"0.5*{{0}}*(1 + tanh({math.sqrt(2 / math.pi)!r}*({{0}} + 0.044715*{{0}}**3)))"
    return [b.pointwise(x.shape, formula, x.dtype, x)]


def shrink(b: Builder, node: Node) -> list[Value]:
    x, bias, limit = node.inputs[0], number(node.get("bias", 0.0)), number(node.get("lambd", 0.5))
    formula = f"where({{0}} < -{limit}, {{0}} + {bias}, where({{0}} > {limit}, {{0}} - {bias}, 0))"
    return [b.pointwise(x.shape, formula, x.dtype, x)]


def is_inf(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    parts = [f"({{0}} == {s}inf)" for s, a in (("", "detect_positive"), ("-", "detect_negative")) if node.get(a, 1)]
    return [b.pointwise(x.shape, " | ".join(parts) or "isnan({0}) & (1 < 0)", np.bool_, x)]


def cast(b: Builder, node: Node) -> list[Value]:
    """Conversion to a dtype that is given by number, or by another tensor."""
    import onnx

    x = node.inputs[0]
    to = node.inputs[1].dtype if node.op == "CastLike" else onnx.helper.tensor_dtype_to_np_dtype(node.get("to"))
    if x.kind in "SUO" or np.dtype(to).kind in "SUO":
        raise SkippedError("strings")
    return [b.pointwise(x.shape, f"cast({{0}}, {dtype_text(np.dtype(to))})", to, x)]


def dropout(b: Builder, node: Node) -> list[Value]:
    """Without training nothing is dropped."""
    x = node.inputs[0]
    training = node.input(2)
    if (
        training is not None
        and bool(np.asarray(training.data))
        and float(np.asarray(node.input(1).data if node.input(1) else 0.5))
    ):
        raise SkippedError("random numbers")
    found = [b.pointwise(x.shape, "{0}", x.dtype, x)]
    if node.outputs > 1:
        found.append(b.pointwise(x.shape, "0 < 1", np.bool_))
    return found


HANDLERS = {
    **dict.fromkeys((*SAME, *TRUTH), simple),
    **dict.fromkeys(("Max", "Min", "Sum", "Mean"), extreme),
    **dict.fromkeys(("Elu", "Celu", "Selu", "LeakyRelu", "ThresholdedRelu", "HardSigmoid", "Swish"), activated),
    **dict.fromkeys(("Cast", "CastLike"), cast),
    "Div": div,
    "Mod": mod,
    "Pow": power,
    "BitCast": bits,
    "BitShift": bit_shift,
    "Clip": clip,
    "Where": where,
    "Gelu": gelu,
    "Shrink": shrink,
    "IsInf": is_inf,
    "Dropout": dropout,
}

# SPDX-License-Identifier: Apache-2.0
"""Tensor ops in index notation: one readable reference, C that others can build, tests that hold the two together.

import unrut as ur

@ur.op
def matmul(A, B):
    i, j, k = ur.axes("i j k")
    C = ur.tensor("C")
    C[i, j] = ur.sum[k](A[i, k] * B[k, j])
    return C

matmul(a, b)              compiled for this machine
matmul.reference(a, b)    its meaning, in NumPy
matmul.bind(a, b)         its text, intermediates, explanations, kernels
"""

from unrut import checkout as _checkout  # noqa: F401 - first: the others need the rooms
from unrut.arrays import spec
from unrut.bound import Bound
from unrut.debugging import compare, lint
from unrut.errors import (
    AxisError,
    BindError,
    BuildError,
    DTypeError,
    InternalError,
    NameClashError,
    NotationError,
    PlanError,
    RangeError,
    ShapeError,
    UnrutError,
)
from unrut.language.arguments import static
from unrut.language.functions import (
    abs,  # noqa: A004
    angle,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cast,
    cbrt,
    ceil,
    conj,
    copysign,
    cos,
    cosh,
    erf,
    exp,
    exp2,
    expm1,
    floor,
    fmax,
    fmin,
    hypot,
    imag,
    inf,
    isfinite,
    isinf,
    isnan,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logsigmoid,
    maximum,
    minimum,
    nan,
    pi,
    real,
    reciprocal,
    rint,
    sigmoid,
    sign,
    signbit,
    sin,
    sinh,
    sqrt,
    square,
    tan,
    tanh,
    trunc,
    where,
)
from unrut.language.monoids import monoid
from unrut.language.notation import Spec
from unrut.language.reducers import (
    all,  # noqa: A004
    any,  # noqa: A004
    arg_kth_smallest,
    argmax,
    argmin,
    count,
    cummax,
    cummin,
    cumprod,
    cumsum,
    kth_smallest,
    logsumexp,
    max,  # noqa: A004
    median,
    min,  # noqa: A004
    prod,
    quantile,
    softmax,
    sum,  # noqa: A004
)
from unrut.language.trace import axes, axis, tensor
from unrut.op import Op, op, parse
from unrut.program.types import DType

bool_ = DType.bool
i8 = DType.i8
i16 = DType.i16
i32 = DType.i32
i64 = DType.i64
u8 = DType.u8
u16 = DType.u16
u32 = DType.u32
u64 = DType.u64
f16 = DType.f16
bf16 = DType.bf16
f32 = DType.f32
f64 = DType.f64
c64 = DType.c64
c128 = DType.c128

__all__ = [
    "AxisError",
    "BindError",
    "Bound",
    "BuildError",
    "DType",
    "DTypeError",
    "InternalError",
    "NameClashError",
    "NotationError",
    "Op",
    "PlanError",
    "RangeError",
    "ShapeError",
    "Spec",
    "UnrutError",
    "abs",
    "all",
    "angle",
    "any",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "arg_kth_smallest",
    "argmax",
    "argmin",
    "axes",
    "axis",
    "bf16",
    "bool_",
    "c64",
    "c128",
    "cast",
    "cbrt",
    "ceil",
    "compare",
    "conj",
    "copysign",
    "cos",
    "cosh",
    "count",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "erf",
    "exp",
    "exp2",
    "expm1",
    "f16",
    "f32",
    "f64",
    "floor",
    "fmax",
    "fmin",
    "hypot",
    "i8",
    "i16",
    "i32",
    "i64",
    "imag",
    "inf",
    "isfinite",
    "isinf",
    "isnan",
    "kth_smallest",
    "lint",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logsigmoid",
    "logsumexp",
    "max",
    "maximum",
    "median",
    "min",
    "minimum",
    "monoid",
    "nan",
    "op",
    "parse",
    "pi",
    "prod",
    "quantile",
    "real",
    "reciprocal",
    "rint",
    "sigmoid",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "softmax",
    "spec",
    "sqrt",
    "square",
    "static",
    "sum",
    "tan",
    "tanh",
    "tensor",
    "trunc",
    "u8",
    "u16",
    "u32",
    "u64",
    "where",
]

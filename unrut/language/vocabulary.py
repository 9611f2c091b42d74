# SPDX-License-Identifier: Apache-2.0
"""The words of the notation: what both front ends know by name."""

from __future__ import annotations

import math

from unrut.language.notation import Applied, Number, Term
from unrut.program.functions import FUNCTIONS
from unrut.program.nodes import GIVE_PLACES, RANKED, AlongKind, OutsideMode, ReduceKind
from unrut.program.types import DType
from unrut.spans import Span

REDUCTIONS = tuple(kind.value for kind in ReduceKind)
PLACES = tuple(kind.value for kind in ReduceKind if kind in GIVE_PLACES)
TAKE_RANKS = {kind.value: "q" if kind is ReduceKind.quantile else "r" for kind in ReduceKind if kind in RANKED}
LINES = tuple(kind.value for kind in AlongKind)
MODES = tuple(mode.value for mode in OutsideMode)
DTYPES = tuple(dtype.name for dtype in DType)
CONSTANTS = {"inf": math.inf, "nan": math.nan, "pi": math.pi}
SUGAR = ("sigmoid", "logsigmoid")
SCALAR_FUNCTIONS = {name: f.arity for name, f in FUNCTIONS.items() if not f.symbol}

# Names that tensors, axes, sizes and scalars can't have, so that a text reads one way.
WORDS = frozenset(
    [*SCALAR_FUNCTIONS, *REDUCTIONS, *LINES, *DTYPES, *CONSTANTS, *SUGAR, "where", "cast", "fold", "axis", "scalar"]
)


def spelled_out(name: str, x: Term, span: Span | None) -> Term:
    """A function that the notation offers and the Program doesn't have, as a term of those that it has.

    sigmoid(x) = 1/(1 + exp(-x)), and logsigmoid(x) = minimum(x, 0) - log1p(exp(-abs(x))), which overflows for no x.
    """

    def apply(function: str, *arguments: Term) -> Term:
        return Applied(function=function, arguments=arguments, span=span)

    one, zero = Number(value=1, span=span), Number(value=0, span=span)
    if name == "sigmoid":
        return apply("divide", one, apply("add", one, apply("exp", apply("negative", x))))
    decay = apply("exp", apply("negative", apply("abs", x)))
    return apply("subtract", apply("minimum", x, zero), apply("log1p", decay))

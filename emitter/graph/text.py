# SPDX-License-Identifier: Apache-2.0
"""A flat expression as one line of text, for `show` of graphs and messages of plans."""

from __future__ import annotations

from typing import assert_never

from unrut.errors import InternalError
from unrut.program.extents import extent_text
from unrut.program.fold_nodes import Fold, Local
from unrut.program.functions import known_function
from unrut.program.nodes import (
    Along,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    Read,
    Reduce,
    Scalar,
    Where,
)


def text(expr: Expr, outer: int = 0) -> str:
    """The expression in the notation's spelling; parentheses where an operator of precedence `outer` needs them."""
    match expr:
        case Const(value=value):
            return repr(value)
        case AxisValue(axis=axis):
            return axis
        case ExtentValue(extent=extent):
            inner = extent_text(extent)
            return inner if inner.isidentifier() else f"({inner})"
        case Scalar(name=name):
            return name
        case Read(tensor=tensor, subscripts=subscripts):
            return f"{tensor}[{', '.join(text(s) for s in subscripts)}]"
        case Call(function=function, arguments=arguments):
            known = known_function(function)
            if not known.symbol:
                return f"{function}({', '.join(text(a) for a in arguments)})"
            p = known.precedence
            if known.arity == 1:
                line = known.symbol + text(arguments[0], p + 1)
            else:
                line = f"{text(arguments[0], p)} {known.symbol} {text(arguments[1], p + 1)}"
            return f"({line})" if p < outer else line
        case Where(condition=condition, then=then, otherwise=otherwise):
            return f"where({text(condition)}, {text(then)}, {text(otherwise)})"
        case Cast(operand=operand, dtype=dtype, implicit=implicit):
            return text(operand, outer) if implicit else f"cast({text(operand)}, {dtype.name})"
        case Local(side=side, state=state):
            return f"{side.value}.{state}"
        case Reduce() | Fold() | Along():
            raise InternalError("a flat expression has no reductions")
        case _:
            assert_never(expr)

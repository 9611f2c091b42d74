# SPDX-License-Identifier: Apache-2.0
"""What the form of an expression says about its value in every kernel: a least value, and the sign of a zero."""

from __future__ import annotations

import math
from collections.abc import Mapping

from unrut.program.fold_nodes import Fold, Local
from unrut.program.nodes import (
    Along,
    AlongKind,
    Call,
    Cast,
    Const,
    Expr,
    OutsideMode,
    Program,
    Read,
    Reduce,
    ReduceKind,
    Scalar,
)
from unrut.program.walk import subexpressions
from unrut.reference.recurrences import held_whole

_SLACK = 1 - 1e-6
"""More than the roundings of an addition and of its arguments can take away, relatively."""


class Signs:
    """Facts about the expressions of one program, for given run-time scalars."""

    def __init__(self, program: Program, scalars: Mapping[str, float]) -> None:
        whole = held_whole(program)
        self._defined = {s.target: s.body for s in program.defining() if s.target not in whole}
        self._computed = {s.target for s in program.defining()}
        self._scalars = scalars
        # By identity: expressions are compared by value, deeply.
        self._least: dict[int, tuple[Expr, float]] = {}

    def least(self, expr: Expr) -> float:
        """A number below which no kernel's value is; -inf if the form says none. So a sum of squares has a root, and
        `1 + exp(-x)` may be divided by, however large the errors are. (NaN is another matter: it has error 0 or inf.)"""
        if id(expr) not in self._least:
            self._least[id(expr)] = (expr, self._find_least(expr))
        return self._least[id(expr)][1]

    def _find_least(self, expr: Expr) -> float:
        match expr:
            case Const(value=value):
                return float(value) * (_SLACK if value > 0 else 1 / _SLACK)
            case Scalar(name=name):
                value = self._scalars[name]
                return value * (_SLACK if value > 0 else 1 / _SLACK)
            case Cast(operand=operand) if operand.dtype.is_float or isinstance(operand, Const):
                least = self.least(operand)
                return least * (_SLACK if least > 0 else 1 / _SLACK)
            case _ if not expr.dtype.is_float:
                return -math.inf  # integers wrap
            case Read(tensor=tensor, outside=None | OutsideMode()) if tensor in self._defined:
                return self.least(self._defined[tensor])
            case Call(function="square" | "abs" | "exp" | "exp2" | "sqrt" | "cosh"):
                return 0.0
            case Call(function="power", arguments=(_, Cast(operand=Const(value=2)) | Const(value=2))):
                return 0.0
            case Call(function="add", arguments=(x, y)):
                least = self.least(x) + self.least(y)
                return least * _SLACK if least > 0 else least
            case Call(function="multiply", arguments=(x, y)) if x == y:
                return 0.0
            case Call(function="multiply" | "divide", arguments=(x, y)):
                return 0.0 if self.least(x) >= 0 and self.least(y) >= 0 else -math.inf
            case Call(function="maximum", arguments=(x, y)):
                return max(self.least(x), self.least(y))
            case Reduce(kind=ReduceKind.sum | ReduceKind.prod, body=body, initial=initial):
                start = 0.0 if initial is None else self.least(initial)
                return 0.0 if self.least(body) >= 0 and start >= 0 else -math.inf
            case Along(kind=AlongKind.softmax):
                return 0.0
            case _:
                return -math.inf

    def zero_is_known(self, expr: Expr) -> bool:
        """Whether a zero has the same sign in every kernel: not where a reduction or a maximum may have chosen it."""
        for part in subexpressions(expr):
            match part:
                case Reduce() | Fold() | Local() | Along() | Call(function="maximum" | "minimum" | "fmax" | "fmin"):
                    return False
                case Read(tensor=tensor) if tensor in self._computed:
                    return False
                case _:
                    pass
        return True

# SPDX-License-Identifier: Apache-2.0
"""What Python and NumPy may ask of a value, and an expression can't answer: each refused with the right spelling."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from unrut.errors import NotationError, UnrutError
from unrut.language.origin import called_name, caller_span, construct
from unrut.language.recorder import place
from unrut.language.vocabulary import LINES, REDUCTIONS, SCALAR_FUNCTIONS

_TRUTH = {
    "and": ("`and` asks for the truth of an expression, which has no value yet", "& with brackets: (a < b) & (c < d)"),
    "or": ("`or` asks for the truth of an expression, which has no value yet", "| with brackets: (a < b) | (c < d)"),
    "not": ("`not` asks for the truth of an expression, which has no value yet", "~ on a condition: ~(a < b)"),
    "chain": ("comparisons of expressions can't be chained", "(a < b) & (b < c)"),
    "if": ("`if` asks for the truth of an expression, which has no value yet", "ur.where(condition, a, b)"),
    "while": ("`while` asks for the truth of an expression, which has no value yet", "a loop over Python numbers"),
    "assert": ("`assert` asks for the truth of an expression, which has no value yet", "a check of the arrays"),
    "max": ("Python's `max` compares values", "ur.maximum(a, b), or ur.max[k](a) along an axis"),
    "min": ("Python's `min` compares values", "ur.minimum(a, b), or ur.min[k](a) along an axis"),
    "any": ("Python's `any` asks for values", "ur.any[k](condition)"),
    "all": ("Python's `all` asks for values", "ur.all[k](condition)"),
    "sorted": ("Python's `sorted` compares values", "ur.kth_smallest[k](a, r) with an axis r"),
    "in": ("`in` compares values", "a comparison: a == b"),
}
_OTHERWISE = ("this asks for the truth of an expression, which has no value yet", "ur.where(condition, a, b)")

_NUMPY_NAMES = {
    "absolute": "abs", "true_divide": "divide", "mod": "remainder", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "atan2": "arctan2", "pow": "power", "amax": "max", "amin": "min", "fabs": "abs",
    "percentile": "quantile",
}  # fmt: skip


def equivalent(function: str) -> str:
    """Our spelling of a NumPy function, as a remedy."""
    name = _NUMPY_NAMES.get(function, function)
    if name in SCALAR_FUNCTIONS:
        return f"ur.{name}(...)"
    if name in REDUCTIONS:
        return f"ur.{name}[k](...), with the axes by name"
    if name in LINES:
        return f"ur.{name}(..., along=k)"
    contraction = "ur.sum[k](A[i, k]*B[k, j])"
    ordered = {"sort": "kth_smallest", "partition": "kth_smallest", "argsort": "arg_kth_smallest"}
    if name in ordered:
        return f"ur.{ordered[name]}[k](..., r), with an axis r for the ranks"
    if name == "nanmedian":
        return "ur.median[k](a, where=~ur.isnan(a))"
    known = {"where": "ur.where(condition, a, b)", "mean": "ur.sum[k](...)/P.shape[0]", "matmul": contraction}
    return known.get(name, "the functions of unrut: ur.exp, ur.maximum, ur.sum[k], ...")


class Refusals:
    """Mixed into expressions and tensors."""

    __slots__ = ()

    def _refuse(self, message: str, remedy: str) -> UnrutError:
        return NotationError(message, places=place(caller_span()), remedy=remedy)

    def __bool__(self) -> NoReturn:
        raise self._refuse(*_TRUTH.get(construct(caller_span()), _OTHERWISE))

    def __iter__(self) -> NoReturn:
        name = called_name(caller_span())
        if name in REDUCTIONS:
            raise self._refuse(f"Python's `{name}` goes through values, there are none yet", equivalent(name))
        raise self._refuse("there are no values yet to go through", 'an axis: i = ur.axis("i"), or a Python range')

    def __len__(self) -> NoReturn:
        raise self._refuse("this has no length yet", "P.shape[0], an extent as a number")

    def __contains__(self, item: object) -> NoReturn:
        raise self._refuse(*_TRUTH["in"])

    def __float__(self) -> NoReturn:
        name = called_name(caller_span())
        cast = {"float": "ur.cast(a, ur.f64)", "int": "ur.cast(a, ur.i64)"}
        other = cast.get(name, "functions of unrut, such as ur.exp(a)")
        remedy = equivalent(name) if name in SCALAR_FUNCTIONS else other
        raise self._refuse("an expression has no value as a Python number yet", remedy)

    __int__ = __complex__ = __float__

    def __index__(self) -> NoReturn:
        raise self._refuse("an expression has no value as a Python integer yet", "an axis in place of a Python loop")

    def __round__(self, digits: int | None = None) -> NoReturn:
        raise self._refuse("Python's `round` asks for a value", "ur.rint(a)")

    def __matmul__(self, other: object) -> NoReturn:
        raise self._refuse("`@` is not part of the notation", "ur.sum[k](A[i, k]*B[k, j])")

    __rmatmul__ = __matmul__

    def __call__(self, *arguments: object, **options: object) -> NoReturn:
        raise self._refuse("this is a value, not a function", "subscripts in square brackets: P[n, i]")

    def __array__(self, *arguments: object, **options: object) -> NoReturn:
        raise self._refuse("NumPy can't make an array of this: it has no value yet", "functions of unrut")

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> NoReturn:
        name = getattr(function, "__name__", "?")
        raise self._refuse(f"`np.{name}` can't be applied: there is no value yet", equivalent(name))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        name = ufunc.__name__
        raise self._refuse(f"`np.{name}` can't be applied: there is no value yet", equivalent(name))

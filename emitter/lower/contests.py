# SPDX-License-Identifier: Apache-2.0
"""Which of two terms argmax and argmin take: the better one, NaN above all, and of equal ones that of the first place.

A place of -1 is none. Terms that come in the order of their places win if they are better, or the first NaN: so ties go to
the first. Partial results have places in any order, and equal ones are compared by them.
"""

from __future__ import annotations

from dataclasses import dataclass

from unrut.emitter.graph.computation import Folded
from unrut.emitter.graph.linear import call, number
from unrut.emitter.nest import Buffer, Declare, Node, Store
from unrut.program.nodes import Call, Expr, Read, ReduceKind, Where
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A term and its place."""

    value: Read
    place: Expr


def _test(function: str, *arguments: Expr) -> Call:
    return call(function, *arguments, dtype=DType.bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best term so far and its place, which change."""

    value: Read
    place: Read


def wins_later(kind: ReduceKind | Folded, new: Held, best: Best) -> Expr:
    """Whether a term of a later place takes the place of the best one."""
    test = _test("bitwise_or", _test("less", best.place, number(0)), _better(kind, new, best))
    return _test("bitwise_or", test, _first_nan(new, best)) if new.value.dtype.is_float else test


def wins(kind: ReduceKind | Folded, new: Held, best: Best) -> Expr:
    """Whether a partial result, of any place or of none, takes the place of the best one."""
    test = wins_later(kind, new, best)
    equal: Expr = _test("equal", new.value, best.value)
    if new.value.dtype.is_float:
        both = _test("bitwise_and", _test("isnan", new.value), _test("isnan", best.value))
        equal = _test("bitwise_or", equal, both)
    tie = _test("bitwise_and", equal, _test("less", new.place, best.place))
    return _test("bitwise_and", _test("greater_equal", new.place, number(0)), _test("bitwise_or", test, tie))


def _better(kind: ReduceKind | Folded, new: Held, best: Best) -> Expr:
    return _test("greater" if kind is ReduceKind.argmax else "less", new.value, best.value)


def _first_nan(new: Held, best: Best) -> Expr:
    return _test("bitwise_and", _test("isnan", new.value), _test("invert", _test("isnan", best.value)))


def taken(test: Expr, new: Held, best: Best, won: Buffer, note: str) -> tuple[Node, ...]:
    """The best term and its place are those of the new one where the test holds, which `won` keeps.

    Both are stored in any case: a loop over lanes then has no masked stores, which the next load would wait for.
    """
    holds = Read(tensor=won.name, subscripts=(), dtype=DType.bool)
    kept: list[Node] = [Declare(buffer=won, note=note), Store(buffer=won.name, subscripts=(), value=test, note=note)]
    pairs = ((best.value, new.value), (best.place, new.place))
    stores = (
        Store(
            buffer=old.tensor,
            subscripts=old.subscripts,
            value=Where(condition=holds, then=value, otherwise=old, dtype=old.dtype),
            note=note,
        )
        for old, value in pairs
    )
    return (*kept, *stores)

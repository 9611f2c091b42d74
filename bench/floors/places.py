# SPDX-License-Identifier: Apache-2.0
"""How many different places: the image of affine maps, and the places where affine conditions hold, by counting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from unrut.program.nodes import AxisValue, Call, Const, Expr
from unrut.program.types import DType

Array = np.ndarray[Any, Any]
MOST = 1 << 23
"""Places that are counted one by one; larger domains are taken as they are."""

_INTEGER = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "floor_divide": np.floor_divide,
    "remainder": np.remainder, "negative": np.negative, "less": np.less, "less_equal": np.less_equal,
    "greater": np.greater, "greater_equal": np.greater_equal, "equal": np.equal, "not_equal": np.not_equal,
    "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "invert": np.invert, "minimum": np.minimum,
    "maximum": np.maximum,
}  # fmt: skip


def axes_of(expr: Expr) -> frozenset[str] | None:
    """The axes of an expression of axes and whole numbers alone; None where anything else is in it."""
    match expr:
        case Const(dtype=DType.i64 | DType.bool):
            return frozenset()
        case AxisValue(axis=axis):
            return frozenset({axis})
        case Call(function=function, arguments=arguments) if function in _INTEGER:
            found = [axes_of(part) for part in arguments]
            return None if None in found else frozenset[str]().union(*(part for part in found if part is not None))
        case _:
            return None


def values(expr: Expr, axes: Sequence[str], extents: Mapping[str, int]) -> Array:
    """The values of such an expression, one dimension for each of `axes`."""
    match expr:
        case Const(value=value):
            return np.asarray(value)
        case AxisValue(axis=axis):
            shape = [extents[name] if name == axis else 1 for name in axes]
            return np.arange(extents[axis]).reshape(shape)
        case Call(function=function, arguments=arguments):
            with np.errstate(all="ignore"):
                return np.asarray(_INTEGER[function](*(values(part, axes, extents) for part in arguments)))
        case _:
            raise TypeError(expr)


def joined(sets: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Sets that share something, put together."""
    groups: list[frozenset[str]] = []
    for one in sets:
        touching = [group for group in groups if group & one]
        groups = [group for group in groups if not group & one] + [one.union(*touching)]
    return groups


def image(
    forms: Iterable[Expr],
    extents: Mapping[str, int],
    limits: Mapping[Expr, int] | None = None,
    guards: Iterable[Expr] = (),
) -> int:
    """How many different tuples of values some expressions of axes take together, where all guards hold.

    With `limits` those count that lie in [0, limit) each.
    """
    known = {form: axes_of(form) or frozenset() for form in dict.fromkeys(forms)}
    held = {guard: axes_of(guard) or frozenset() for guard in dict.fromkeys(guards)}
    total = 1
    for group in joined(axes for axes in (*known.values(), *held.values()) if axes):
        members = [form for form, axes in known.items() if axes & group]
        tests = [guard for guard, axes in held.items() if axes & group]
        total *= _image_of(members, tests, sorted(group), extents, limits or {})
    return total


def _image_of(
    members: list[Expr], tests: list[Expr], axes: list[str], extents: Mapping[str, int], limits: Mapping[Expr, int]
) -> int:
    if not members:
        return 1
    size = prod(extents[name] for name in axes)
    alone = [form for form in members if isinstance(form, AxisValue)]
    bare = {form.axis for form in alone if limits.get(form, extents[form.axis]) >= extents[form.axis]}
    if (bare == set(axes) and not tests and len(members) == len(bare)) or size > MOST or size == 0:
        return size
    inside = np.ones([extents[name] for name in axes], np.bool_)
    for test in tests:
        inside &= np.asarray(values(test, axes, extents), np.bool_)
    flat = np.zeros(inside.shape, np.int64)
    for form in members:
        found = values(form, axes, extents)
        low, high = int(found.min()), int(found.max())
        limit = limits.get(form)
        if limit is not None and (low < 0 or high >= limit):
            inside &= (found >= 0) & (found < limit)
            found, low, high = np.clip(found, 0, limit - 1), 0, limit - 1
        if bare != set(axes):
            flat = flat * (high - low + 1) + (found - low)
    if bare == set(axes):
        return int(np.count_nonzero(inside))
    chosen = flat[inside]
    if chosen.size == 0:
        return 0
    chosen = chosen - chosen.min()
    if int(chosen.max()) < 4 * MOST:
        return int(np.count_nonzero(np.bincount(chosen)))
    return int(np.unique(chosen).size)


def conjuncts(condition: Expr) -> list[Expr]:
    """The parts of a condition that all have to hold."""
    if isinstance(condition, Call) and condition.function == "bitwise_and":
        return [part for argument in condition.arguments for part in conjuncts(argument)]
    return [condition]

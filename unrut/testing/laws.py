# SPDX-License-Identifier: Apache-2.0
"""Whether a monoid of one's own is one: its laws on given values, within the bounds of rounding."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

import unrut as ur
from unrut.language.monoids import Monoid
from unrut.language.operators import Expression
from unrut.reference import Bounded, evaluate_with_bounds

MOST = 24  # values that are tried in threes
LAWS = (
    "combine(combine(x, y), z) = combine(x, combine(y, z))",
    "combine(identity, x) = x",
    "combine(x, identity) = x",
)
Array = np.ndarray[Any, Any]


class Lot:
    """States that have values, as `combine` takes them."""

    def __init__(self, names: tuple[str, ...], parts: tuple[Expression, ...]) -> None:
        self._named = dict(zip(names, parts, strict=True))

    def __getattr__(self, name: str) -> Expression:
        return self._named[name]

    def __getitem__(self, which: int | str) -> Expression:
        return self._named[which] if isinstance(which, str) else tuple(self)[which]

    def __iter__(self) -> Iterator[Expression]:
        return iter(self._named.values())


def check_monoid(monoid: Monoid, *values: Array) -> None:
    """Hold `monoid` against its laws, for what it lifts from the given values (arrays of one length, one for each argument):

        combine(combine(x, y), z) = combine(x, combine(y, z)),   combine(identity, x) = x = combine(x, identity)

    Every state of both sides is computed with a bound on its rounding; sides that differ by more than both bounds break the
    law. At most 24 values are tried, in all threes. Raises AssertionError with the first values that break one. That none do
    proves nothing: choose values like yours, equal ones and 0 among them.
    """
    arrays = [np.ravel(np.asarray(value))[:MOST] for value in values]
    program = ur.op(_laws_of(monoid, len(arrays), arrays[0].size)).program(*arrays)
    found = evaluate_with_bounds(program, {o.name: a for o, a in zip(program.operands, arrays, strict=True)})
    for number, law in enumerate(LAWS):
        for name in monoid.states:
            left, right = found[f"left{number}_{name}"], found[f"right{number}_{name}"]
            broken = ~_agree(left, right)
            if broken.any():
                place = tuple(int(k) for k in np.argwhere(broken)[0])
                lifted = ", ".join(
                    f"{at} = lift({', '.join(str(a[k]) for a in arrays)})" for at, k in zip("xyz", place, strict=False)
                )
                sides = f"{left.value[place]} on the left, {right.value[place]} on the right"
                raise AssertionError(f"`{law}` does not hold: state `{name}` is {sides}, for {lifted}")


def _laws_of(monoid: Monoid, number: int, length: int) -> Any:
    """An op of `number` tensors that gives both sides of each law, state by state."""

    def lot(parts: Any) -> Any:
        found = monoid.several(parts, "combine", None)
        return found[0] if monoid.bare else Lot(monoid.states, found)

    def join(left: Any, right: Any) -> Any:
        return lot(monoid.combine(left, right))

    def laws(*tensors: Any) -> Any:
        axes = tuple(ur.axis(name, length) for name in "ijk")
        x, y, z = (lot(monoid.lifted([tensor[axis] for tensor in tensors], None)) for axis in axes)
        none = lot(monoid.identity)
        sides = [(join(join(x, y), z), join(x, join(y, z)), axes)]
        sides += [(join(none, x), x, axes[:1]), (join(x, none), x, axes[:1])]
        results = []
        for law, (left, right, places) in enumerate(sides):
            for side, states in (("left", left), ("right", right)):
                for name, value in zip(monoid.states, [states] if monoid.bare else states, strict=True):
                    results.append(ur.tensor(f"{side}{law}_{name}"))
                    results[-1][places] = value
        return tuple(results)

    kind = inspect.Parameter.POSITIONAL_ONLY
    parameters = [inspect.Parameter(f"values{k}", kind) for k in range(number)]
    laws.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return laws


def _agree(left: Bounded, right: Bounded) -> Array:
    """Where two values with bounds may be the same."""
    with np.errstate(all="ignore"):
        same = (left.value == right.value) | (np.isnan(left.value) & np.isnan(right.value))
        away = np.abs(np.subtract(left.value, right.value, dtype=np.float64))
        return np.asarray(same | ~(away > left.bound + right.bound))

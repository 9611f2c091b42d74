# SPDX-License-Identifier: Apache-2.0
"""Errors of user-made monoids: through `combine`, place by place, in the order in which kernels go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from unrut.program.fold_nodes import Fold, Side
from unrut.program.nodes import Expr
from unrut.program.ragged import domain
from unrut.program.types import DType
from unrut.reference.bounds.measured import Measured, choose
from unrut.reference.folding import in_lines
from unrut.reference.places import Array, Places, Scene
from unrut.reference.ranges import reach

Measure = Callable[[Expr, Places, Scene], Measured]


def measured_fold(expr: Fold, places: Places, scene: Scene, measure: Measure) -> Measured:
    """Running error analysis of the fold as it is written: each step's errors are those of `combine` on states with errors.

    Nothing is known of a formula's own stability, so the bound may grow faster than the error does; where `where` is not
    known, a place is both combined and left out.
    """
    kept = len(places.ranges)
    inner = places.inside(reach(expr.axes, places, scene, lambda e, p: measure(e, p, scene).value, check=False))
    lift = [measure(part, inner, scene) for part in expr.lift]
    lines = [_in_lines(x, inner.shape, kept) for x in lift]
    taken = domain(expr)
    included = None if taken is None else _in_lines(measure(taken, inner, scene), inner.shape, kept)
    states = [measure(part, places, scene) for part in expr.identity]
    dtypes = [state.dtype for state in expr.states]
    for k in range(lines[0].value.shape[-1]):
        known = {**_named(expr, Side.left, states), **_named(expr, Side.right, [_at(line, k) for line in lines])}
        new = [measure(part, places, replace(scene, states=known)) for part in expr.combine]
        states = new if included is None else _chosen(_at(included, k), new, states, dtypes)
    return measure(expr.finish, places, replace(scene, states=_named(expr, Side.whole, states)))


def _chosen(
    included: Measured, new: Sequence[Measured], old: Sequence[Measured], dtypes: Sequence[DType]
) -> list[Measured]:
    return [choose(included, n, o, dtype) for n, o, dtype in zip(new, old, dtypes, strict=True)]


def _named(expr: Fold, side: Side, states: Sequence[Measured]) -> dict[tuple[Side, str], Measured]:
    return {(side, state.name): value for state, value in zip(expr.states, states, strict=True)}


def _in_lines(x: Measured, shape: tuple[int, ...], kept: int) -> Measured:
    """Values, errors and marks with the domain as one last dimension."""
    arrays: list[Array] = list(np.broadcast_arrays(x.value, x.error, x.undecided))
    value, error, undecided = (in_lines(array, shape, kept) for array in arrays)
    return Measured(value=value, error=error, undecided=undecided)


def _at(line: Measured, k: int) -> Measured:
    return Measured(value=line.value[..., k], error=line.error[..., k], undecided=line.undecided[..., k])

# SPDX-License-Identifier: Apache-2.0
"""User-made monoids: the states of every place outside at once, one place of the domain after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from unrut.program.fold_nodes import Fold, Side
from unrut.program.nodes import Expr
from unrut.program.ragged import domain
from unrut.reference.blocks import SCRATCH, Footprint, blocks, cuts
from unrut.reference.folding import in_lines
from unrut.reference.places import Array, Bools, Places, Scene
from unrut.reference.ranges import reach

Value = Callable[[Expr, Places, Scene], Array]


def fold_states(expr: Fold, places: Places, scene: Scene, value: Value, arrays: Footprint) -> Array:
    """`states = combine(states, lift)` over the places of `axes` where `where` holds, in row-major order from
    `identity`; then `finish`.

    Left to right, as it is written: for an associative `combine` every other grouping gives the same up to rounding. A
    place that is left out reads nothing and leaves the states as they are. `arrays` is the footprint of what is lifted,
    by which the domain is cut into blocks.
    """
    states = [value(part, places, scene) for part in expr.identity]
    for lifted, included in lifted_places(expr, places, scene, value, arrays):
        new = combined(expr, states, lifted, places, scene, value)
        states = new if included is None else [np.where(included, n, o) for n, o in zip(new, states, strict=True)]
    return finished(expr, states, places, scene, value)


def lifted_places(
    expr: Fold, places: Places, scene: Scene, value: Value, arrays: Footprint
) -> Iterator[tuple[list[Array], Bools | None]]:
    """What is lifted at each place of the domain, in order, and where outside it takes part (None: everywhere)."""
    kept = len(places.ranges)
    lengths = {axis: len(r) for axis, r in places.ranges.items()}
    ranges, taken = reach(expr.axes, places, scene, lambda e, p: value(e, p, scene)), domain(expr)
    for piece in blocks(cuts(ranges, arrays, SCRATCH, lengths)):
        inner = places.inside(piece)
        included = None if taken is None else value(taken, inner, scene)
        live = inner if included is None else inner.where(included)
        lines = [in_lines(value(part, live, scene), inner.shape, kept) for part in expr.lift]
        taking_part = None if included is None else in_lines(included, inner.shape, kept)
        for k in range(lines[0].shape[-1]):
            yield [line[..., k] for line in lines], None if taking_part is None else taking_part[..., k]


def combined(
    expr: Fold, left: list[Array], right: list[Array], places: Places, scene: Scene, value: Value
) -> list[Array]:
    """`combine(left, right)`, one array for each state."""
    known = {(Side.left, state.name): part for state, part in zip(expr.states, left, strict=True)}
    known |= {(Side.right, state.name): part for state, part in zip(expr.states, right, strict=True)}
    return [value(part, places, replace(scene, states=known)) for part in expr.combine]


def finished(expr: Fold, states: list[Array], places: Places, scene: Scene, value: Value) -> Array:
    """`finish(states)`."""
    known = {(Side.whole, state.name): part for state, part in zip(expr.states, states, strict=True)}
    return value(expr.finish, places, replace(scene, states=known))

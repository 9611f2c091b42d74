# SPDX-License-Identifier: Apache-2.0
"""The steps of a user-made monoid at one place outside: what was lifted, and the states after it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from unrut.program.fold_nodes import Fold
from unrut.reference.blocks import terms_footprint
from unrut.reference.explanation import Decision, Folding, ReadAt, Term
from unrut.reference.monoids import combined, finished, lifted_places
from unrut.reference.places import Array, Places
from unrut.reference.ranges import reach
from unrut.reference.terms import LISTED, reaches

if TYPE_CHECKING:
    from unrut.reference.explain import Witness


def fold_steps(expr: Fold, places: Places, witness: Witness) -> Folding:
    """A fold place by place, in its order: `running` is what `finish` would give after a place, `states` what it would be
    given. Each step is made of what is lifted there, taken apart."""
    value, scene = witness.interpreter.value, witness.scene
    inner = places.inside(reach(expr.axes, places, scene, witness.value))
    ranges = {axis.name: inner.ranges[axis.name] for axis in expr.axes}
    states: list[Array] = [value(part, places, scene) for part in expr.identity]
    steps: list[Term] = []
    mask = np.zeros(math.prod(map(len, ranges.values())), np.bool_)
    for k, (lifted, taken) in enumerate(lifted_places(expr, places, scene, value, terms_footprint(expr, scene))):
        mask[k] = taken is None or bool(taken.item())
        if not mask[k]:
            continue
        states = combined(expr, states, lifted, places, scene, value)
        if len(steps) < LISTED:
            running = finished(expr, states, places, scene, value).item()
            steps.append(_step(expr, inner, ranges, k, [state.item() for state in states], running, witness))
    return Folding(
        text=witness.printer.expr(expr),
        kind="fold",
        axes=ranges,
        places=mask.size,
        included=int(mask.sum()),
        zeros=0,
        value=witness.value(expr, places).item(),
        magnitude=math.nan,
        order=", in order",
        terms=steps,
        partial={},
        reaches=list(dict.fromkeys(reach for part in expr.lift for reach in reaches(part, inner, mask, witness))),
        states=[state.name for state in expr.states],
    )


def _step(
    expr: Fold,
    inner: Places,
    ranges: dict[str, range],
    k: int,
    states: list[float],
    running: float,
    witness: Witness,
) -> Term:
    index = np.unravel_index(k, [len(r) for r in ranges.values()])
    axes = {axis: r[int(i)] for (axis, r), i in zip(ranges.items(), index, strict=True)}
    pinned = Places(ranges={a: range(axes[a], axes[a] + 1) if a in axes else r for a, r in inner.ranges.items()})
    parts: list[ReadAt | Decision] = [p for part in expr.lift for p in witness.term_parts(part, pinned)]
    return Term(
        axes=axes,
        value=math.nan,
        share=math.nan,
        running=running,
        parts=list(dict.fromkeys(parts)),
        states=states,
    )

# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategy for whole random programs, valid by construction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from unrut.testing.contractions import contractions
from unrut.testing.drafts import Draft, Scope, Tensor, Term
from unrut.testing.expressions import expression
from unrut.testing.places import fits, left_side, places_of
from unrut.testing.ragged import give_rows
from unrut.testing.ranks import ranked_lines
from unrut.testing.recurrences import recurrence
from unrut.testing.scales import SMALL, Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A random program as text, with a number for every run-time size in it. `exact`: all values are small integers.

    `offsets` are the operands that hold offsets, each with the extent in which these lie; `invalid`: now and then they don't,
    or fall.
    """

    text: str
    sizes: dict[str, int]
    exact: bool
    offsets: dict[str, int] = field(default_factory=dict)
    invalid: bool = False


@st.composite
def programs(
    draw: Any,
    *,
    exact: bool,
    statements: int = 3,
    depth: int = 4,
    runtime_sizes: bool = True,
    invalid: bool = False,
    scale: Scale = SMALL,
) -> Sample:
    """Texts of one to `statements` definitions, now and then with additions, or of a contraction and what follows it, or
    of sorted lines; in exact mode every value is a small integer, whatever the order of sums. With `invalid` some
    computed places are outside, and some offsets fall or lie outside, which is an error of the data. `scale` says how
    large they are.
    """
    draft = Draft(draw=draw, exact=exact, invalid=invalid, scale=scale)
    if not invalid and draft.chance(25):
        return Sample(text=draw(contractions(exact=exact, scale=scale)), sizes={}, exact=exact)
    if not invalid and draft.chance(6):
        return Sample(text=draw(ranked_lines(scale=scale)), sizes={}, exact=exact)
    count = draw(st.integers(1, statements))
    shared = [draft.new_axis() for _ in range(draw(st.integers(0, 2)))]
    groups: list[list[str]] = []
    for number in range(count):
        is_circle = draft.chance(12)
        groups.append(
            recurrence(draft, f"H{number}") if is_circle else [_statement(draft, f"T{number}", shared, depth)]
        )
    results = [g[-1] for g in groups if not any(_reads(n, g, text) for n in g for text in draft.statements)]
    results = [n for g in groups for n in g if n in results or draft.chance(20)]
    sizes = _name_sizes(draft) if runtime_sizes else {}
    return Sample(text=draft.text(results), sizes=sizes, exact=exact, offsets=draft.offsets, invalid=invalid)


def _reads(name: str, group: list[str], statement: str) -> bool:
    """Whether a statement of a tensor that is not in the group reads this one."""
    left = statement.partition(" ")[0].partition("[")[0]
    return left not in group and (f"{name}[" in statement or f"{name}.outside" in statement)


def _statement(draft: Draft, name: str, shared: list[str], depth: int) -> str:
    axes = [a for a in shared if draft.chance(85)]
    elements = 1
    for axis in axes:
        elements *= max(1, draft.extents[axis])
    for _ in range(draft.draw(st.integers(0, 2))):
        axes.append(draft.new_axis(limit=max(1, draft.scale.elements // elements)))
        elements *= max(1, draft.extents[axes[-1]])
    own = [axis for axis in axes if axis not in shared]
    axes = list(draft.draw(st.permutations(axes)))
    owner = [give_rows(draft, draft.pick(own))] if own and draft.chance(8) else []
    scope = Scope(axes=(*owner, *axes))
    term = expression(
        draft,
        [scope],
        draft.pick(("float", "float", "float", "int", "complex", "bool", "uint")),
        draft.draw(st.integers(1, depth)),
    )
    draft.close(scope)
    draft.statements.append(f"{name}[{', '.join(axes) or '()'}] = {term.text}")
    if term.kind != "complex" and draft.chance(15):
        term = replace(term, size=_added(draft, name, tuple(axes), term, depth))
    draft.defined[name] = Tensor(
        dtype="", kind=term.kind, dimensions=tuple(draft.extents[a] for a in axes), size=term.size
    )
    return name


def _added(draft: Draft, name: str, axes: tuple[str, ...], whole: Term, depth: int) -> int:
    """Add to a tensor once or twice; the magnitude that it may have then."""
    size = whole.size
    for _ in range(draft.pick((1, 1, 2))):
        left = left_side(draft, axes)
        if left is None:
            return size
        subscripts, scope = left
        term = expression(draft, [scope], whole.kind, min(2, depth - 1))
        count = places_of(draft, scope)
        draft.close(scope)
        if fits(draft, size, term, count):
            draft.statements.append(f"{name}[{subscripts}] += {term.text}")
            size += count * max(1, term.size)
    return size


def _name_sizes(draft: Draft) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for axis, places in sorted(draft.bare_dimensions.items()):
        if axis not in draft.given and draft.chance(25):
            sizes[f"n_{axis}"] = draft.extents[axis]
            draft.named.update(dict.fromkeys(places, f"n_{axis}"))
    return sizes

# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategy for whole random programs, valid by construction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from unrut.testing.drafts import Draft, Scope, Tensor
from unrut.testing.expressions import expression

MOST_ELEMENTS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A random program as text, with a number for every run-time size in it. `exact`: all values are small integers.

    `offsets` are the operands that hold offsets, each with the extent in which these lie.
    """

    text: str
    sizes: dict[str, int]
    exact: bool
    offsets: dict[str, int] = field(default_factory=dict)


@st.composite
def programs(draw: Any, *, exact: bool, statements: int = 3, depth: int = 4, runtime_sizes: bool = True) -> Sample:
    """Texts of one to `statements` statements; in exact mode every value is a small integer, whatever the order of sums."""
    draft = Draft(draw=draw, exact=exact)
    count = draw(st.integers(1, statements))
    shared = [draft.new_axis() for _ in range(draw(st.integers(0, 2)))]
    names: list[str] = []
    for number in range(count):
        names.append(_statement(draft, f"T{number}", shared, depth))
    unread = [n for n in names if not any(f"{n}[" in later for later in draft.statements[names.index(n) + 1 :])]
    results = [n for n in names if n in unread or draft.chance(20)]
    sizes = _name_sizes(draft) if runtime_sizes else {}
    return Sample(text=draft.text(results), sizes=sizes, exact=exact, offsets=draft.offsets)


def _statement(draft: Draft, name: str, shared: list[str], depth: int) -> str:
    axes = [a for a in shared if draft.chance(85)]
    elements = 1
    for axis in axes:
        elements *= max(1, draft.extents[axis])
    for _ in range(draft.draw(st.integers(0, 2))):
        axes.append(draft.new_axis(limit=max(1, MOST_ELEMENTS // elements)))
        elements *= max(1, draft.extents[axes[-1]])
    axes = list(draft.draw(st.permutations(axes)))
    scope = Scope(axes=tuple(axes))
    term = expression(
        draft,
        [scope],
        draft.pick(("float", "float", "float", "int", "complex", "bool", "uint")),
        draft.draw(st.integers(1, depth)),
    )
    draft.close(scope)
    draft.statements.append(f"{name}[{', '.join(axes) or '()'}] = {term.text}")
    draft.defined[name] = Tensor(
        dtype="", kind=term.kind, dimensions=tuple(draft.extents[a] for a in axes), size=term.size
    )
    return name


def _name_sizes(draft: Draft) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for axis, places in sorted(draft.bare_dimensions.items()):
        if axis not in draft.given and draft.chance(25):
            sizes[f"n_{axis}"] = draft.extents[axis]
            draft.named.update(dict.fromkeys(places, f"n_{axis}"))
    return sizes

# SPDX-License-Identifier: Apache-2.0
"""Tensors that depend on each other: which they are, the axes that they share, and which of their reads judge ranges.

Within a circle an axis is its name: where several left sides have it, it has one range. Reads of one's own circle fix
an axis where they have it bare, as everywhere; otherwise they are checked, and never used to infer: `h[t - 1]` says
nothing about how far `t` goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unrut.errors import NotationError, UnrutError
from unrut.language.declarations import Declarations, at, target_axes
from unrut.language.notation import Name, Subscripted, Term
from unrut.language.order import circle_error
from unrut.language.renaming import mentioned
from unrut.language.uses import Use, uses_of
from unrut.program.extents import Extent, substitute
from unrut.program.nodes import Statement


def tensors_in(term: Term) -> set[str]:
    """Names that may be those of tensors that a term reads."""
    found = set()
    for part in mentioned(term):
        if isinstance(part, Subscripted):
            found.add(part.tensor)
        elif isinstance(part, Name):
            found.add(part.name)
    return found


def circles_of(known: Declarations, groups: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The groups whose tensors depend on each other."""
    return [g for g in groups if len(g) > 1 or g[0] in tensors_in(known.statements[g[0]].body)]


def share_axes(known: Declarations, groups: Sequence[tuple[str, ...]], errors: list[UnrutError]) -> None:
    """Give the axes of one name that the left sides of a circle have one extent. Circles that nothing can order are errors."""
    for circle in circles_of(known, groups):
        for addition in known.additions:
            if addition.target in circle and len(circle) == 1:
                what = f"`{addition.target}` is computed step by step, and can't be added to"
                errors.append(NotationError(what, places=at(addition.span), remedy="a tensor of its own for the sum"))
        needs = {name: sorted(tensors_in(known.statements[name].body) & set(circle)) for name in circle}
        starts = {n: s for n in circle for s in known.starts.get(n, ()) if tensors_in(s.body) & set(circle)}
        if starts or not _may_be_ordered(known, circle):
            needs |= {n: sorted(tensors_in(s.body) & set(circle)) for n, s in starts.items()}
            errors.append(circle_error(circle, needs, {name: known.statements[name].span for name in circle}))
            continue
        extents: dict[str, Extent] = {}
        for name in circle:
            axes = target_axes(known.statements[name])
            for axis, extent in zip(axes, known.shapes[name], strict=True):
                kept = extents.setdefault(axis, extent)
                if kept != extent:
                    _replace(known, str(extent), kept)


def _may_be_ordered(known: Declarations, circle: Sequence[str]) -> bool:
    """Whether some read of the circle is of another place along an axis that all its tensors have."""
    axes = {name: target_axes(known.statements[name]) for name in circle}
    shared = frozenset.intersection(*(frozenset(own) for own in axes.values()))
    for name in circle:
        for part in mentioned(known.statements[name].body):
            if isinstance(part, Subscripted) and part.tensor in axes and len(part.subscripts) == len(axes[part.tensor]):
                for axis, subscript in zip(axes[part.tensor], part.subscripts, strict=True):
                    if axis in shared and not (isinstance(subscript, Name) and subscript.name == axis):
                        return True
    return False


def _replace(known: Declarations, unknown: str, extent: Extent) -> None:
    """Let another extent stand for an unknown one everywhere."""
    del known.unknowns[unknown]
    values = {unknown: extent}
    known.given = {name: substitute(given, values) for name, given in known.given.items()}
    known.shapes = {name: tuple(substitute(e, values) for e in shape) for name, shape in known.shapes.items()}


def judging_uses(
    statements: Sequence[Statement], shapes: Mapping[str, tuple[Extent, ...]], groups: Sequence[tuple[str, ...]]
) -> tuple[tuple[Use, ...], tuple[Use, ...]]:
    """The uses from which ranges follow, in the order of the text, and those of a circle's own tensors, which bound nothing."""
    group = {name: k for k, names in enumerate(groups) for name in names}
    judging: list[Use] = []
    own: list[Use] = []
    for statement in statements:
        for use in uses_of((statement,), shapes):
            outer = use.bare_axis is not None or group.get(use.read.tensor) != group[statement.target]
            (judging if outer else own).append(use)
    return tuple(judging), tuple(own)

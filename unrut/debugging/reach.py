# SPDX-License-Identifier: Apache-2.0
"""Where reads go: policies that always or never act, windows that lean to one side, places that nothing reads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from unrut.debugging.finding import LOOK, MISTAKE, Finding, place_of
from unrut.debugging.sites import Site, sites
from unrut.program.affine import Affine, affine
from unrut.program.extents import Extent, as_extent, provably_le
from unrut.program.intervals import Interval, interval
from unrut.program.nodes import OutsideMode, Program, Read, Role
from unrut.program.show import Printer

Integers: TypeAlias = NDArray[np.int64]

IDLE = "policy is idle"

MANY = 2**20
"""Places of a subscript that are gone through one by one."""


def reach(program: Program) -> Iterator[Finding]:
    """Everything of this kind in a program."""
    printer = Printer(program)
    found = [site for s in program.statements for site in sites(s) if isinstance(site.expr, Read)]
    for site in found:
        if not site.is_empty and isinstance(site.expr, Read) and site.expr.outside is not None:
            yield from _policy(site, site.expr, program, printer)
    added = {s.target for s in program.statements if s.role is Role.adds}
    for tensor in dict.fromkeys(s.expr.tensor for s in found if isinstance(s.expr, Read)):
        if tensor in program.results or tensor in added:
            continue  # it is there for others to read, or for additions, of which some may fall into a rest
        yield from _unread(tensor, [s for s in found if isinstance(s.expr, Read) and s.expr.tensor == tensor], program)


def _policy(site: Site, read: Read, program: Program, printer: Printer) -> Iterator[Finding]:
    shape = program.shape_of(read.tensor)
    spans = [_span(site, d) for d in range(len(shape))]
    for d, (span, n) in enumerate(zip(spans, shape, strict=True)):
        if span is not None and (provably_le(span.high, as_extent(-1)) or provably_le(n, span.low)):
            yield Finding(
                kind="policy hides a whole read",
                level=MISTAKE,
                message=f"`{printer.read(read)}` is always outside: `{printer.expr(read.subscripts[d])}` goes "
                f"{_from_to(span)}, the extent is {n}",
                places=place_of((read, f"never inside dimension {d} of `{read.tensor}`")),
                remedy="another sign or offset in the subscript",
                statement=site.statement.target,
            )
            return
    known = [(span, n) for span, n in zip(spans, shape, strict=True) if span is not None]
    if len(known) == len(shape) and all(_inside(span, n) for span, n in known):
        yield Finding(
            kind=IDLE,
            level=LOOK,
            message=f"`{printer.read(read)}` never leaves `{read.tensor}`, so what is said for outside is never used",
            places=place_of((read, "always inside")),
            remedy=f"`{read.tensor}[...]` without a policy, or the offset that was meant",
            statement=site.statement.target,
        )
    for d, (span, n) in enumerate(zip(spans, shape, strict=True)):
        if span is not None and not site.guarded and _is_window(site, read, d):
            yield from _one_sided(site, read, d, span, n, printer)


def _one_sided(site: Site, read: Read, d: int, span: Interval, n: Extent, printer: Printer) -> Iterator[Finding]:
    before, after = provably_le(span.low, as_extent(-1)), provably_le(n, span.high)
    never_before, never_after = provably_le(as_extent(0), span.low), provably_le(span.high, n - 1)
    if not (before and never_after) and not (after and never_before):
        return
    by = as_extent(0) - span.low if before else span.high - (n - 1)
    side, other = ("before the start", "behind the end") if before else ("behind the end", "before the start")
    middle = f"; centred it would be `{printer.expr(read.subscripts[d])} {'+' if before else '-'} {by.value() // 2}`"
    yield Finding(
        kind="window leans to one side",
        level=LOOK,
        message=f"`{printer.expr(read.subscripts[d])}` leaves `{read.tensor}` {side} by {by} and never {other}"
        + (middle if by.is_fixed and by.value() % 2 == 0 else ""),
        places=place_of((read, f"goes {_from_to(span)}, the extent is {n}")),
        remedy="another offset or sign of the padding, or leave it if the window is meant to look one way only",
        statement=site.statement.target,
    )


def _is_window(site: Site, read: Read, d: int) -> bool:
    """Whether a subscript is that of a window: an axis of the result, and one that is reduced over."""
    form = affine(read.subscripts[d])
    if form is None or not form.is_plain:
        return False
    return bool(form.axes & site.reduced) and bool(form.axes - site.reduced)


def _unread(tensor: str, found: list[Site], program: Program) -> Iterator[Finding]:
    """The places of a tensor's dimensions that no read comes to, where all of that is known."""
    for d, extent in enumerate(program.shape_of(tensor)):
        if not extent.is_fixed or not 2 <= extent.value() <= MANY or any(site.is_empty for site in found):
            continue
        n = extent.value()
        visited = np.zeros(n, np.bool_)
        known = all(_visit(site, d, visited) for site in found)
        if not known or visited.all() or not visited.any():
            continue
        first = found[0].expr
        missing = np.flatnonzero(~visited)
        alone = np.count_nonzero(visited) == 1
        where = f"dimension {d} of `{tensor}`"
        yield Finding(
            kind="dimension read at one place" if alone else "places never read",
            level=LOOK,
            message=f"{where} has extent {n}, and only place {int(np.flatnonzero(visited)[0])} of it is read"
            if alone
            else f"{len(missing)} of {n} places in {where} are never read: {_listed(missing)}",
            places=place_of((first, "")),
            remedy="an index in that place, if the others count too"
            if alone
            else "the stride and the range of this subscript; where a window does not fit there is a rest",
            statement=found[0].statement.target,
        )


def _visit(site: Site, d: int, visited: NDArray[np.bool_]) -> bool:
    """Mark where a read goes; False if that is not known."""
    assert isinstance(site.expr, Read)
    form = affine(site.expr.subscripts[d])
    if form is None or not form.is_plain or not form.constant.is_fixed:
        return False
    lengths = {atom: site.extents[atom] for _, atom in form.terms if isinstance(atom, str) and atom in site.extents}
    if len(lengths) != len(form.terms) or not all(e.is_fixed for e in lengths.values()):
        return False
    if math.prod(max(1, e.value()) for e in lengths.values()) > MANY:
        return False
    places = _places(form, {name: e.value() for name, e in lengths.items()})
    visited[places[(0 <= places) & (places < len(visited))]] = True
    inside = bool(((0 <= places) & (places < len(visited))).all())
    return inside or not isinstance(site.expr.outside, OutsideMode)


def _places(form: Affine, lengths: dict[str, int]) -> Integers:
    places = np.array([form.constant.value()], np.int64)
    for c, atom in form.terms:
        assert isinstance(atom, str)
        places = np.unique(places[:, None] + c * np.arange(lengths[atom], dtype=np.int64))
    return places


def _span(site: Site, d: int) -> Interval | None:
    assert isinstance(site.expr, Read)
    form = affine(site.expr.subscripts[d])
    return None if form is None or not form.axes <= set(site.extents) else interval(form, site.extents)


def _inside(span: Interval, n: Extent) -> bool:
    return provably_le(as_extent(0), span.low) and provably_le(span.high, n - 1)


def _from_to(span: Interval) -> str:
    return f"from {span.low} to {span.high}"


def _listed(places: Integers) -> str:
    if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{places[0]} to {places[-1]}"
    shown = ", ".join(map(str, places[:6]))
    return shown + (", ..." if len(places) > 6 else "")

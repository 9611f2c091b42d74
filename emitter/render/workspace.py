# SPDX-License-Identifier: Apache-2.0
"""Where buffers lie in the workspace: numbers where all extents are known, else fields of a struct that C fills in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul

from unrut.emitter.nest import Space
from unrut.emitter.render.expression import Printer
from unrut.emitter.render.places import Place
from unrut.emitter.render.views import PartView
from unrut.program.extents import Extent

ALIGNMENT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """`size` is the number of bytes in all, an expression of `threads` if a worker has buffers of its own."""

    shared: tuple[PartView, ...]
    own: tuple[PartView, ...]
    shared_bytes: str
    own_bytes: str
    size: str
    is_fixed: bool


def lay_out(places: Sequence[Place], printer: Printer) -> Workspace:
    """The shared buffers, each at a multiple of 64, then one part for each worker with its own."""
    inside = [p for p in places if p.buffer.space in (Space.workspace, Space.scratch)]
    fixed = all(extent.is_fixed for p in inside for extent in p.buffer.shape)
    shared, shared_bytes = _parts([p for p in inside if p.buffer.space is Space.workspace], printer, fixed)
    own, own_bytes = _parts([p for p in inside if p.buffer.space is Space.scratch], printer, fixed)
    top, each = (str(shared_bytes), str(own_bytes)) if fixed else ("parts.shared", "parts.own")
    size = f"ur_after({top}, ur_bytes({each}, threads > 1 ? threads : 1))" if own else top
    return Workspace(shared=shared, own=own, shared_bytes=top, own_bytes=each, size=size, is_fixed=fixed)


def _parts(places: Sequence[Place], printer: Printer, fixed: bool) -> tuple[tuple[PartView, ...], int]:
    """The views, and the bytes that they take if that is known."""
    found, top = [], 0
    for place in places:
        total = reduce(mul, place.buffer.shape, Extent(constant=1))
        view = PartView(
            name=place.name,
            type=printer.dialect.elements[place.buffer.dtype],
            count=printer.extent(total),
            offset=str(top) if fixed else f"parts.{place.name}",
            remark=f"{place.buffer.dtype.name}[{', '.join(map(str, place.buffer.shape))}]",
        )
        found.append(view)
        if fixed:
            top += -(-max(0, total.value()) * place.buffer.dtype.size // ALIGNMENT) * ALIGNMENT
    return tuple(found), top

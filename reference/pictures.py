# SPDX-License-Identifier: Apache-2.0
"""A receptive field as a small picture: two dimensions of a tensor as a grid, the others seen through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrut.markup import element, text
from unrut.reference.receptive import Field

ROWS, COLUMNS = 24, 60
MARGIN = 2
CELL = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A grid: `counts` of places read behind each cell, `outside` those asked for and not there, `inside` the cells that
    the tensor has. A cell stands for `step` places of each dimension; the grid starts at `corner`."""

    title: str
    seen: str
    dimensions: tuple[int, int]
    corner: tuple[int, int]
    step: tuple[int, int]
    counts: NDArray[np.int64]
    outside: NDArray[np.bool_]
    inside: NDArray[np.bool_]

    def show(self) -> str:
        """As text: `#` read, `+` read at some of the places behind it, `.` not read, `o` asked for outside, blank not there."""
        most = int(self.counts.max(initial=0))
        rows, columns = self.counts.shape
        last = self.corner[1] + (columns - 1) * self.step[1]
        left = max(len(str(self.corner[0])), len(str(self.corner[0] + (rows - 1) * self.step[0])))
        head = f"{self.corner[1]}".ljust(columns - len(str(last))) + (f" {last}" if columns > 1 else "")
        lines = [self.title, *([f"  {self.seen}"] if self.seen else []), "  " + " " * left + " " + head.rstrip()]
        for r in range(rows):
            cells = "".join(self._mark(r, c, most) for c in range(columns))
            lines.append(f"  {self.corner[0] + r * self.step[0]:>{left}} {cells}".rstrip())
        return "\n".join(lines)

    def _mark(self, r: int, c: int, most: int) -> str:
        if self.counts[r, c]:
            return "#" if self.counts[r, c] == most else "+"
        if self.outside[r, c]:
            return "o"
        return "." if self.inside[r, c] else " "

    def svg(self) -> str:
        """As a drawing in the page's own colour."""
        rows, columns = self.counts.shape
        most = max(1, int(self.counts.max(initial=0)))
        cells = []
        for r in range(rows):
            for c in range(columns):
                count, away = int(self.counts[r, c]), bool(self.outside[r, c])
                if not (count or away or self.inside[r, c]):
                    continue
                place = f"{self.corner[0] + r * self.step[0]}, {self.corner[1] + c * self.step[1]}"
                said = f"{place}: {count} read" if count else (f"{place}: outside" if away else f"{place}: not read")
                look = {
                    "fill": "currentColor" if count else "none",
                    "fill-opacity": f"{0.25 + 0.65 * count / most:.2f}" if count else "1",
                    "stroke": "currentColor",
                    "stroke-opacity": "0.9" if away else "0.25",
                    "stroke-dasharray": "2 2" if away else "none",
                }
                at = {"x": str(c * CELL + 1), "y": str(r * CELL + 1), "width": str(CELL - 2), "height": str(CELL - 2)}
                cells.append(element("rect", element("title", text(said)), **at, **look))
        size = {"width": str(columns * CELL), "height": str(rows * CELL), "role": "img"}
        title = element("p", text(self.title)) + (element("p", text(self.seen)) if self.seen else "")
        return title + element("svg", *cells, **size)


def picture(field: Field) -> Picture:
    """The picture of a field. Rows and columns are dimensions that are read in part before those that are read whole."""
    rank = len(field.shape)
    spans = [_span(field, d) for d in range(rank)]
    ranked = sorted(range(rank), key=lambda d: (_interest(field, d, spans[d]), d), reverse=True)
    chosen = sorted(ranked[:2])
    rows, columns = (chosen[0], chosen[1]) if len(chosen) == 2 else (-1, chosen[0] if chosen else -1)
    frames = [_frame(field, rows, spans, ROWS), _frame(field, columns, spans, COLUMNS)]
    shape = tuple(-(-(stop - start) // step) for start, stop, step in frames)
    counts, outside, inside = np.zeros(shape, np.int64), np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    at = _cells(field.places, (rows, columns), frames)
    np.add.at(counts, at, 1)
    outside[_cells(field.outside, (rows, columns), frames)] = True
    for r in range(shape[0]):
        for c in range(shape[1]):
            place = (frames[0][0] + r * frames[0][2], frames[1][0] + c * frames[1][2])
            inside[r, c] = all(d < 0 or 0 <= k < field.shape[d] for d, k in zip((rows, columns), place, strict=True))
    return Picture(
        title=_title(field),
        seen=_seen(field, spans, (rows, columns), frames),
        dimensions=(rows, columns),
        corner=(frames[0][0], frames[1][0]),
        step=(frames[0][2], frames[1][2]),
        counts=counts,
        outside=outside,
        inside=inside,
    )


def _span(field: Field, d: int) -> tuple[int, int]:
    """The least and the last place of a dimension that is asked for."""
    values = np.concatenate([field.places[:, d], field.outside[:, d]])
    return (int(values.min()), int(values.max())) if values.size else (0, 0)


def _interest(field: Field, d: int, span: tuple[int, int]) -> int:
    n = field.shape[d]
    varies, whole = span[1] > span[0], span == (0, n - 1) and len(np.unique(field.places[:, d])) == n
    if varies and not whole:
        return 4
    return 3 if varies else (2 if n > 1 else 0)


def _frame(field: Field, d: int, spans: Sequence[tuple[int, int]], limit: int) -> tuple[int, int, int]:
    """Start, stop, step of what is drawn of a dimension: what is read with a margin, whole if that is small."""
    if d < 0:
        return 0, 1, 1
    low, high = spans[d]
    start, stop = min(0, low), max(field.shape[d], high + 1)
    if stop - start > limit:
        start, stop = max(start, low - MARGIN), min(stop, high + 1 + MARGIN)
    return start, stop, -(-(stop - start) // limit)


def _cells(
    places: NDArray[np.int64], dimensions: tuple[int, int], frames: Sequence[tuple[int, int, int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    found = [
        (places[:, d] - start) // step if d >= 0 else np.zeros(len(places), np.int64)
        for d, (start, _, step) in zip(dimensions, frames, strict=True)
    ]
    return found[0], found[1]


def _title(field: Field) -> str:
    name = f"{field.tensor}[{', '.join(field.labels)}]" if field.labels else field.tensor
    around = "" if field.exact else "at most "
    counted = f"{around}{len(field.places)} of {field.size} places are read"
    away = f", {len(field.outside)} are asked for outside" if len(field.outside) else ""
    return f"{name}: {counted}{away}" + ("" if field.direct else ", through intermediates")


def _seen(
    field: Field, spans: Sequence[tuple[int, int]], chosen: tuple[int, int], frames: Sequence[tuple[int, int, int]]
) -> str:
    """Which dimensions are the rows and the columns, and at which places the others are looked through."""
    said = []
    for word, d, frame in zip(("rows", "columns"), chosen, frames, strict=True):
        if d >= 0:
            each = f", {frame[2]} places each" if frame[2] > 1 else ""
            said.append(f"{word}: dimension {d} ({field.labels[d]}), extent {field.shape[d]}{each}")
    for d, (low, high) in enumerate(spans):
        if d not in chosen and field.shape[d] > 1:
            said.append(
                f"{field.labels[d]} = {low}" if low == high else f"{field.labels[d]} = {low} to {high} together"
            )
    return "; ".join(said)

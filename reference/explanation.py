# SPDX-License-Identifier: Apache-2.0
"""An explanation of one element, as data and as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from unrut.markup import foldable, page, pre, table, words
from unrut.reference.pictures import picture
from unrut.reference.receptive import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAt:
    """One read: its text, the place that was asked for, the one that was read (None: nothing), the value, and why."""

    text: str
    tensor: str
    asked: tuple[int, ...]
    place: tuple[int, ...] | None
    value: float
    note: str = ""

    def show(self) -> str:
        """`P[n, 2*y + ky] = P[0, 3] = 0.25`."""
        at = f"{self.tensor}[{', '.join(map(str, self.asked))}]"
        return f"{at} = {number(self.value)}" + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A `where` that was met, or a reduction inside a term, with what it gave."""

    text: str
    value: float

    def show(self) -> str:
        """The text with its value."""
        return f"{self.text} = {number(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a reduction: where, its value, its share of the sum of magnitudes, the partial result up to and with it
    in row-major order, and everything that it was made of; of a fold the states after it, in place of value and share."""

    axes: Mapping[str, int]
    value: float
    share: float
    running: float
    parts: Sequence[ReadAt | Decision]
    states: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which places of one dimension of a tensor a read visits: least, most, how many different ones, and the extent;
    `overall` is what it visits for all elements of the result together, where the subscript is affine."""

    text: str
    dimension: int
    subscript: str
    least: int
    most: int
    different: int
    extent: int
    outside: int
    overall: tuple[int, int] | None

    def show(self) -> str:
        """`dimension 2 (2*y + ky): 2 to 4, extent 16; over all elements 0 to 14`."""
        where = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
        gaps = "" if self.different == self.most - self.least + 1 else f", {self.different} different ones"
        left = f"; {self.outside} reads leave it" if self.outside else ""
        overall = ""
        if self.overall is not None and self.overall != (0, self.extent - 1):
            overall = f"; over all elements {self.overall[0]} to {self.overall[1]}"
        return f"dimension {self.dimension} ({self.subscript}): {where}{gaps}, extent {self.extent}{overall}{left}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folding:
    """A reduction, or a line of softmax: how many places there are and take part, the result, the terms to look at
    first, and the partial results over all other axes for each value of one. `states` are the names of a fold's."""

    text: str
    kind: str
    axes: Mapping[str, range]
    places: int
    included: int
    zeros: int
    value: float
    magnitude: float
    order: str
    terms: Sequence[Term]
    partial: Mapping[str, Sequence[float]]
    reaches: Sequence[Reach]
    states: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why one element has its value. `print(explanation)` and `show(depth=, terms=)` give text; the fields are the data.

    `first_nan` says where the first NaN (or infinity) came from, if the value is one. `inside` explains an element of an
    intermediate that was read; a depth above 1 does so for those that the first terms read.
    """

    result: str
    place: Mapping[str, int]
    value: float
    wide: float
    statement: str
    source: str
    parts: Sequence[ReadAt | Decision]
    foldings: Sequence[Folding]
    first_nan: str
    inside: Callable[[str, tuple[int, ...]], Explanation] = field(repr=False, compare=False)
    fields: Callable[[], tuple[Field, ...]] = field(repr=False, compare=False)
    intermediates: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.show()

    def show(self, *, depth: int = 1, terms: int = 20) -> str:
        """The explanation as text: `terms` of each reduction, and `depth` - 1 levels of intermediates below."""
        at = ", ".join(f"{axis}={value}" for axis, value in self.place.items())
        differs = number(self.wide) != number(self.value)
        rounded = f", rounded from {number(self.wide)}" if differs else ""
        lines = [f"{self.result}[{at}] = {number(self.value)}{rounded}", f"  {self.statement}"]
        if self.source:
            lines.append(f"  written at {self.source}")
        if self.first_nan:
            lines.append(f"  not finite: {self.first_nan}")
        lines += [f"  {part.show()}" for part in self.parts]
        for folding in self.foldings:
            lines += [f"  {line}" for line in show_folding(folding, terms)]
        if depth > 1:
            for read in self._followed():
                assert read.place is not None
                below = self.inside(read.tensor, read.place).show(depth=depth - 1, terms=min(terms, 5))
                lines += ["", *(f"    {line}" for line in below.split("\n"))]
        return "\n".join(lines)

    def picture(self) -> str:
        """The receptive field: what of each tensor the element is made of, as small grids of text.

        `#` is read (`+` at some of the places behind it), `.` is not, `o` was asked for and is outside. Operands that are
        read through intermediates come last. `fields()` are the data.
        """
        return "\n\n".join(picture(f).show() for f in self.fields())

    def _repr_html_(self) -> str:
        lines = self.show(terms=0).split("\n")
        parts = [pre("\n".join(lines)), foldable("what it is made of", *(picture(f).svg() for f in self.fields()))]
        for folding in self.foldings:
            head, *rows = _rows(folding, folding.terms)
            cells = [[*row[:-1], words(row[-1])] for row in rows]
            parts.append(foldable(f"terms{folding.order} of {folding.text}", table(head, cells), is_open=True))
        return page(*parts)

    def _followed(self) -> list[ReadAt]:
        """The intermediates' elements that the element itself and the first term of each reduction read."""
        parts = [*self.parts, *(part for f in self.foldings for term in f.terms[:1] for part in term.parts)]
        reads = [p for p in parts if isinstance(p, ReadAt) and p.tensor in self.intermediates and p.place is not None]
        reads = [read for read in reads if min(read.place or (0,)) >= 0]
        return list({(read.tensor, read.place): read for read in reads}.values())


def number(value: float) -> str:
    """A number for reading: six digits, `True` and integers as they are."""
    return str(value) if isinstance(value, (bool, int)) else f"{value:.6g}"


def show_folding(folding: Folding, most: int) -> list[str]:
    """A reduction as lines: what it runs over, what is read, partial results, and a table of terms."""
    over = ", ".join(
        f"{axis} < {r.stop}" if r.start == 0 else f"{r.start} <= {axis} < {r.stop}" for axis, r in folding.axes.items()
    )
    lines = [f"{folding.text} = {number(folding.value)}"]
    facts = [f"{folding.places} places ({over})"]
    if folding.included != folding.places:
        out = folding.places - folding.included
        why = f"where= leaves out {out}" if "where=" in folding.text else f"{out} elsewhere"
        facts.append(f"{folding.included} of them take part, {why}")
    if folding.zeros:
        facts.append(f"{folding.zeros} terms are 0")
    if folding.kind == "sum" and folding.magnitude > 0:
        facts.append(f"sum of magnitudes {number(folding.magnitude)}")
    lines.append("  " + "; ".join(facts))
    shown = ""
    for reach in folding.reaches:
        if reach.text != shown:
            lines.append(f"  reads {reach.text}")
            shown = reach.text
        lines.append(f"    {reach.show()}")
    for axis, values in folding.partial.items():
        if 1 < len(values) <= 12 and len(folding.axes) > 1:
            by = "  ".join(f"{axis}={k}: {number(v)}" for k, v in zip(folding.axes[axis], values, strict=True))
            lines.append(f"  {folding.kind} over the rest, by {axis}:  {by}")
    listed = folding.terms[:most]
    if listed:
        rest = folding.included - len(listed)
        lines.append(f"  terms{folding.order}" + (f", {rest} more not shown" if rest > 0 else ""))
        lines += [f"    {line}" for line in _table(folding, listed)]
    return lines


_RANKED = ("median", "quantile", "kth_smallest", "arg_kth_smallest")


def _table(folding: Folding, terms: Sequence[Term]) -> list[str]:
    rows = _rows(folding, terms)
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]) - 1)]
    return ["  ".join([*(c.rjust(w) for c, w in zip(row, widths, strict=False)), row[-1]]).rstrip() for row in rows]


def _rows(folding: Folding, terms: Sequence[Term]) -> list[list[str]]:
    axes = list(folding.axes)
    running = folding.kind not in ("softmax", "argmax", "argmin")
    far_name = "rank" if folding.kind in _RANKED else "so far"
    own = folding.states or ("term", "share")
    head = [*axes, *own, *([far_name] if running else []), "made of"]
    rows = [head]
    for term in terms:
        made = ",  ".join(part.show() for part in term.parts)
        share = "" if term.share != term.share else f"{100 * term.share:.3g}%"
        far = [number(term.running)] if running else []
        figures = [number(value) for value in term.states] if folding.states else [number(term.value), share]
        rows.append([*(str(term.axes[a]) for a in axes), *figures, *far, made])
    return rows

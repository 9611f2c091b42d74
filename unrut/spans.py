# SPDX-License-Identifier: Apache-2.0
"""Where a piece of notation was written, by which calls it was reached, and how to point at it."""

from __future__ import annotations

import linecache
from dataclasses import dataclass, replace

WIDEST = 160  # characters of a source line that an error shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch of one source line. Columns count characters from 0; `end` is exclusive; -1 means unknown."""

    file: str
    line: int
    column: int = -1
    end: int = -1
    text: str = ""
    within: Call | None = None
    """The call by which this became part of another op, if any."""

    def source_line(self) -> str:
        """The line itself: recorded for parsed text, read from the file for Python sources, empty if neither is there."""
        return self.text or linecache.getline(self.file, self.line).rstrip("\n")

    def where(self) -> str:
        """`file:line`, the form that editors and terminals make clickable."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Where an op was called inside another; the place of that call may be within a call itself."""

    name: str
    span: Span


def inside(span: Span, call: Call) -> Span:
    """A stretch of an op that is called: within that call, and where it was within another one, that one is."""
    if span.within is None:
        return replace(span, within=call)
    return replace(span, within=replace(span.within, span=inside(span.within.span, call)))


def calls_around(span: Span) -> tuple[Call, ...]:
    """The calls that a stretch is within, the outermost first: the user's own line before those of a library."""
    return () if span.within is None else (*calls_around(span.within.span), span.within)


def point_at(span: Span, note: str = "") -> list[str]:
    """The lines that show a span: the place, the source line, a caret under the stretch, and the note beside it."""
    line = "".join(c if c.isprintable() else " " for c in span.source_line())  # nothing that a terminal would obey
    if not line.strip():
        return [f"  {span.where()}   {note}".rstrip()]
    indent = len(line) - len(line.lstrip())
    shown = line.strip()
    if len(shown) > WIDEST:  # the part around the place alone
        first = max(0, span.column - indent - WIDEST // 2)
        indent += first
        shown = shown[first : first + WIDEST]
    lines = [f"  {span.where()}", f"    {shown}"]
    if 0 <= span.column:
        end = span.end if span.end > span.column else span.column + 1
        width = min(max(1, end - span.column), max(1, len(shown) - (span.column - indent)))
        lines.append("    " + " " * max(0, span.column - indent) + "^" * width + (f" {note}" if note else ""))
    elif note:
        lines.append(f"    {note}")
    return lines

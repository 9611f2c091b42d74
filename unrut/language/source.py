# SPDX-License-Identifier: Apache-2.0
"""Notation as text: logical lines without comments, and spans that point into the lines as they were written."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from unrut.errors import NotationError, Place
from unrut.spans import Span

LONGEST_TEXT = 200_000
DEEPEST_BRACKETS = 100
_CLOSING = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text and where it came from. Places in it are character offsets."""

    file: str
    text: str
    starts: tuple[int, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", line_starts(self.text))

    def span(self, start: int, end: int) -> Span:
        """The stretch from `start` to `end`; where it runs over several lines, the part on the first."""
        line = bisect_right(self.starts, start)
        line_start = self.starts[line - 1]
        line_end = self.text.find("\n", start)
        line_end = len(self.text) if line_end < 0 else line_end
        return Span(
            file=self.file,
            line=line,
            column=start - line_start,
            end=max(min(end, line_end) - line_start, start - line_start + 1),
            text=self.text[line_start:line_end] or " ",
        )

    def fault(self, message: str, start: int, end: int, remedy: str = "") -> NotationError:
        """A NotationError that points at a stretch."""
        return NotationError(message, places=[Place(span=self.span(start, end))], remedy=remedy)


def line_starts(text: str) -> tuple[int, ...]:
    """The offset of every line's first character."""
    return (0, *(k + 1 for k, c in enumerate(text) if c == "\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalLine:
    """One statement as written, comments blanked out, from offset `start` of its text; brackets are balanced."""

    text: Text
    start: int
    code: str

    @property
    def end(self) -> int:
        return self.start + len(self.code)


def logical_lines(text: Text) -> list[LogicalLine]:
    """Split a text into statements, at line ends outside brackets. Raises NotationError for what none may hold."""
    if len(text.text) > LONGEST_TEXT:
        raise NotationError(f"the text has {len(text.text)} characters, {LONGEST_TEXT} are allowed")
    code: list[str] = []
    lines: list[LogicalLine] = []
    opened: list[tuple[str, int]] = []
    start = position = 0
    while position <= len(text.text):
        c = text.text[position] if position < len(text.text) else "\n"
        if c == "#":
            stop = text.text.find("\n", position)
            stop = len(text.text) if stop < 0 else stop
            code.append(" " * (stop - position))
            position = stop
            continue
        if c in "\"'":
            stop = text.text.find(c, position + 1)
            if stop < 0 or "\n" in text.text[position:stop]:
                raise text.fault(
                    "a quoted word is not closed on its line", position, position + 1, remedy=f"a closing {c}"
                )
            word = text.text[position : stop + 1]
            if not word.isascii() or not word.isprintable():
                raise text.fault("only ASCII is allowed outside comments", position, stop + 1)
            code.append(word)
            position = stop + 1
            continue
        if not c.isascii() or not (c.isprintable() or c in "\n\t"):
            raise text.fault(
                f"character {c!a} is not allowed here", position, position + 1, remedy="ASCII outside comments"
            )
        if c in "([{":
            opened.append((c, position))
            if len(opened) > DEEPEST_BRACKETS:
                raise text.fault(f"brackets are nested deeper than {DEEPEST_BRACKETS}", position, position + 1)
        elif c in ")]}":
            if not opened or opened[-1][0] != _CLOSING[c]:
                raise text.fault(f"this `{c}` closes nothing", position, position + 1)
            opened.pop()
        if c == "\n" and (not opened or position == len(text.text)):
            if opened:
                bracket, place = opened[-1]
                raise text.fault(f"this `{bracket}` is never closed", place, place + 1)
            written = "".join(code)
            if written.strip():
                indent = len(written) - len(written.lstrip())
                lines.append(LogicalLine(text=text, start=start + indent, code=written.strip()))
            code.clear()
            start = position + 1
        else:
            code.append(c)
        position += 1
    return lines

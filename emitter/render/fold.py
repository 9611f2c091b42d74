# SPDX-License-Identifier: Apache-2.0
"""Long lines in two or more: broken where the fewest parentheses are open, as late as fits."""

from __future__ import annotations

import re
import textwrap

WIDTH = 120

_BREAK = re.compile(r"(?<=,) | (?=(?:[-+*/%<>&|^?:]|[<>=!]=|<<|>>|&&|\|\|) )")

_TIGHTNESS = {"*": 3, "/": 3, "%": 3, "+": 2, "-": 2, "<": 1, ">": 1, "=": 1, "!": 1}


def fold(row: str, width: int = WIDTH) -> list[str]:
    """A line of code as lines of at most `width` columns, if it can be broken. Directives and comments stay as they are; a
    comment behind code that is too long goes above it.
    """
    indent = len(row) - len(row.lstrip())
    if len(row) <= width or row.lstrip().startswith(("#", "//")):
        return [row]
    code, mark, said = row.partition("//")
    if mark:
        above = [f"{' ' * indent}// {part}" for part in fold_remark(said.strip(), width - indent - 3)]
        return [*above, *fold(code.rstrip(), width)]
    depths = _depths(row)
    places = [m.start() for m in _BREAK.finditer(row) if indent + 20 < m.start() <= width]
    if not places:
        return [row]
    place = min(places, key=lambda at: (depths[at], _TIGHTNESS.get(row[at + 1], 0), -at))
    rest = fold(" " * (indent + 4) + row[place + 1 :], width)
    return [row[:place], *(" " * (indent + 4) + part.lstrip() for part in rest)]


def fold_remark(text: str, width: int = WIDTH) -> list[str]:
    """A remark as lines of words."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _depths(row: str) -> list[int]:
    depths, depth = [], 0
    for letter in row:
        depth += (letter in "([") - (letter in ")]")
        depths.append(depth)
    return depths

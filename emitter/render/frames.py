# SPDX-License-Identifier: Apache-2.0
"""The templates, loaded strictly: a hole takes text and integers, a missing name is an error, a body is spliced in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Undefined

from unrut.emitter.render.fold import fold
from unrut.errors import InternalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a source and the statement of the program that it serves."""

    text: str
    note: str = ""

    def indented(self, by: str) -> Line:
        return Line(text=by + self.text if self.text else "", note=self.note)


Lines = tuple[Line, ...]


def macro(name: str, view: object, bodies: Mapping[str, Sequence[Line]] | None = None, note: str = "") -> Lines:
    """The lines of a macro of `statements.j2`, with bodies in place of their marks."""
    text = getattr(_environment().get_template("statements.j2").module, name)(view)
    return splice(text, bodies or {}, note)


def frame(name: str, view: object, bodies: Mapping[str, Sequence[Line]] | None = None) -> Lines:
    """The lines of a whole template."""
    return splice(_environment().get_template(name).render(unit=view), bodies or {}, "")


def splice(text: str, bodies: Mapping[str, Sequence[Line]], note: str) -> Lines:
    """Lines of rendered text; those that hold nothing but a mark are replaced by its body, indented as the mark was."""
    lines: list[Line] = []
    for row in text.removesuffix("\n").split("\n"):
        mark = row.strip()
        if mark in bodies:
            lines += [line.indented(row[: len(row) - len(row.lstrip())]) for line in bodies[mark]]
        else:
            lines.append(Line(text=row.rstrip(), note=note))
    return tuple(lines)


def folded(lines: Lines) -> Lines:
    """The lines, none longer than a screen is wide."""
    return tuple(Line(text=part, note=line.note) for line in lines for part in fold(line.text))


def read_template(name: str) -> str:
    """The text of a file of the templates."""
    return files("unrut.templates").joinpath(name).read_text(encoding="utf-8")


def _as_blocks(name: str) -> str:
    """A template with its line statements as blocks: Jinja's own line statements would swallow empty lines around them."""
    rows = read_template(name).splitlines(keepends=True)
    kept = (row for row in rows if not row.startswith("//#"))
    return "".join(_STATEMENT.sub(r"<%\1 %>", row) for row in kept)


_STATEMENT = re.compile(r"^//%(.*)$", re.MULTILINE)


def remark(text: str) -> str:
    """Any text as one line that is safe in a comment of either kind: no end of comment, no continuation, no trigraph."""
    plain = "".join(c if c.isprintable() and c.isascii() else " " if c.isspace() else "?" for c in text)
    plain = re.sub(r"\?(?=\?)", "? ", plain)
    plain = plain.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/")
    return plain.replace("@", "(at)").strip()


def _finalize(value: Any) -> Any:
    if isinstance(value, Undefined | str) or type(value) is int:
        return value
    raise InternalError(f"a template was given {value!r}, which is neither text nor an integer")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_as_blocks),
        undefined=StrictUndefined,
        finalize=_finalize,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        variable_start_string="${",
        variable_end_string="}",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
    )

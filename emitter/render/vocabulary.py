# SPDX-License-Identifier: Apache-2.0
"""The part of the vocabulary that a source uses: its head always, and every function named in it or by one that is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from unrut.emitter.render.dialect import Dialect
from unrut.emitter.render.frames import read_template

_WORD = re.compile(r"\bur_\w+")
_DEFINED = re.compile(
    r"^(?:UR_(?:INLINE|APART) .*?\b(?P<function>ur_\w+)\(|typedef \w+ (?P<type>ur_\w+);)", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One paragraph of a vocabulary header: a function or type with its comment, or a remark that stands before several."""

    text: str
    defines: str
    uses: frozenset[str]


WIDTHS = (8, 16, 32, 64)


@cache
def read_vocabulary(names: tuple[str, ...], by_width: tuple[str, ...] = ()) -> tuple[str, tuple[Entry, ...]]:
    """The head (everything before the first remark on its own), and the paragraphs behind it, of all headers in a row."""
    head: list[str] = []
    entries: list[Entry] = []
    texts = [read_template(name) for name in names]
    texts += [read_template(name).replace("32", str(width)) for name in by_width for width in WIDTHS]
    for text in texts:
        paragraphs = text.removesuffix("\n").split("\n\n")
        functions = [k for k, text in enumerate(paragraphs) if _DEFINED.search(text)]
        first = functions[0] - 1 if paragraphs[functions[0] - 1].startswith("// ----") else functions[0]
        head += paragraphs[1:first] if not head else []
        for paragraph in paragraphs[first:]:
            found = _DEFINED.search(paragraph)
            uses = frozenset(_WORD.findall(paragraph))
            defines = (found["function"] or found["type"]) if found else ""
            entries.append(Entry(text=paragraph, defines=defines, uses=uses))
    return "\n\n".join(head), tuple(entries)


def types_in(code: str, dialect: Dialect) -> tuple[str, ...]:
    """The definitions of those types of the headers that a text names."""
    _, entries = read_vocabulary(dialect.vocabulary)
    named = set(_WORD.findall(code))
    return tuple(entry.text for entry in entries if entry.defines in named and entry.text.startswith("typedef"))


def needed(code: str, dialect: Dialect) -> str:
    """Head and functions for a source, in the order of the headers."""
    head, entries = read_vocabulary(dialect.vocabulary, dialect.by_width)
    by_name = {entry.defines: entry for entry in entries if entry.defines}
    wanted, waiting = set[str](), list(_WORD.findall(code))
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in wanted:
            wanted.add(name)
            waiting += by_name[name].uses
    kept: list[str] = []
    pending = ""
    for entry in entries:
        if not entry.defines:
            pending = entry.text
        elif entry.defines in wanted:
            kept += [pending] if pending else []
            kept.append(entry.text)
            pending = ""
    return "\n\n".join([head, *kept])

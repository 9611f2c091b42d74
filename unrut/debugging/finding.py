# SPDX-License-Identifier: Apache-2.0
"""What `lint` found, as data, as text and for notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unrut.errors import Place, with_calls
from unrut.markup import element, page, pre, text
from unrut.program.nodes import Expr, Operand, Statement
from unrut.spans import point_at

MISTAKE, LOOK = "mistake", "look"
"""Levels: almost always a mistake; legal and often meant, but worth a look."""


UNSIZED = "  without shapes ranges are not checked in full: where windows end, what no read comes to"
PYTHON = 'ur.lint({name}, "f32[8, 32]", ...), or in a shell: unrut lint FILE.py:{name} "f32[8, 32]" ...'
SHELL = 'unrut lint {name} "f32[8, 32]" ...'


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing. `kind` is its name in the manual, `level` is `mistake` or `look`, `statement` the tensor concerned."""

    kind: str
    level: str
    message: str
    places: tuple[Place, ...] = ()
    remedy: str = ""
    statement: str = ""

    def __str__(self) -> str:
        return self.show()

    def show(self) -> str:
        """What, where with a caret, and what to try."""
        lines = [f"{self.kind}: {self.message}"]
        for place in self.places:
            lines += point_at(place.span, place.note)
        return "\n".join([*lines, f"  try: {self.remedy}"] if self.remedy else lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that was found in one op, mistakes first. `with_values`: whether arrays were there to be looked at;
    `with_sizes`: whether shapes were given, so that ranges could be checked."""

    name: str
    findings: tuple[Finding, ...]
    with_values: bool = False
    with_sizes: bool = True

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, number: int) -> Finding:
        return self.findings[number]

    def __str__(self) -> str:
        return self.show()

    @property
    def mistakes(self) -> tuple[Finding, ...]:
        """The findings that are almost always mistakes."""
        return tuple(f for f in self.findings if f.level == MISTAKE)

    def kinds(self) -> tuple[str, ...]:
        """The names of what was found, each once."""
        return tuple(dict.fromkeys(f.kind for f in self.findings))

    def show(self, *, shell: str = "") -> str:
        """All findings as text. `shell` is how the command line named the op, where that is who asks."""
        values = "in Python, ur.lint with arrays" if shell else "bind the op to arrays to have its values"
        looked = (
            "" if self.with_values else f"; {values} looks at its values too" if shell else f"; {values} looked at too"
        )
        if not self.with_sizes:
            form = SHELL.format(name=shell) if shell else PYTHON.format(name=self.name)
            looked = f"{looked}\n{UNSIZED}\n  try: {form}, one for each operand"
        if not self.findings:
            return f"{self.name}: nothing found{looked}"
        sure = len(self.mistakes)
        counted = [f"{sure} likely mistake{'s' if sure != 1 else ''}"] if sure else []
        counted += [f"{len(self) - sure} worth a look"] if len(self) > sure else []
        return "\n\n".join([f"{self.name}: {', '.join(counted)}{looked}", *(f.show() for f in self.findings)])

    def _repr_html_(self) -> str:
        return page(*(map(_paragraph, self.findings) if self.findings else [element("p", text(self.show()))]))


def _paragraph(finding: Finding) -> str:
    where = "\n".join(line for place in finding.places for line in point_at(place.span, place.note))
    head = element("p", element("b", text(finding.kind)), text(f": {finding.message}"))
    remedy = element("p", text(f"try: {finding.remedy}"), class_="remedy") if finding.remedy else ""
    return head + (pre(where) if where else "") + remedy


def place_of(*nodes: tuple[Expr | Statement | Operand, str]) -> tuple[Place, ...]:
    """The places of some nodes with a note each, and the calls around them; nodes that were never written are left out."""
    return with_calls([Place(span=node.span, note=note) for node, note in nodes if node.span is not None])

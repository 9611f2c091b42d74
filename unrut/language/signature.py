# SPDX-License-Identifier: Apache-2.0
"""Signatures: `P: f32[n, ci, 3, 3], W: f32, X, s: f32[], tau: scalar`, alone, or as the header of a text.

    parameter = name [":" ("scalar" | [dtype] ["[" dimensions "]"])]
    header    = name "(" parameters ")" "->" (name | "(" names ")")

A dimension is a number or a name; equal names are equal sizes. What a signature leaves out is taken from the arrays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from unrut.errors import DTypeError, Place, UnrutError, raise_all
from unrut.language.names import name_fault
from unrut.language.notation import Parameter, Spec
from unrut.language.source import LogicalLine, Text, logical_lines
from unrut.language.vocabulary import DTYPES
from unrut.spans import Span

LARGEST_EXTENT = 2**40
_TOKEN = re.compile(r"\s*(->|[A-Za-z_][A-Za-z0-9_]*|\d+|\S)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a text."""

    name: str
    parameters: tuple[Parameter, ...]
    scalars: tuple[str, ...]
    results: tuple[str, ...]
    span: Span


class _Reader:
    """Recursive descent over one line; `errors` gathers what does not stop the reading."""

    def __init__(self, text: Text, start: int, code: str) -> None:
        self.text = text
        self.tokens = [(m[1], start + m.start(1)) for m in _TOKEN.finditer(code)]
        self.tokens.append(("", start + len(code.rstrip())))
        self.position = 0
        self.errors: list[UnrutError] = []

    @property
    def next(self) -> str:
        return self.tokens[self.position][0]

    def span(self, at: int | None = None) -> Span:
        token, place = self.tokens[self.position if at is None else at]
        return self.text.span(place, place + max(1, len(token)))

    def take(self) -> str:
        token = self.next
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def expect(self, token: str, after: str, *remedy: str) -> None:
        if self.next != token:
            found = f"`{self.next}`" if self.next else "the end"
            raise self.fault(f"`{token}` is expected {after}, not {found}", *remedy)
        self.take()

    def fault(
        self, message: str, remedy: str = "conv_caps(P: f32[n, 32], W: f32[32, k], tau: scalar) -> V"
    ) -> UnrutError:
        token, place = self.tokens[self.position]
        return self.text.fault(message, place, place + max(1, len(token)), remedy=remedy)

    def name(self, what: str) -> str:
        if not re.match(r"[A-Za-z_]", self.next):
            raise self.fault(
                f"the name of {'an' if what[0] in 'aeiou' else 'a'} {what} is expected, not `{self.next or 'the end'}`"
            )
        fault = name_fault(self.next, what, self.span())
        if fault is not None:
            self.errors.append(fault)
        return self.take()

    def type(self) -> tuple[str | None, tuple[int | str, ...] | None]:
        """A dtype, dimensions, or both."""
        dtype: str | None = None
        if re.match(r"[A-Za-z_]", self.next):
            if self.next not in DTYPES:
                self.errors.append(unknown_dtype(self.next, self.span()))
            dtype = self.take()
        elif self.next != "[":
            raise self.fault("a dtype is expected", remedy=f"one of {', '.join(DTYPES)}, or scalar")
        return dtype, self.dimensions() if self.next == "[" else None

    def dimensions(self) -> tuple[int | str, ...]:
        self.take()
        found: list[int | str] = []
        while self.next != "]":
            if self.next.isdecimal():
                number = int(self.next) if len(self.next) < 20 else LARGEST_EXTENT + 1
                if number > LARGEST_EXTENT:
                    self.errors.append(self.fault("an extent is at most 2**40", remedy="a smaller extent"))
                self.take()
                found.append(number)
            elif re.match(r"[A-Za-z_]", self.next):
                found.append(self.name("size"))
            else:
                raise self.fault(f"a number or a name is expected, not `{self.next or 'the end'}`", remedy="f32[8, n]")
            if self.next != "]":
                self.expect(",", "between extents", "f32[8, n]")
        self.take()
        return tuple(found)

    def parameters(self, end: str) -> tuple[tuple[Parameter, ...], tuple[str, ...]]:
        tensors: list[Parameter] = []
        scalars: list[str] = []
        while self.next != end:
            at = self.position
            name = self.name("parameter")
            if name in scalars or any(p.name == name for p in tensors):
                self.errors.append(
                    self.text.fault(
                        f"parameter `{name}` stands twice",
                        self.tokens[at][1],
                        self.tokens[at][1] + len(name),
                        remedy="another name for one of them",
                    )
                )
            dtype, dimensions = None, None
            is_scalar = False
            if self.next == ":":
                self.take()
                is_scalar = self.next == "scalar"
                if is_scalar:
                    self.take()
                else:
                    dtype, dimensions = self.type()
            if is_scalar:
                scalars.append(name)
            else:
                tensors.append(Parameter(name=name, dtype=dtype, dimensions=dimensions, span=self.span(at)))
            if self.next != end:
                self.expect(",", "between parameters")
        return tuple(tensors), tuple(scalars)


def parse_header(line: LogicalLine) -> Header:
    """Read `name(parameters) -> results`. Raises NotationError, NameClashError, DTypeError."""
    reader = _Reader(line.text, line.start, line.code)
    span = reader.span()
    name = reader.name("op")
    reader.expect("(", "after the op's name")
    tensors, scalars = reader.parameters(")")
    reader.take()
    reader.expect("->", "after the parameters")
    results = []
    if reader.next == "(":
        reader.take()
        while reader.next != ")":
            results.append(reader.name("tensor"))
            if reader.next != ")":
                reader.expect(",", "between results")
        reader.take()
    else:
        results.append(reader.name("tensor"))
    if reader.next:
        raise reader.fault(f"`{reader.next}` after the header", remedy="a new line for each statement")
    if not results:
        reader.errors.append(reader.fault("an op needs at least one result"))
    if reader.errors:
        raise_all(reader.errors)
    return Header(name=name, parameters=tensors, scalars=scalars, results=tuple(results), span=span)


def parse_signature(signature: str, file: str = "<signature>") -> tuple[tuple[Parameter, ...], tuple[str, ...]]:
    """The tensor parameters and the scalars of a signature. Raises NotationError, NameClashError, DTypeError."""
    return _whole(signature, file, lambda reader: reader.parameters(""))


def parse_spec(spec: str, file: str = "<spec>") -> Spec:
    """Read `f32[8, n]`. Raises NotationError, NameClashError, DTypeError."""

    def read(reader: _Reader) -> Spec:
        dtype, dimensions = reader.type()
        if reader.errors:
            raise_all(reader.errors)
        if dtype is None or dimensions is None:
            raise reader.fault(
                "a spec has a dtype and extents", remedy='ur.spec("f32[8, n]"), or ur.spec("f32[]") for a single number'
            )
        return Spec(dtype=dtype, dimensions=dimensions)

    return _whole(spec, file, read)


_T = TypeVar("_T")


def _whole(code: str, file: str, read: Callable[[_Reader], _T]) -> _T:
    """Read all of a text that stands alone; line ends are spaces."""
    text = Text(file=file, text=code.replace("\r", " ").replace("\n", " "))
    lines = logical_lines(text)
    reader = _Reader(text, lines[0].start if lines else 0, lines[0].code if lines else "")
    found = read(reader)
    if reader.next:
        raise reader.fault(f"`{reader.next}` is not expected here", remedy="P: f32[n, 32], W: f32[32, k]")
    if reader.errors:
        raise_all(reader.errors)
    return found


def unknown_dtype(name: str, span: Span | None) -> DTypeError:
    """The error for a dtype that the notation does not have."""
    return DTypeError(
        f"`{name}` is not a dtype of unrut",
        places=[Place(span=span)] if span is not None else [],
        remedy="one of " + ", ".join(DTYPES),
    )

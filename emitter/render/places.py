# SPDX-License-Identifier: Apache-2.0
"""Where elements lie: for each buffer in memory one index function, `at_NAME(i, j)`, and how its elements are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unrut.emitter.layout import Layout, contiguous
from unrut.emitter.nest import Buffer, Nest, Space
from unrut.emitter.render.dialect import Dialect
from unrut.emitter.render.fold import WIDTH
from unrut.emitter.render.names import Names
from unrut.emitter.render.views import IndexView
from unrut.emitter.render.walk import accesses, everything
from unrut.program.nodes import AxisValue
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How elements of one buffer are reached. Registers have their own subscripts, buffers in memory an offset.

    `path` is the set of instructions whose part of a source this is, if there are several.
    """

    buffer: Buffer
    layout: Layout
    name: str
    path: str = ""
    """Of a register without dimensions that is known by its address: `*name`."""

    @property
    def as_byte(self) -> bool:
        """Whether elements are bytes that stand for truth values."""
        return self.buffer.dtype is DType.bool and self.buffer.space is not Space.register

    @property
    def loaded(self) -> bool:
        """Whether elements are read and written by functions, since their addresses are no multiples of their size."""
        return not self.layout.aligned and not self.as_byte

    @property
    def has_function(self) -> bool:
        """Whether there is an index function; without one the only subscript, or 0, is the offset."""
        return self.buffer.space is not Space.register and bool(self.layout.strides) and self.layout != _LINE

    @property
    def index(self) -> str:
        """What the index function is called."""
        return f"at_{self.path}_{self.name}" if self.path else f"at_{self.name}"

    def element(self, subscripts: tuple[str, ...]) -> str:
        """The element as something to assign to; its address if it is `loaded`."""
        if self.buffer.space is Space.register:
            return self.name + "".join(f"[{s}]" for s in subscripts)
        offset = self.offset(subscripts)
        return f"{self.name} + {offset}" if self.loaded else f"{self.name}[{offset}]"

    def value(self, subscripts: tuple[str, ...]) -> str:
        """The element as it is read."""
        element = self.element(subscripts)
        return f"ur_load_{self.buffer.dtype.name}({element})" if self.loaded else element

    def offset(self, subscripts: tuple[str, ...]) -> str:
        """Where an element lies behind the first; linear in the subscripts."""
        if not self.has_function:
            return subscripts[0] if subscripts else "0"
        arguments = ("run", *subscripts) if self.layout.takes_strides else subscripts
        return f"{self.index}({', '.join(arguments)})"


_LINE = Layout(strides=(1,))


def place_of(buffer: Buffer, name: str, given: Layout | None = None, path: str = "") -> Place:
    """The place of a buffer: as given, else dense in C order."""
    dense = contiguous(tuple(e.value() if e.is_fixed else None for e in buffer.shape))
    return Place(buffer=buffer, layout=given or dense, name=name, path=path)


def places_of(nest: Nest, layouts: Mapping[str, Layout], names: Names, path: str = "") -> dict[str, Place]:
    """Every buffer of the nest but registers, which are known where they are declared."""
    outside = {b.name for b in nest.buffers if b.space in (Space.operand, Space.result)}
    return {
        b.name: place_of(b, names.buffers[b.name], layouts[b.name] if b.name in outside else None, path)
        for b in nest.buffers
    }


def index_view(place: Place, bare: BareAxes, names: Names, dialect: Dialect) -> IndexView:
    """The index function of a buffer, its parameters named by the axes that index it bare."""
    parameters = _parameters(place.buffer, bare, dialect)
    strides = place.layout.strides if place.layout.aligned else (None,) * len(parameters)
    terms = []
    for dimension, (parameter, stride) in enumerate(zip(parameters, strides, strict=True)):
        match stride:
            case None:
                terms.append(f"{parameter} * run.{place.name}[{dimension}]")
            case 0:
                pass
            case 1:
                terms.append(parameter)
            case _:
                terms.append(f"{parameter} * {stride}")
    run = [f"const {names.function}_run run"] if place.layout.takes_strides else []
    typed = ", ".join([*run, *(f"int64_t {p}" for p in parameters)])
    unused = "".join(f"(void){p}; " for p, stride in zip(parameters, strides, strict=True) if stride == 0)
    offset = " + ".join(terms) or "0"
    room = WIDTH - len(place.name) - 40
    short = len(typed) + len(unused) + len(offset) <= room
    return IndexView(name=place.index, parameters=typed, offset=offset, unused=unused, is_short=short)


BareAxes = Mapping[tuple[str, int], set[str]]


def bare_axes(nest: Nest, names: Names) -> BareAxes:
    """The axes that stand alone as a subscript, for each buffer and dimension where one does."""
    found: dict[tuple[str, int], set[str]] = {}
    for node in everything(nest):
        for name, subscripts in accesses(node):
            for dimension, subscript in enumerate(subscripts):
                if isinstance(subscript, AxisValue):
                    found.setdefault((name, dimension), set()).add(names.axes[subscript.axis])
    return found


def _parameters(buffer: Buffer, bare: BareAxes, dialect: Dialect) -> tuple[str, ...]:
    """The axis that indexes a dimension bare, if it is always the same one; else the dimension's number."""
    chosen: list[str] = []
    for dimension in range(len(buffer.shape)):
        axes = bare.get((buffer.name, dimension), set())
        name = next(iter(axes)) if len(axes) == 1 else f"i{dimension}"
        chosen.append(name if name not in chosen and name not in dialect.reserved else f"i{dimension}_")
    return tuple(chosen)

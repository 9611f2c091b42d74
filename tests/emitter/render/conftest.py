# SPDX-License-Identifier: Apache-2.0
"""Short ways to write nests by hand, and to compile them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from unrut.emitter.build import build
from unrut.emitter.kernel import Kernel
from unrut.emitter.layout import Layout
from unrut.emitter.machine import BASELINE
from unrut.emitter.nest import Buffer, Nest, Space
from unrut.emitter.pipeline import Trace
from unrut.emitter.render import render
from unrut.program.extents import Extent, as_extent, named
from unrut.program.nodes import AxisValue, Call, Cast, Const, Expr, ExtentValue, Program, Read, Where
from unrut.program.types import DType

NOTHING = Program(name="none", operands=(), scalars=(), given=(), statements=(), results=())


def _extent(value: int | str | Extent) -> Extent:
    return named(value) if isinstance(value, str) else as_extent(value)


def _buffer(name: str, dtype: DType, shape: tuple[int | str | Extent, ...], space: Space) -> Buffer:
    return Buffer(name=name, dtype=dtype, shape=tuple(map(_extent, shape)), space=space)


def _call(function: str, *arguments: Expr, dtype: DType | None = None) -> Call:
    return Call(function=function, arguments=arguments, dtype=dtype or arguments[0].dtype)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Builders with short names: `make.call("add", make.axis("i"), make.number(1))`."""
    return SimpleNamespace(
        axis=lambda name: AxisValue(axis=name),
        number=lambda value, dtype=DType.i64: Const(value=value, dtype=dtype),
        size=lambda extent: ExtentValue(extent=_extent(extent)),
        read=lambda name, *subscripts, dtype=DType.f32: Read(tensor=name, subscripts=subscripts, dtype=dtype),
        call=_call,
        cast=lambda operand, dtype: Cast(operand=operand, dtype=dtype),
        where=lambda c, a, b: Where(condition=c, then=a, otherwise=b, dtype=a.dtype),
        buffer=_buffer,
    )


@pytest.fixture(scope="session")
def compiled() -> Callable[..., Kernel]:
    """A kernel from a nest, without the stages before it."""

    def compile_nest(nest: Nest, layouts: Mapping[str, Layout] | None = None, **options: Any) -> Kernel:
        source = render(nest, layouts, note=nest.name)
        trace = Trace(program=NOTHING, layouts=layouts or {}, machine=BASELINE, nest=nest, source=source)
        return Kernel(build(source), trace, **options)

    return compile_nest

# SPDX-License-Identifier: Apache-2.0
"""Conversions in C, from every type to every other. Floats of 16 bits are words that f32 is read from and written to."""

from __future__ import annotations

from collections.abc import Iterator

from unrut.emitter.render.integers import TYPES
from unrut.emitter.render.spelling import ANYTHING, EQUALITY, PRIMARY, SAME, UNARY, Spelling, call, prefix
from unrut.program.types import DType


def conversions() -> dict[tuple[DType, DType], Spelling]:
    """How `target(source)` is written: one rounding, saturation, NaN to 0, integers wrap, anything but 0 is true."""
    return {(source, target): spelling for source in TYPES for target, spelling in _from(source)}


def _from(source: DType) -> Iterator[tuple[DType, Spelling]]:
    for target in TYPES:
        if target is source:
            yield target, SAME
        elif source.is_half:
            yield target, _through(_plain(DType.f32, target), f"ur_f32_from_{source.name}({{0}})")
        else:
            yield target, _plain(source, target)


def _plain(source: DType, target: DType) -> Spelling:
    if source is target:
        return SAME
    if target is DType.bool:
        zero = {DType.f32: "0.0f", DType.f64: "0.0"}.get(source, "0")
        return Spelling(pattern=f"{{0}} != {zero}", precedence=EQUALITY, inside=(EQUALITY + 1,))
    if target.is_half:
        return _to_half(source, target)
    if source.is_float and target.is_integer:
        return call(f"ur_{target.name}_from_{source.name}")
    return prefix(f"({TYPES[target]})")


def _to_half(source: DType, target: DType) -> Spelling:
    """From f32 where that holds every value, else from f64; integers of 64 bits may need more than f64 has."""
    if source.is_float:
        return call(f"ur_{target.name}_from_{source.name}")
    if source.size == 8:
        return _through(call(f"ur_{target.name}_from_f64"), f"ur_odd_f64_from_{source.name}({{0}})")
    wide = DType.f64 if source.size == 4 else DType.f32
    return _through(call(f"ur_{target.name}_from_{wide.name}"), f"({TYPES[wide]}){{0}}", UNARY)


def _through(outer: Spelling, inner: str, inside: int = ANYTHING) -> Spelling:
    """One conversion after another; `inner` is a call, or a cast that binds as tightly as one may stand anywhere."""
    precedence = PRIMARY if outer is SAME else outer.precedence
    return Spelling(pattern=outer.pattern.format(inner), precedence=precedence, inside=(inside,))

# SPDX-License-Identifier: Apache-2.0
"""What is found out once about arrays of certain dtypes, shapes, strides and flags: whether and how a kernel takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from unrut.emitter.binding import (
    Array,
    extent_faults,
    form_faults,
    layout_faults,
    result_shape,
    self_overlap_faults,
    solve_sizes,
)
from unrut.emitter.layout import parts_of
from unrut.emitter.source import Argument, Signature
from unrut.errors import BindError, InternalError, UnrutError, raise_all
from unrut.program.types import DType


@dataclass(frozen=True, slots=True)
class Fit:
    """The sizes that arrays of one form have, and what a call with them needs beside their addresses."""

    sizes: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    """Of the results."""
    strides: tuple[Any, ...]
    """For each argument its strides as an array of C, or None; none at all if the source has them all."""
    views: tuple[tuple[int, DType | None], ...]
    """Arguments that are no buffer as they are, and of which dtype they are one (None: of their own, from their start on)."""
    pairs: tuple[tuple[int, int], ...]
    """Results beside arguments that might share memory with them."""
    workspaces: dict[int, int] = field(default_factory=dict)
    """Bytes for each number of threads that was asked for."""


def fit(
    signature: Signature,
    operands: Sequence[Any],
    results: Sequence[Any] | None,
    numbers: Callable[[list[int]], Any],
) -> Fit:
    """Check everything that depends on form alone. `results`: None where they are allocated; `numbers` makes an array of C.

    Raises BindError.
    """
    read = [a for a in signature.arguments if not a.written]
    written = [a for a in signature.arguments if a.written]
    pairs = list(zip(read, operands, strict=True))
    pairs += zip(written, results, strict=True) if results is not None else ()
    faults: list[UnrutError] = [fault for argument, value in pairs for fault in form_faults(argument, value)]
    if faults:
        raise_all(faults)
    sizes = solve_sizes(signature, {argument.name: array.shape for argument, array in pairs})
    if set(sizes) != set(signature.sizes):
        raise InternalError(f"sizes {signature.sizes} of {signature.name} do not follow from its operands")
    shapes = tuple(result_shape(argument, sizes) for argument in written)
    if results is None:
        faults += [f for a, shape in zip(written, shapes, strict=True) for f in _fresh_faults(a, shape)]
    for argument, array in pairs:
        faults += extent_faults(argument, array, sizes)
        faults += layout_faults(argument, _elements(argument, array))
        faults += self_overlap_faults(argument, array) if argument.written else ()
    if faults:
        raise_all(faults)
    layouts = [(a, _elements(a, array).strides) for a, array in pairs]
    if results is None:
        layouts += [(a, _c_order(_whole(a, s), a.dtype.size)) for a, s in zip(written, shapes, strict=True)]
    strides = tuple(numbers(_strides(a, steps)) if a.layout.takes_strides else None for a, steps in layouts)
    return Fit(
        sizes=tuple(sizes[name] for name in signature.sizes),
        shapes=shapes,
        strides=strides if any(a.layout.takes_strides for a, _ in layouts) else (),
        views=tuple(_views(signature, [array for _, array in pairs])),
        pairs=tuple(_neighbours(len(read), [array for _, array in pairs])),
    )


def _views(signature: Signature, arrays: Sequence[Array]) -> list[tuple[int, DType | None]]:
    found: list[tuple[int, DType | None]] = []
    for number, argument in enumerate(signature.arguments):
        if argument.dtype is DType.bf16:
            found.append((number, DType.u16))  # bf16 is no buffer that others know
        if number < len(arrays) and not arrays[number].flags.c_contiguous:
            found.append((number, None))
    return found


def _neighbours(read: int, arrays: Sequence[Array]) -> list[tuple[int, int]]:
    """Each result given, beside every operand and every result before it; empty ones share nothing."""
    return [
        (result, other)
        for result in range(read, len(arrays))
        for other in range(result)
        if arrays[result].size and arrays[other].size
    ]


def _strides(argument: Argument, steps: tuple[int, ...]) -> list[int]:
    """Strides as C counts them, one at least."""
    unit = argument.dtype.size if argument.layout.aligned else 1
    return [step // unit for step in steps] or [0]


def _fresh_faults(argument: Argument, shape: tuple[int, ...]) -> list[BindError]:
    """A result that is allocated has C order; a kernel made for another layout has to be given its arrays."""
    whole = _whole(argument, shape)
    pairs = zip(argument.layout.strides, _c_order(whole, 1), whole, strict=True)
    if 0 in shape or not argument.layout.aligned or all(s in (None, step) or e <= 1 for s, step, e in pairs):
        return []
    return [
        BindError(f"the kernel was compiled for another layout of `{argument.name}`", remedy=f"out={argument.name}")
    ]


def _elements(argument: Argument, array: Array) -> Array:
    """The array as the C function sees it."""
    return parts_of(array) if argument.layout.pairs else array


def _whole(argument: Argument, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the same."""
    return (*shape, 2) if argument.layout.pairs else shape


def _c_order(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    steps: list[int] = []
    for extent in reversed(shape):
        steps.append(size)
        size *= max(extent, 1)
    return tuple(reversed(steps))


def as_buffer(array: Array, dtype: DType | None) -> Array:
    """An array that begins where this one does and that C finds by the buffer protocol; it keeps this one alive.

    One with gaps shows its first place alone, empty: only its address is wanted.
    """
    return array[:0] if dtype is None else array.view(dtype.numpy)

# SPDX-License-Identifier: Apache-2.0
"""Whether arrays fit a compiled kernel: dtype, rank, extents, strides, alignment, writability, overlap.

Every fault is a BindError that names the argument and what to do; all faults of a call are raised together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from unrut.emitter.layout import Layout
from unrut.emitter.source import Argument, Signature
from unrut.errors import BindError
from unrut.program.extents import Extent, Named, evaluate

Array = np.ndarray[Any, Any]

_WORK = 100_000
"""Steps that the exact test for shared elements may take; more than that counts as overlapping."""


def form_faults(argument: Argument, value: object) -> Iterator[BindError]:
    """What is wrong with a value whatever the sizes are: no array, another dtype or rank, not writable."""
    name = argument.name
    if not isinstance(value, np.ndarray) or isinstance(value, np.ma.MaskedArray):
        yield BindError(f"`{name}` is a {type(value).__name__}, not an array", remedy=f"np.asarray({name})")
        return
    wanted = argument.array_dtype.numpy
    if value.dtype != wanted:
        if value.dtype.newbyteorder("=") == wanted:
            swap = f"{name}.astype({argument.array_dtype.spelled}), which has this machine's byte order"
            yield BindError(f"the bytes of `{name}` are in the other order ({value.dtype.str})", remedy=swap)
        else:
            yield BindError(
                f"`{name}` has dtype {value.dtype}, the kernel was compiled for {wanted}",
                remedy=f"an array of {wanted.name} to write to"
                if argument.written
                else f"{name}.astype({argument.array_dtype.spelled}), or call the op itself, which compiles for {value.dtype}",
            )
    if value.ndim != len(argument.array_shape):
        wanted_text = f"{argument.array_dtype.name}{_shape(argument.array_shape)}"
        yield BindError(
            f"`{name}` has {value.ndim} dimensions, {wanted_text} has {len(argument.array_shape)}",
            remedy=f"an array of shape {_shape(argument.array_shape)}",
        )
    if argument.written and not value.flags.writeable:
        yield BindError(f"`{name}` is to be written, and is read-only", remedy=f"np.empty_like({name})")


def solve_sizes(signature: Signature, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """The run-time sizes, each from the first dimension that is nothing but it (or a multiple of it, and a constant)."""
    sizes: dict[str, int] = {}
    for argument in signature.arguments:
        for extent, number in zip(argument.array_shape, shapes.get(argument.name, ()), strict=False):
            match extent:
                case Extent(constant=k, terms=((c, Named(name=name)),)) if c > 0 and name not in sizes:
                    sizes[name] = max(0, (number - k) // c)
                case _:
                    pass
    return sizes


def result_shape(argument: Argument, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The extents of a tensor for given sizes; an extent below 0 is an empty range."""
    return tuple(max(0, evaluate(extent, sizes)) for extent in argument.array_shape)


def extent_faults(argument: Argument, array: Array, sizes: Mapping[str, int]) -> Iterator[BindError]:
    """Extents that disagree with the program's, or with those of another array."""
    wanted = result_shape(argument, sizes)
    if array.shape != wanted:
        where = f", where {', '.join(f'{n} = {v}' for n, v in sizes.items())}" if sizes else ""
        yield BindError(
            f"`{argument.name}` has shape {array.shape}, the kernel was compiled for {_shape(argument.array_shape)}{where}",
            remedy=f"np.empty({wanted}, {argument.array_dtype.spelled})"
            if argument.written
            else f"an array of shape {wanted}, or call the op itself, which compiles for other shapes",
        )


def layout_faults(argument: Argument, array: Array) -> Iterator[BindError]:
    """Strides or an alignment that the compiled code does not expect. Extents 0 and 1 are never stepped over."""
    layout = argument.layout
    if array.size == 0 or not layout.aligned:
        return
    again = "call the op itself, which compiles for this layout, or bind it to arrays like this one"
    if not _is_aligned(array):
        yield BindError(
            f"`{argument.name}` lies at an address that is no multiple of its element size, the kernel needs one",
            remedy=f"{argument.name}.copy(), or {again}",
        )
        return
    steps = zip(array.strides, array.shape, layout.strides, strict=True)
    if any(extent > 1 and wanted is not None and step != wanted * array.itemsize for step, extent, wanted in steps):
        wanted_text = _shape(tuple("any" if s is None else s for s in layout.strides))
        yield BindError(
            f"`{argument.name}` has strides {tuple(s // array.itemsize for s in array.strides)} in elements, "
            f"the kernel was compiled for {wanted_text}",
            remedy=f"np.ascontiguousarray({argument.name}), or {again}" if _is_plain(layout, array) else again,
        )


def _is_aligned(array: Array) -> bool:
    used = (step for step, extent in zip(array.strides, array.shape, strict=True) if extent > 1)
    return array.ctypes.data % array.itemsize == 0 and not any(step % array.itemsize for step in used)


def _is_plain(layout: Layout, array: Array) -> bool:
    """Whether the kernel takes C order."""
    step, plain = 1, []
    for extent in reversed(array.shape):
        plain.append(step)
        step *= extent
    pairs = zip(layout.strides, reversed(plain), array.shape, strict=True)
    return all(wanted is None or wanted == given or extent <= 1 for wanted, given, extent in pairs)


def self_overlap_faults(argument: Argument, array: Array) -> Iterator[BindError]:
    """Elements that are written and are twice in an array: the kernel may then compute anything."""
    if _meets_itself(array):
        message = f"elements of `{argument.name}` share memory with each other"
        yield BindError(message, remedy=f"np.empty({array.shape})")


def overlap_faults(written: Mapping[str, Array], read: Mapping[str, Array]) -> Iterator[BindError]:
    """Elements that are written and belong to two arrays: the kernel may then compute anything."""
    names = list(written)
    for number, name in enumerate(names):
        array = written[name]
        for other, given in (*read.items(), *((n, written[n]) for n in names[:number])):
            if _overlap(array, given):
                yield BindError(f"`{name}` shares memory with `{other}`", remedy=f"out=np.empty_like({name})")


def _overlap(left: Array, right: Array) -> bool:
    if not np.may_share_memory(left, right):
        return False
    try:
        return np.shares_memory(left, right, max_work=_WORK)  # type: ignore[arg-type]  # any number will do
    except np.exceptions.TooHardError:
        return True


def _meets_itself(array: Array) -> bool:
    """Whether two places may be one element. Each step has to go beyond all that smaller steps reach."""
    if array.size == 0:
        return False
    reach = array.itemsize
    for step, extent in sorted((abs(s), e) for s, e in zip(array.strides, array.shape, strict=True) if e > 1):
        if step < reach:
            return True
        reach += step * (extent - 1)
    return False


def _shape(parts: Sequence[object]) -> str:
    return f"({', '.join(map(str, parts))}{',' if len(parts) == 1 else ''})"

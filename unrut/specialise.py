# SPDX-License-Identifier: Apache-2.0
"""Which kernel serves a call: compiled for the first-seen extents, and an extent made a run-time size at its second value.

Before: each call has dtypes, shapes and memory layouts. After: as few kernels as serve them all, those of the first
shapes specialised fully. Because: a shape that never changes deserves its numbers in the source, one that changes must
not compile anew at every call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from unrut.arrays import Array, array_spec
from unrut.errors import InternalError, UnrutError
from unrut.language.notation import Spec
from unrut.program.nodes import Program

if TYPE_CHECKING:
    from unrut.emitter.kernel import Kernel
    from unrut.emitter.layout import Layout

REMEMBERED = 1024  # calls of different shapes, strides or alignment whose kernel is found at once


@dataclass(slots=True)
class Family:
    """Calls that differ in extents only: the first-seen extents, and which of them have varied since."""

    first: tuple[tuple[int, ...], ...]
    varying: set[tuple[int, int]] = field(default_factory=set)


class Kernels:
    """The kernels of one op, for all its options, dtypes, shapes and layouts in this process."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._families: dict[tuple[object, ...], Family] = {}
        self._kernels: dict[tuple[object, ...], Kernel] = {}
        self._calls: dict[tuple[object, ...], Kernel] = {}

    def kernel(
        self,
        program: Callable[[tuple[Spec, ...]], Program],
        options: tuple[object, ...],
        arrays: Mapping[str, Array],
        out: Any,
    ) -> Kernel:
        """The kernel for a call. `program` elaborates the op for specs; errors are those of the exact shapes."""
        shapes = tuple(a.shape for a in arrays.values())
        kinds = (options, *(a.dtype.str for a in arrays.values()), *(a.ndim for a in arrays.values()))
        exact = (kinds, shapes, _memory(arrays.values()), _memory(_results(out)))
        found = self._calls.get(exact)
        if found is None:
            with self._lock:
                found = self._calls.get(exact) or self._make(program, kinds, shapes, arrays, out)
                if len(self._calls) >= REMEMBERED:
                    self._calls.clear()
                self._calls[exact] = found
        return found

    def _make(
        self,
        program: Callable[[tuple[Spec, ...]], Program],
        kinds: tuple[object, ...],
        shapes: tuple[tuple[int, ...], ...],
        arrays: Mapping[str, Array],
        out: Any,
    ) -> Kernel:
        specs = tuple(array_spec(a, name) for name, a in arrays.items())
        chosen = program(specs)
        if kinds not in self._families:
            self._families[kinds] = Family(shapes)
        family = self._families[kinds]
        family.varying |= {
            (k, d)
            for k, (first, now) in enumerate(zip(family.first, shapes, strict=True))
            for d in range(len(now))
            if first[d] != now[d]
        }
        if family.varying:
            chosen = _generalised(program, specs, arrays, family) or chosen
        layouts = layouts_of(chosen, arrays, out)
        key = (kinds, tuple(operand.shape for operand in chosen.operands), tuple(layouts.items()))
        if key not in self._kernels:
            from unrut.emitter import compile_program

            self._kernels[key] = compile_program(chosen, layouts)
        return self._kernels[key]


def _generalised(
    program: Callable[[tuple[Spec, ...]], Program],
    specs: tuple[Spec, ...],
    arrays: Mapping[str, Array],
    family: Family,
) -> Program | None:
    """The program with a name for every extent that varies, or None if it can't be had without the numbers."""
    general = tuple(
        Spec(
            dtype=spec.dtype,
            dimensions=tuple(f"{name}{d}" if (k, d) in family.varying else e for d, e in enumerate(spec.dimensions)),
        )
        for k, (name, spec) in enumerate(zip(arrays, specs, strict=True))
    )
    try:
        return program(general)
    except InternalError:
        raise
    except UnrutError:  # what holds for these numbers need not hold, or not provably, for all
        return None


def layouts_of(program: Program, arrays: Mapping[str, Array], out: Any) -> dict[str, Layout]:
    """The layout of every operand and result; C order where there is no array yet."""
    from unrut.emitter.layout import contiguous, layout_of

    given = {**arrays, **dict(zip(program.results, _results(out), strict=False))}
    found = {}
    for name in (*(operand.name for operand in program.operands), *program.results):
        shape = tuple(extent.value() if extent.is_fixed else None for extent in program.shape_of(name))
        array = given.get(name)
        pairs = program.dtype_of(name).is_complex
        fits = array is not None and array.ndim == len(shape) and (array.dtype.kind == "c") == pairs
        found[name] = layout_of(array, shape) if array is not None and fits else contiguous(shape, pairs=pairs)
    return found


def _results(out: Any) -> tuple[Array, ...]:
    given = out if isinstance(out, tuple | list) else (out,)
    return tuple(a for a in given if isinstance(a, np.ndarray))


def _memory(arrays: Any) -> tuple[object, ...]:
    """What layouts depend on, beside extents."""
    return tuple((a.shape, a.strides, a.__array_interface__["data"][0] % a.itemsize) for a in arrays)

# SPDX-License-Identifier: Apache-2.0
"""A compiled kernel as a function of NumPy arrays: check, allocate what is missing, call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import local
from typing import TYPE_CHECKING, Any

import numpy as np

from unrut.emitter.binding import (
    Array,
    extent_faults,
    form_faults,
    layout_faults,
    overlap_faults,
    result_shape,
    solve_sizes,
)
from unrut.emitter.build.library import Library
from unrut.emitter.build.threads import MOST_THREADS, default_threads, thread_count
from unrut.emitter.layout import parts_of
from unrut.emitter.render.dialect import C
from unrut.emitter.source import Argument, Signature
from unrut.errors import BindError, InternalError, Place, RangeError, UnrutError, raise_all
from unrut.program.extents import extent_text

if TYPE_CHECKING:
    from unrut.emitter.pipeline import Trace
    from unrut.emitter.report import Report

_ALIGNMENT = 64
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class _Call:
    """What was found out about arrays of certain shapes, strides and dtypes: they fit, and these are the sizes."""

    sizes: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    """Of the results."""
    strides: tuple[Any, ...]
    """For each argument its strides as a C array, or None."""


class Kernel:
    """`kernel(P, W)` computes the results of a program, one array or a tuple of them.

    Operands by position, in the program's order, or by name; run-time scalars by name, where `scalars` has no value. `out`
    takes the results' arrays, which may overlap no other argument. `threads` is the number of threads to use at most, by
    default OMP_NUM_THREADS or all processors; it never changes a bit of the results. Safe to call from several threads at
    once, without the GIL.

    Raises BindError: arrays of other dtypes, ranks, extents or strides than compiled for; read-only or overlapping
    results; sizes for which the program has no meaning. Raises RangeError where a place that is computed from the data is
    outside of its tensor.
    """

    def __init__(
        self,
        library: Library,
        trace: Trace,
        *,
        threads: int | None = None,
        scalars: Mapping[str, float] | None = None,
    ) -> None:
        self.library = library
        self.trace = trace
        self.threads = default_threads() if threads is None else thread_count(threads)
        self.scalars = dict(scalars or {})
        self.signature: Signature = library.source.signature
        self._operands = tuple(a for a in self.signature.arguments if not a.written)
        self._results = tuple(a for a in self.signature.arguments if a.written)
        self._order = {a.name: k for k, a in enumerate(self._operands)}
        self._function = library.function(self.signature.name)
        self._workspace = library.function(f"{self.signature.name}_workspace")
        self._ffi = library.ffi
        self._pointers = tuple(self._ffi.typeof(_pointer(a)) for a in self.signature.arguments)
        self._arrays = tuple(self._ffi.typeof(_pointer(a, array=True)) for a in self.signature.arguments)
        self._known: dict[tuple[object, ...], _Call] = {}
        self._kept = local()

    def __call__(self, /, *arrays: Array, out: Any = None, threads: int | None = None, **named: Any) -> Any:
        """The results; see the class."""
        operands, scalars = self._sort(arrays, named)
        given = self._take(out)
        everything = operands if given is None else (*operands, *given)
        key = tuple(map(_form, everything))
        call = self._known.get(key)
        if call is None:
            call = self._check(operands, given)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = call
        if given is None:
            results = tuple(_fresh(a, shape) for a, shape in zip(self._results, call.shapes, strict=True))
        else:
            results = given
            self._refuse_overlap(operands, results)
        self._run(call, (*operands, *results), scalars, self.threads if threads is None else thread_count(threads))
        return results[0] if len(results) == 1 else results

    def source(self) -> str:
        """The C that was compiled: one file that needs nothing else."""
        return self.library.source.code

    def header(self) -> str:
        """A header for other projects, with the meaning of every return code."""
        return self.library.source.header

    def show(self, stage: str = "source") -> str:
        """One stage of the journey as text: program, graph, plan, nest or source."""
        return self.trace.show(stage)

    def report(self) -> Report:
        """Operations, bytes, scratch, predicted times, and the plan with its reasons. Measures the machine, once for all."""
        from unrut.emitter.build.rates import measured_rates
        from unrut.emitter.report import report

        return report(self.trace, rates=measured_rates(self.trace.machine.vector))

    def __repr__(self) -> str:
        operands = ", ".join(_spec(a) for a in self._operands)
        return f"<kernel {self.signature.name}({operands}) -> {', '.join(_spec(a) for a in self._results)}>"

    def _sort(self, arrays: Sequence[Any], named: dict[str, Any]) -> tuple[tuple[Any, ...], list[float]]:
        """Operands in their order, and the scalars in theirs."""
        if len(arrays) == len(self._operands) and not named and not self.signature.scalars:
            return arrays if isinstance(arrays, tuple) else tuple(arrays), []
        faults: list[UnrutError] = []
        usage = f"{self.signature.name}({', '.join([*self._order, *(f'{s}=...' for s in self.signature.scalars)])})"
        if len(arrays) > len(self._operands):
            faults.append(BindError(f"{len(arrays)} arrays for {len(self._operands)} operands", remedy=usage))
        found = dict(zip(self._order, arrays, strict=False))
        scalars = dict(self.scalars)
        for name, value in named.items():
            if name in self.signature.scalars:
                if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                    faults.append(
                        BindError(f"`{name}` is a {type(value).__name__}, not a number", remedy=f"{name}=1.0")
                    )
                else:
                    scalars[name] = float(value)
            elif name not in self._order:
                faults.append(BindError(f"there is no operand or scalar `{name}`", remedy=usage))
            elif name in found:
                faults.append(BindError(f"`{name}` is given by position and by name", remedy=usage))
            else:
                found[name] = value
        absent = [n for n in (*self._order, *self.signature.scalars) if n not in found and n not in scalars]
        if absent and not faults:
            faults.append(BindError(f"`{'`, `'.join(absent)}` missing", remedy=usage))
        if faults:
            raise_all(faults)
        return tuple(found[n] for n in self._order), [scalars[n] for n in self.signature.scalars]

    def _take(self, out: Any) -> tuple[Any, ...] | None:
        if out is None:
            return None
        given = tuple(out) if isinstance(out, tuple | list) else (out,)
        if len(given) != len(self._results):
            names = ", ".join(a.name for a in self._results)
            raise BindError(f"out= has {len(given)} arrays for {len(self._results)} results", remedy=f"out=({names})")
        return given

    def _check(self, operands: tuple[Any, ...], given: tuple[Any, ...] | None) -> _Call:
        """Everything that depends on shapes, strides and dtypes alone, so it is found out once."""
        pairs = list(zip(self._operands, operands, strict=True))
        pairs += zip(self._results, given, strict=True) if given is not None else ()
        faults: list[UnrutError] = [fault for argument, value in pairs for fault in form_faults(argument, value)]
        if faults:
            raise_all(faults)
        sizes = solve_sizes(self.signature, {argument.name: array.shape for argument, array in pairs})
        if set(sizes) != set(self.signature.sizes):
            raise InternalError(
                f"sizes {self.signature.sizes} of {self.signature.name} do not follow from its operands"
            )
        shapes = tuple(result_shape(argument, sizes) for argument in self._results)
        if given is None:
            faults += [f for a, shape in zip(self._results, shapes, strict=True) for f in _fresh_faults(a, shape)]
        for argument, array in pairs:
            faults += extent_faults(argument, array, sizes)
            faults += layout_faults(argument, _elements(argument, array))
        if faults:
            raise_all(faults)
        layouts = [(a, _elements(a, array).strides) for a, array in pairs]
        if given is None:
            layouts += [(a, _c_order(_whole(a, s), a.dtype.size)) for a, s in zip(self._results, shapes, strict=True)]
        strides = tuple(self._strides(argument, steps) for argument, steps in layouts)
        return _Call(tuple(sizes[name] for name in self.signature.sizes), shapes, strides)

    def _strides(self, argument: Argument, steps: tuple[int, ...]) -> Any:
        """Strides for C, or None where the source has them."""
        if not argument.layout.takes_strides:
            return None
        unit = argument.dtype.size if argument.layout.aligned else 1
        return self._ffi.new("int64_t[]", [step // unit for step in steps] or [0])

    def _refuse_overlap(self, operands: tuple[Array, ...], results: tuple[Array, ...]) -> None:
        written = {argument.name: array for argument, array in zip(self._results, results, strict=True)}
        read = {argument.name: array for argument, array in zip(self._operands, operands, strict=True)}
        if faults := list(overlap_faults(written, read)):
            raise_all(faults)

    def _run(self, call: _Call, arrays: tuple[Array, ...], scalars: list[float], threads: int) -> None:
        arguments: list[Any] = [*call.sizes]
        for array, strides, pointer, kind in zip(arrays, call.strides, self._pointers, self._arrays, strict=True):
            if array.dtype.itemsize == 2:
                array = array.view(np.uint16)  # bf16 is no buffer that others know
            if array.flags.c_contiguous:
                arguments.append(self._ffi.from_buffer(kind, array))
            else:
                arguments.append(self._ffi.cast(pointer, array.ctypes.data))
            if strides is not None:
                arguments.append(strides)
        threads = min(threads, MOST_THREADS)
        code = self._function(*arguments, *scalars, self._space(call, threads), threads)
        if code:
            raise self._refusal(code, call)

    def _space(self, call: _Call, threads: int) -> Any:
        """Aligned workspace, kept for the next call of the same thread."""
        needed = self._workspace(*call.sizes, threads)
        if needed == 0:
            return self._ffi.NULL
        if needed > getattr(self._kept, "bytes", 0):
            try:
                block = np.empty(needed + _ALIGNMENT, np.uint8)
            except (MemoryError, ValueError, OverflowError):
                sizes = dict(zip(self.signature.sizes, call.sizes, strict=True))
                raise BindError(
                    f"{self.signature.name} needs a workspace of {needed} bytes for sizes {sizes} and {threads} threads",
                    remedy="smaller arrays, or fewer threads",
                ) from None
            begin = -block.ctypes.data % _ALIGNMENT
            self._kept.block = block[begin : begin + needed]
            self._kept.bytes = needed
            self._kept.pointer = self._ffi.cast("void *", self._kept.block.ctypes.data)
        return self._kept.pointer

    def _refusal(self, code: int, call: _Call) -> UnrutError:
        sizes = ", ".join(f"{n} = {v}" for n, v in zip(self.signature.sizes, call.sizes, strict=True))
        if code <= len(self.signature.preconditions):
            needed = self.signature.preconditions[code - 1]
            text = f"{extent_text(needed.left)} {needed.relation.value} {extent_text(needed.right)}"
            return BindError(
                f"{self.signature.name} needs {text}; here {sizes}"
                + (f" ({needed.because})" if needed.because else ""),
                remedy="arrays of other extents",
            )
        if code == self.signature.size_code:
            return BindError(
                f"a size is too large: {sizes}", remedy="arrays with at most 2**40 elements along a dimension"
            )
        for number, check in enumerate(self.signature.checks):
            if code == self.signature.check_code(number):
                return RangeError(
                    f"data of `{self.signature.name}` leads outside of `{check.tensor}`: it needs {check.needed}",
                    places=[Place(span=check.span)] if check.span is not None else [],
                    remedy=f"{check.remedy}; the reference names the first element where it happens",
                )
        return InternalError(f"{self.signature.name} returned {code}")


def _form(array: Any) -> object:
    """What the checks depend on; whatever is no array has a form of its own, and fails them."""
    if type(array) is not np.ndarray:
        return (type(array), id(array)) if not isinstance(array, np.ndarray) else (type(array), *_form_of(array))
    return _form_of(array)


def _form_of(array: Array) -> tuple[object, ...]:
    flags = array.flags
    return array.shape, array.strides, array.dtype, flags.aligned, flags.writeable


def _fresh(argument: Argument, shape: tuple[int, ...]) -> Array:
    """An array for a result, in C order."""
    try:
        return np.empty(shape, argument.array_dtype.numpy)
    except (MemoryError, ValueError) as error:
        raise BindError(
            f"there is no memory for `{argument.name}` of shape {shape}: {error}", remedy="smaller arrays"
        ) from None


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


def _pointer(argument: Argument, *, array: bool = False) -> str:
    kind = C.elements[argument.dtype] if argument.layout.aligned else "void" if not array else "uint8_t"
    return f"{kind}[]" if array else f"{kind} *"


def _spec(argument: Argument) -> str:
    return f"{argument.name}: {argument.array_dtype.name}[{', '.join(map(extent_text, argument.array_shape))}]"

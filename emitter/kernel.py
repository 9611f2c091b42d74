# SPDX-License-Identifier: Apache-2.0
"""A compiled kernel as a function of NumPy arrays: check, allocate what is missing, call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from unrut.emitter import given
from unrut.emitter.binding import Array, overlap_faults
from unrut.emitter.build import room
from unrut.emitter.build.library import Library, from_buffer
from unrut.emitter.build.threads import MOST_THREADS, default_threads, thread_count
from unrut.emitter.fit import Fit, as_buffer, fit
from unrut.emitter.raw import Raw
from unrut.emitter.render.dialect import C
from unrut.emitter.source import Argument, Signature
from unrut.errors import BindError, InternalError, Place, RangeError, UnrutError, raise_all
from unrut.program.extents import extent_text

if TYPE_CHECKING:
    from unrut.emitter.pipeline import Trace
    from unrut.emitter.report import Report

_REMEMBERED = 256

Space = Callable[[int], Array]


class Kernel:
    """`kernel(P, W)` computes the results of a program, one array or a tuple of them.

    Operands by position, in the program's order, or by name; run-time scalars by name, where `scalars` has no value. `out`
    takes the results' arrays, which may overlap no other argument. `threads` is the number of threads to use at most, by
    default OMP_NUM_THREADS or all processors; it never changes a bit of the results. Safe to call from several threads at
    once, without the GIL. Results that are allocated and large lie in memory of `emitter.build.room`.

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
        self._function = library.function(self.signature.name)
        self._workspace = library.function(f"{self.signature.name}_workspace")
        self._ffi = library.ffi
        self._arrays = tuple(self._ffi.typeof(_pointer(a)) for a in self.signature.arguments)
        self._fits: dict[tuple[object, ...], Fit] = {}
        self._numbers = functools.partial(self._ffi.new, "int64_t[]")
        self._bytes = self._ffi.typeof("char[]")
        self._null = self._ffi.NULL
        self._single = len(self._results) == 1
        self._plain = -1 if self.signature.scalars else len(self._operands)

    def __call__(self, /, *arrays: Array, out: Any = None, threads: int | None = None, **named: Any) -> Any:
        """The results; see the class."""
        arguments, results, found = self._prepare(arrays, named, out, threads, room.workspace)
        code = self._function(*arguments)
        if code:
            raise self._refusal(code, found)
        return results[0] if self._single else results

    def raw(self, /, *arrays: Array, out: Any = None, threads: int | None = None, **named: Any) -> Raw:
        """A call with everything settled: `raw = kernel.raw(P, W, out=V)`, then `raw()` as often as wanted.

        Takes what a call takes and checks it once. `raw()` reads the arrays' elements of that moment, writes the results
        anew and returns them. Raises what a call raises; `raw()` itself what depends on the elements, RangeError, and on
        sizes that only C judges, BindError.
        """
        arguments, results, found = self._prepare(arrays, named, out, threads, room.aligned)
        return Raw(
            function=self._function,
            arguments=arguments,
            refusal=lambda code: self._refusal(code, found),
            name=self.signature.name,
            results=results,
        )

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

    def _prepare(
        self, arrays: tuple[Any, ...], named: dict[str, Any], out: Any, threads: int | None, space: Space
    ) -> tuple[list[Any], tuple[Array, ...], Fit]:
        """What the C function is called with, which keeps all memory alive; the results; how they fit."""
        if named or len(arrays) != self._plain:
            arrays, scalars = given.sort(self.signature, arrays, named, self.scalars)
        else:
            scalars = []
        if out is None:
            results: tuple[Array, ...] = ()
        elif self._single and type(out) is np.ndarray:
            results = (out,)
        else:
            results = given.results(self.signature, out)
        arrays += results
        try:
            form = tuple([(type(a), a.dtype, a.shape, a.strides, a.flags.num) for a in arrays])
            found = self._fits.get(form)
        except (AttributeError, TypeError):  # no arrays, as `fit` says
            form, found = (), None
        if found is None:
            found = self._learn(form, arrays, out is not None)
        if out is None:
            results = tuple([_fresh(a, shape) for a, shape in zip(self._results, found.shapes, strict=True)])
            arrays += results
        for one, other in found.pairs:
            if np.may_share_memory(arrays[one], arrays[other]):
                self._refuse_overlap(arrays)
                break
        return self._arguments(found, arrays, scalars, threads, space), results, found

    def _learn(self, form: tuple[object, ...], arrays: tuple[Any, ...], all_given: bool) -> Fit:
        count = len(self._operands)
        found = fit(self.signature, arrays[:count], arrays[count:] if all_given else None, self._numbers)
        if len(self._fits) >= _REMEMBERED:
            self._fits.clear()
        self._fits[form] = found
        return found

    def _refuse_overlap(self, arrays: tuple[Array, ...]) -> None:
        named = {argument.name: array for argument, array in zip(self.signature.arguments, arrays, strict=True)}
        written = {argument.name: named.pop(argument.name) for argument in self._results}
        if faults := list(overlap_faults(written, named)):
            raise_all(faults)

    def _arguments(
        self, found: Fit, arrays: tuple[Array, ...], scalars: list[float], threads: int | None, space: Space
    ) -> list[Any]:
        if found.views:
            shown = list(arrays)
            for number, dtype in found.views:
                shown[number] = as_buffer(shown[number], dtype)
            arrays = tuple(shown)
        buffers = [*map(from_buffer, self._arrays, arrays)]
        if found.strides:
            pairs = zip(buffers, found.strides, strict=True)
            buffers = [part for pair in pairs for part in pair if part is not None]
        workers = min(self.threads if threads is None else thread_count(threads), MOST_THREADS)
        needed = found.workspaces.get(workers)
        if needed is None:
            needed = found.workspaces[workers] = int(self._workspace(*found.sizes, workers))
        if needed == 0:
            return [*found.sizes, *buffers, *scalars, self._null, workers]
        try:
            block = space(needed)
        except (MemoryError, ValueError, OverflowError):
            sizes = dict(zip(self.signature.sizes, found.sizes, strict=True))
            raise BindError(
                f"{self.signature.name} needs a workspace of {needed} bytes for sizes {sizes} and {workers} threads",
                remedy="smaller arrays, or fewer threads",
            ) from None
        return [*found.sizes, *buffers, *scalars, from_buffer(self._bytes, block), workers]

    def _refusal(self, code: int, found: Fit) -> UnrutError:
        sizes = ", ".join(f"{n} = {v}" for n, v in zip(self.signature.sizes, found.sizes, strict=True))
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


def _fresh(argument: Argument, shape: tuple[int, ...]) -> Array:
    """An array for a result, in C order."""
    try:
        return room.empty(shape, argument.array_dtype.numpy)
    except (MemoryError, ValueError) as error:
        raise BindError(
            f"there is no memory for `{argument.name}` of shape {shape}: {error}", remedy="smaller arrays"
        ) from None


def _pointer(argument: Argument) -> str:
    return f"{C.elements[argument.dtype] if argument.layout.aligned else 'uint8_t'}[]"


def _spec(argument: Argument) -> str:
    return f"{argument.name}: {argument.array_dtype.name}[{', '.join(map(extent_text, argument.array_shape))}]"

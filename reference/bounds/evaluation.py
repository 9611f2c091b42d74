# SPDX-License-Identifier: Apache-2.0
"""A whole program with bounds: results as a person or a test wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unrut.program.nodes import Program, Statement
from unrut.program.pairs import paired
from unrut.reference.binding import bind, whole_tensor
from unrut.reference.bounds.interpreter import MeasuringInterpreter
from unrut.reference.bounds.signs import Signs
from unrut.reference.complex_calls import pair
from unrut.reference.evaluation import run
from unrut.reference.places import WIDE, Array, Bools, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """One tensor with its bound: every legal result r has `|r - value| <= bound`, element by element.

    Of complex numbers `bound` is complex, too: its real part bounds the error of the real part, its imaginary part that of
    the imaginary one.

    `value` is wide: f64 for floats, their pairs for complex numbers, not rounded to the tensor's dtype; integers and booleans
    themselves. `bound` is 0 where the value is known bit for bit (an infinity or NaN there is demanded; the sign of a zero is
    not), and inf where nothing is. For booleans 1 says that either value is right. `undecided` marks elements on which a
    comparison, a step or an argmax within the errors of its arguments had an influence.
    """

    value: Array
    bound: Array
    undecided: Bools

    def accepts(self, result: Array) -> Bools:
        """At which elements a result is right: of complex numbers, in both parts."""
        if np.iscomplexobj(self.value):
            given = np.asarray(result)
            re = replace(self, value=self.value.real, bound=self.bound.real)
            im = replace(self, value=self.value.imag, bound=self.bound.imag)
            return re.accepts(given.real) & im.accepts(given.imag)
        with np.errstate(all="ignore"):
            wide = np.asarray(result)
            same = (wide == self.value) | (np.isnan(wide) & np.isnan(self.value))
            away = np.abs(np.subtract(wide, self.value, dtype=np.float64))
            return np.asarray(same | (away <= self.bound) | np.isinf(self.bound))


def evaluate_with_bounds(
    program: Program, arrays: Mapping[str, Array], scalars: Mapping[str, float] | None = None, *, every: bool = False
) -> dict[str, Bounded]:
    """What `evaluate` gives, with a bound on the error of any kernel: whatever its order of summation, its contractions,
    its elementary functions within `ULPS`, its folding of statements. Complex numbers are computed in parts, by the formulas of
    the language's page.

    Raises what `evaluate` raises, except that an invalid computed read has an infinite bound.
    """
    scene = bind(program, arrays, scalars or {})
    wanted = [s.target for s in program.defining()] if every else list(program.results)
    known = paired(program)
    if known.program is not program:
        program = known.program
        scene = replace(scene, tensors={name: _in_parts(tensor) for name, tensor in scene.tensors.items()})
    kept = [part for name in wanted for part in known.parts.get(name, (name,))]
    interpreter = MeasuringInterpreter(Signs(program, scene.scalars))

    def allocate(statement: Statement, shape: tuple[int, ...]) -> Array:
        stored = [("value", WIDE[statement.dtype]), ("error", np.float64), ("undecided", np.bool_)]
        return np.empty(shape, np.dtype(stored, align=True))

    with np.errstate(all="ignore"):
        found = run(program, scene, kept, allocate, interpreter.statement)
    return {name: _bounded([found[part] for part in known.parts.get(name, (name,))]) for name in wanted}


def _bounded(parts: Sequence[Array]) -> Bounded:
    """A tensor from its elements with errors, or from those of its real and its imaginary part."""
    if len(parts) == 1:
        (array,) = parts
        return Bounded(
            value=np.ascontiguousarray(array["value"]).reshape(array.shape),
            bound=np.ascontiguousarray(array["error"]).reshape(array.shape),
            undecided=np.ascontiguousarray(array["undecided"]).reshape(array.shape),
        )
    re, im = parts
    return Bounded(
        value=pair(re["value"], im["value"]),
        bound=pair(re["error"], im["error"]),
        undecided=re["undecided"] | im["undecided"],
    )


def _in_parts(tensor: Tensor) -> Tensor:
    """An operand of complex numbers as one of pairs; no copy."""
    if not np.iscomplexobj(tensor.array):
        return tensor
    return whole_tensor(tensor.array[..., None].view(tensor.array.real.dtype))

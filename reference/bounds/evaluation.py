# SPDX-License-Identifier: Apache-2.0
"""A whole program with bounds: results as a person or a test wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from unrut.program.nodes import Program, Statement
from unrut.program.pairs import paired
from unrut.reference.binding import bind, whole_tensor
from unrut.reference.bounds.interpreter import MeasuringInterpreter
from unrut.reference.bounds.signs import Signs
from unrut.reference.complex_calls import pair
from unrut.reference.evaluation import run
from unrut.reference.places import WIDE, Array, Bools, Floats, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """One tensor with its bound: every legal result r has `|r - value| <= bound`, element by element.

    Of complex numbers `bound` is one of the magnitude of the error; `parts` are the real and the imaginary part, each with a
    bound of its own, and both must hold.

    `value` is wide: f64 for floats, their pairs for complex numbers, not rounded to the tensor's dtype; integers and booleans
    themselves. `bound` is 0 where the value is known bit for bit (an infinity or NaN there is demanded; the sign of a zero is
    not), and inf where nothing is. For booleans 1 says that either value is right. `undecided` marks elements on which a
    comparison, a step or an argmax within the errors of its arguments had an influence.
    """

    value: Array
    bound: Floats
    undecided: Bools
    parts: tuple[Bounded, ...] = ()

    def accepts(self, result: Array) -> Bools:
        """At which elements a result is right: of complex numbers, in both parts."""
        if self.parts:
            re, im = self.parts
            given = np.asarray(result)
            return re.accepts(given.real) & im.accepts(given.imag)
        with np.errstate(all="ignore"):
            wide = np.asarray(result)
            wide = wide.astype(np.float64) if wide.dtype.itemsize == 2 and wide.dtype.kind in "fV" else wide
            same = (wide == self.value) | (np.isnan(wide) & np.isnan(self.value))
            away = np.abs(np.subtract(wide, self.value, dtype=np.result_type(self.value, np.float64)))
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
        scene = replace(scene, tensors={name: in_parts(tensor) for name, tensor in scene.tensors.items()})
    kept = [part for name in wanted for part in known.parts.get(name, (name,))]
    interpreter = MeasuringInterpreter(Signs(program, scene.scalars))

    def allocate(statement: Statement, shape: tuple[int, ...]) -> Array:
        stored = [("value", WIDE[statement.dtype]), ("error", np.float64), ("undecided", np.bool_)]
        return np.empty(shape, np.dtype(stored, align=True))

    with np.errstate(all="ignore"):
        found = run(program, scene, kept, allocate, interpreter.statement)
    bounded = {name: _bounded(array) for name, array in found.items()}
    return {
        name: _joined(*(bounded[part] for part in known.parts[name])) if name in known.parts else bounded[name]
        for name in wanted
    }


def _bounded(array: Array) -> Bounded:
    """A tensor from its elements with errors."""
    return Bounded(
        value=np.ascontiguousarray(array["value"]).reshape(array.shape),
        bound=np.ascontiguousarray(array["error"]).reshape(array.shape),
        undecided=np.ascontiguousarray(array["undecided"]).reshape(array.shape),
    )


def _joined(re: Bounded, im: Bounded) -> Bounded:
    """Complex numbers from their parts."""
    return Bounded(
        value=pair(re.value, im.value),
        bound=np.hypot(re.bound, im.bound),
        undecided=re.undecided | im.undecided,
        parts=(re, im),
    )


def in_parts(tensor: Tensor) -> Tensor:
    """An operand of complex numbers as one of pairs; no copy."""
    if not np.iscomplexobj(tensor.array):
        return tensor
    return whole_tensor(tensor.array[..., None].view(tensor.array.real.dtype))

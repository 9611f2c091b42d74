# SPDX-License-Identifier: Apache-2.0
"""A whole program with bounds: results as a person or a test wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from unrut.program.nodes import Program, Statement
from unrut.reference.binding import bind
from unrut.reference.bounds.interpreter import MeasuringInterpreter
from unrut.reference.bounds.signs import Signs
from unrut.reference.evaluation import run
from unrut.reference.places import WIDE, Array, Bools, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """One tensor with its bound: every legal result r has `|r - value| <= bound`, element by element.

    `value` is wide: f64 for floats, not rounded to the tensor's dtype; integers and booleans themselves. `bound` is 0
    where the value is known bit for bit (an infinity or NaN there is demanded; the sign of a zero is not), and inf where
    nothing is. For booleans 1 says that either value is right. `undecided` marks elements on which a comparison, a step or
    an argmax within the errors of its arguments had an influence.
    """

    value: Array
    bound: Floats
    undecided: Bools

    def accepts(self, result: Array) -> Bools:
        """At which elements a result is right."""
        with np.errstate(all="ignore"):
            wide = np.asarray(result)
            same = (wide == self.value) | (np.isnan(wide) & np.isnan(self.value))
            away = np.abs(np.subtract(wide, self.value, dtype=np.float64))
            return np.asarray(same | (away <= self.bound) | np.isinf(self.bound))


def evaluate_with_bounds(
    program: Program, arrays: Mapping[str, Array], scalars: Mapping[str, float] | None = None, *, every: bool = False
) -> dict[str, Bounded]:
    """What `evaluate` gives, with a bound on the error of any kernel: whatever its order of summation, its contractions,
    its elementary functions within `ULPS`, its folding of statements.

    Raises what `evaluate` raises, except that an invalid computed read has an infinite bound.
    """
    scene = bind(program, arrays, scalars or {})
    kept = [s.target for s in program.defining()] if every else list(program.results)
    interpreter = MeasuringInterpreter(Signs(program, scene.scalars))

    def allocate(statement: Statement, shape: tuple[int, ...]) -> Array:
        stored = [("value", WIDE[statement.dtype]), ("error", np.float64), ("undecided", np.bool_)]
        return np.empty(shape, np.dtype(stored, align=True))

    with np.errstate(all="ignore"):
        found = run(program, scene, kept, allocate, interpreter.statement)
    return {
        name: Bounded(
            value=np.ascontiguousarray(array["value"]).reshape(array.shape),
            bound=np.ascontiguousarray(array["error"]).reshape(array.shape),
            undecided=np.ascontiguousarray(array["undecided"]).reshape(array.shape),
        )
        for name, array in found.items()
    }

# SPDX-License-Identifier: Apache-2.0
"""A program through the emitter up to its Nest, which the interpreter runs: no compiler, arrays as callers have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unrut.emitter import emit
from unrut.emitter.layout import parts_of
from unrut.emitter.machine import Machine
from unrut.emitter.nest import Nest
from unrut.errors import InternalError
from unrut.program.nodes import Program
from unrut.testing.nest_interpreter import run

Array = np.ndarray[Any, Any]


def run_program(
    program: Program,
    arrays: Mapping[str, Array],
    scalars: Mapping[str, float] | None = None,
    *,
    seed: int = 0,
    machine: Machine | None = None,
) -> dict[str, Array]:
    """The results by name, planned for a machine (by default this one). Complex numbers are pairs in a Nest, and numbers
    again in what is given back.
    """
    nest = emit(program, machine=machine, stop="nest").nest
    if nest is None:
        raise InternalError(f"no nest came out of {program.name}")
    return run_nest(nest, program, arrays, scalars, seed=seed)


def run_nest(
    nest: Nest,
    program: Program,
    arrays: Mapping[str, Array],
    scalars: Mapping[str, float] | None = None,
    *,
    seed: int = 0,
) -> dict[str, Array]:
    """The same of a nest that was made of the program in some way."""
    given = {name: parts_of(a) if a.dtype.kind == "c" else a for name, a in arrays.items()}
    found = run(nest, given, scalars or {}, seed=seed)
    return {name: _whole(array, program.dtype_of(name).numpy) for name, array in found.items()}


def _whole(array: Array, dtype: np.dtype[Any]) -> Array:
    return np.ascontiguousarray(array).view(dtype)[..., 0] if dtype.kind == "c" else array

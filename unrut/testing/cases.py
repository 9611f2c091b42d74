# SPDX-License-Identifier: Apache-2.0
"""A program with operands to run it on: one case of a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unrut.emitter.layout import Layout, layout_of
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.extents import evaluate
from unrut.program.nodes import Program
from unrut.testing.layouts import relaid
from unrut.testing.programs import Sample
from unrut.testing.ragged import offsets
from unrut.testing.values import exact_values, values

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A typed program, its operands by name, its scalars by name, and the text it came from."""

    program: Program
    arrays: Mapping[str, Array]
    scalars: Mapping[str, float]
    text: str

    @property
    def layouts(self) -> dict[str, Layout]:
        """How the operands lie, as a kernel for them may rely on it; results are contiguous."""
        return {
            o.name: layout_of(self.arrays[o.name], tuple(e.value() if e.is_fixed else None for e in o.shape))
            for o in self.program.operands
        }


def draw_case(sample: Sample, *, seed: int, style: str = "ordinary", layout: str = "contiguous") -> Case:
    """Operands for a random program. `layout` "mixed" gives each operand another one."""
    program = elaborate(parse(sample.text), ())
    random = np.random.default_rng(seed)
    arrays: dict[str, Array] = {}
    for number, operand in enumerate(program.operands):
        shape = tuple(evaluate(e, sample.sizes) for e in operand.shape)
        dtype = operand.dtype.numpy
        if operand.name in sample.offsets:
            plain = offsets(random, shape, dtype, sample.offsets[operand.name], invalid=sample.invalid)
        else:
            plain = exact_values(random, shape, dtype) if sample.exact else values(random, shape, dtype, style)
        arrays[operand.name] = relaid(plain, _MIXED[(seed + number) % len(_MIXED)] if layout == "mixed" else layout)
    scalars = {name: float(random.uniform(0.5, 2.0)) for name in program.scalars}
    return Case(program=program, arrays=arrays, scalars=scalars, text=sample.text)


_MIXED = ("fortran", "contiguous", "reversed", "unaligned", "gaps", "broadcast", "field", "readonly", "offset")

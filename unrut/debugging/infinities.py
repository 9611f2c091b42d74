# SPDX-License-Identifier: Apache-2.0
"""Infinities that are meant: literals, as where a score is masked, and what a maximum over nothing gives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from unrut.program.nodes import Call, Const, Expr, Program, Reduce, ReduceKind
from unrut.program.walk import map_bottom_up
from unrut.reference import evaluate
from unrut.reference.places import Array

OVER_NOTHING = (ReduceKind.max, ReduceKind.min, ReduceKind.logsumexp)
"""Reductions that give an infinity where there are no terms."""


def made(program: Program, arrays: Mapping[str, Array], scalars: Mapping[str, float]) -> dict[str, Array]:
    """By tensor, at which elements arithmetic makes something that is not finite, written infinities being 0."""
    statements = tuple(replace(s, body=map_bottom_up(s.body, _without)) for s in program.statements)
    without = replace(program, statements=statements)
    with np.errstate(all="ignore"):
        found = evaluate(without, arrays, scalars, every=True)
    return {name: ~np.isfinite(value) for name, value in found.items() if value.dtype.kind in "fc"}


def _without(expr: Expr) -> Expr:
    """The node with 0 for a written infinity; a maximum becomes 0, or NaN where one of its terms is not finite."""
    match expr:
        case Const(value=value, dtype=dtype) if dtype.is_float and math.isinf(value):
            return replace(expr, value=0.0)
        case Reduce(kind=kind, body=body) if kind in OVER_NOTHING and body.dtype.is_float:
            zero = Const(value=0.0, dtype=body.dtype)
            still = Call(function="subtract", arguments=(body, body), dtype=body.dtype)
            return replace(expr, kind=ReduceKind.max, body=still, initial=zero)
        case _:
            return expr

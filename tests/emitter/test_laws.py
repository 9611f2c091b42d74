# SPDX-License-Identifier: Apache-2.0
"""What the table of laws says of each reduction, tried on numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from unrut.emitter.graph.laws import identity, law
from unrut.errors import InternalError
from unrut.program.nodes import ReduceKind
from unrut.program.types import DType

MADE_OF_OTHERS = (ReduceKind.count, ReduceKind.logsumexp)
NUMBERS = {DType.i32: (-3, 0, 2, 7), DType.f64: (-1.5, 0.0, 2.0), DType.bool: (False, True)}


def combined(kinds: list[ReduceKind]) -> list[tuple[ReduceKind, DType]]:
    logical = (ReduceKind.any, ReduceKind.all)
    return [(k, d) for k in kinds if law(k).combine for d in NUMBERS if (k in logical) == (d is DType.bool)]


KINDS = [ReduceKind.sum, ReduceKind.prod, ReduceKind.max, ReduceKind.min, ReduceKind.any, ReduceKind.all]


@pytest.mark.parametrize(("kind", "dtype"), combined(KINDS))
def test_the_combining_function_keeps_its_law(kind: ReduceKind, dtype: DType) -> None:
    combine = getattr(np, law(kind).combine)
    values = [dtype.numpy.type(v) for v in NUMBERS[dtype]]
    neutral = dtype.numpy.type(identity(kind, dtype).value)
    associative = all(
        combine(combine(a, b), c) == combine(a, combine(b, c)) for a, b, c in itertools.product(values, repeat=3)
    )
    commutative = all(combine(a, b) == combine(b, a) for a, b in itertools.product(values, repeat=2))
    assert (associative, commutative) == (law(kind).associative, law(kind).commutative)
    assert all(combine(neutral, v) == v == combine(v, neutral) for v in values)


@pytest.mark.parametrize("kind", [ReduceKind.argmax, ReduceKind.argmin])
def test_places_depend_on_the_order(kind: ReduceKind) -> None:
    assert (law(kind).associative, law(kind).commutative) == (True, False)


@pytest.mark.parametrize("kind", MADE_OF_OTHERS)
def test_what_is_made_of_others_has_no_law(kind: ReduceKind) -> None:
    with pytest.raises(InternalError):
        law(kind)
    with pytest.raises(InternalError):
        identity(kind, DType.f32)

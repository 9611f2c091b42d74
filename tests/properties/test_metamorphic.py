# SPDX-License-Identifier: Apache-2.0
"""Relations that hold without knowing the right answer, at sizes where the reference would be slow."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unrut import ops
from unrut.emitter.kernel import Kernel
from unrut.testing.cases import Case, draw_case
from unrut.testing.programs import Sample, programs
from unrut.testing.values import exact_values

pytestmark = pytest.mark.compiler
Array = np.ndarray[Any, Any]
seeds = st.integers(0, 2**31)


def _outcome(kernel: Kernel, case: Case) -> list[bytes]:
    found = kernel(*(case.arrays[o.name] for o in case.program.operands), **case.scalars)
    return [a.tobytes() for a in (found if isinstance(found, tuple) else (found,))]


@settings(max_examples=settings.default.max_examples // 2)  # each costs a process or two kernels
@given(sample=programs(exact=True), seed=seeds)
def test_neither_names_nor_the_order_of_statements_matter(
    sample: Sample, seed: int, kernel_for: Callable[[Case], Kernel]
) -> None:
    header, *lines = re.sub(r"\b(?![cfiu](?:8|16|32|64|128)\b)([a-z])(\d*)\b(?!\()", r"q\1\2", sample.text).splitlines()
    ranges, statements = [t for t in lines if t.startswith("axis")], [t for t in lines if not t.startswith("axis")]
    renamed = replace(sample, text="\n".join([header, *ranges, *reversed(statements)]) + "\n")
    one, other = draw_case(sample, seed=seed), draw_case(renamed, seed=seed)
    assert _outcome(kernel_for(one), one) == _outcome(kernel_for(other), other)


SHAPES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "matmul": ((131, 67), (67, 259)),
    "batched_matmul": ((7, 33, 65), (7, 65, 17)),
    "conv2d": ((2, 5, 31, 29), (7, 5, 3, 5)),
    "depthwise_conv2d": ((2, 9, 31, 29), (9, 3, 5)),
    "transposed_conv2d": ((2, 5, 13, 11), (5, 7, 4, 3)),
    "conv_caps": ((2, 5, 9, 8, 4, 4), (7, 5, 3, 3, 4, 4)),
    "caps_votes": ((2, 3, 7, 8, 4, 3), (5, 3, 3, 2, 3, 4)),
}


def _operands(name: str) -> tuple[Array, Array]:
    random = np.random.default_rng(3)
    left, right = SHAPES[name]
    return random.standard_normal(left, dtype=np.float32), random.standard_normal(right, dtype=np.float32)


@pytest.mark.parametrize("name", SHAPES)
def test_powers_of_two_pass_through_linear_ops_unrounded(name: str) -> None:
    op, (left, right) = getattr(ops, name), _operands(name)
    assert (op(left * 8, right) == op(left, right) * 8).all()
    assert (op(left, right / 4) == op(left, right) / 4).all()


@pytest.mark.parametrize("name", SHAPES)
def test_ops_are_linear_on_small_integers(name: str) -> None:
    op, random = getattr(ops, name), np.random.default_rng(5)
    left, right = SHAPES[name]
    a, b = (exact_values(random, left, np.dtype(np.float32)) for _ in range(2))
    c = exact_values(random, right, np.dtype(np.float32))
    assert (op(a + b, c) == op(a, c) + op(b, c)).all()
    assert (op(a, np.asfortranarray(c)) == op(a[..., ::-1][..., ::-1], c)).all()


def test_matmul_of_transposes_is_the_transpose() -> None:
    random = np.random.default_rng(9)
    a, b = (exact_values(random, shape, np.dtype(np.float32)) for shape in SHAPES["matmul"])
    assert (ops.matmul(a, b).T == ops.matmul(b.T, a.T)).all()


def test_convolution_with_more_zero_channels_is_the_same() -> None:
    random = np.random.default_rng(9)
    image, kernel = (exact_values(random, shape, np.dtype(np.float32)) for shape in SHAPES["conv2d"])
    wider = (
        np.concatenate([image, np.ones_like(image)], axis=1),
        np.concatenate([kernel, np.zeros_like(kernel)], axis=1),
    )
    assert (ops.conv2d(image, kernel, padding=1) == ops.conv2d(*wider, padding=1)).all()

# SPDX-License-Identifier: Apache-2.0
"""The conformance corpus through the reference, the Nest interpreter and C: exact results, also of the edge rules."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from unrut.emitter.kernel import Kernel
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.extents import evaluate as number
from unrut.program.nodes import Program
from unrut.program.types import DType
from unrut.reference import evaluate
from unrut.testing.cases import Case
from unrut.testing.nest_runs import run_program

CORPUS = Path(__file__).parents[2] / "docs" / "conformance" / "cases.toml"
CASES = tomllib.loads(CORPUS.read_text(encoding="utf-8"))["case"]
Array = np.ndarray[Any, Any]


def _array(values: list[Any], dtype: DType, shape: tuple[int, ...]) -> Array:
    if dtype.is_complex:
        return _array([part for pair in values for part in pair], dtype.part, (*shape, 2)).view(dtype.numpy)[..., 0]
    kind = float if dtype.is_float else bool if dtype is DType.bool else int
    return np.array([kind(v) for v in values], dtype.numpy).reshape(shape)


def _parts(array: Array) -> Array:
    array = array.astype(np.float32) if array.dtype == ml_dtypes.bfloat16 else array  # NumPy knows no NaN of it
    return array[..., None].view(array.real.dtype) if array.dtype.kind == "c" else array


def _loaded(case: dict[str, Any]) -> tuple[Program, dict[str, Array]]:
    program = elaborate(parse(case["program"]), ())
    arrays = {
        o.name: _array(case["operands"][o.name], o.dtype, tuple(number(e, case.get("sizes", {})) for e in o.shape))
        for o in program.operands
    }
    return program, arrays


def _hold(case: dict[str, Any], got: dict[str, Array]) -> None:
    assert set(got) == set(case["results"])
    for name, want in case["results"].items():
        expected = _array(want["values"], DType[want["dtype"]], tuple(want["shape"]))
        assert (got[name].dtype, got[name].shape) == (expected.dtype, expected.shape), name
        np.testing.assert_array_equal(_parts(got[name]), _parts(expected), err_msg=name, strict=True)
        if case.get("signed_zeros"):
            np.testing.assert_array_equal(np.signbit(got[name]), np.signbit(expected), err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_reference(case: dict[str, Any]) -> None:
    program, arrays = _loaded(case)
    _hold(case, evaluate(program, arrays))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_nest(case: dict[str, Any]) -> None:
    program, arrays = _loaded(case)
    _hold(case, run_program(program, arrays))


@pytest.mark.compiler
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_c(case: dict[str, Any], kernel_for: Callable[[Case], Kernel]) -> None:
    program, arrays = _loaded(case)
    found = kernel_for(Case(program=program, arrays=arrays, scalars={}, text=case["program"]))(*arrays.values())
    _hold(case, dict(zip(program.results, found if isinstance(found, tuple) else (found,), strict=True)))

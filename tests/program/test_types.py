# SPDX-License-Identifier: Apache-2.0
"""Facts about dtypes against NumPy and ml_dtypes, and rounding to 16 bits against fractions."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from unrut.emitter import emit
from unrut.errors import BindError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.rounding import nearest
from unrut.program.types import DType, dtype_of, promote

HALVES = [DType.f16, DType.bf16]


@pytest.mark.parametrize("dtype", list(DType))
def test_the_table(dtype):
    assert dtype.size == dtype.numpy.itemsize
    assert dtype_of(dtype.numpy) is dtype
    module, name = dtype.spelled.split(".")
    assert getattr({"np": np, "ml_dtypes": ml_dtypes}[module], name) == dtype.numpy
    if dtype.is_float:
        info = ml_dtypes.finfo(dtype.numpy)
        assert dtype.roundoff == float(info.eps) / 2
        assert (dtype.tiny, dtype.largest) == (float(info.smallest_subnormal), float(info.max))
    elif dtype.is_integer:
        info = np.iinfo(dtype.numpy)
        assert dtype.limits == (info.min, info.max)
        assert dtype.is_signed == (info.min < 0)
    else:
        assert not dtype.is_half


def rounded(x: float | int, dtype: DType) -> float:
    """The nearest number, ties to the even one, by comparing with both neighbours."""
    if isinstance(x, float) and not math.isfinite(x):
        return x
    digits, least, top = dtype.binary_format
    exact, place = abs(Fraction(x)), least
    while exact >= Fraction(2) ** (place + digits):
        place += 1
    unit = Fraction(2) ** place
    low = exact // unit
    over = exact - low * unit
    near = low + (over > unit / 2 or (over == unit / 2 and low % 2 == 1))
    size = float(near * unit) if near * unit < Fraction(2) ** top else math.inf
    return math.copysign(size, x)


@pytest.mark.parametrize("dtype", HALVES)
def test_rounding_is_to_nearest_and_done_once(dtype):
    words = np.arange(0, 2**16, 7, dtype=np.uint16).view(dtype.numpy).astype(np.float64)
    words = words[np.isfinite(words)]
    steps = np.sort(words)
    middles = (steps[1:] + steps[:-1]) / 2
    random = np.random.default_rng(3)
    wide = np.ldexp(random.standard_normal(3000), random.integers(-150, 150, 3000))
    # Beside a tie by less than f32 can say: rounded by way of f32 it would be taken for the tie.
    ties = np.ldexp(
        1 + (2 * random.integers(0, 2**6, 500) + 1) / 2.0 ** (dtype.binary_format[0]), random.integers(-9, 9, 500)
    )
    beside = np.concatenate([np.nextafter(ties, 0), ties, np.nextafter(ties, np.inf)])
    for x in (words, middles, wide, beside, np.array([np.inf, -np.inf, np.nan, -0.0, 0.0, 5e-324, 1e308])):
        wanted = np.array([rounded(v, dtype) for v in x.tolist()])
        assert np.array_equal(nearest(x, dtype), wanted, equal_nan=True)
        assert np.array_equal(np.signbit(nearest(x, dtype)), np.signbit(x))
        with np.errstate(all="ignore"):
            assert np.array_equal(nearest(x, dtype).astype(dtype.numpy).astype(np.float64), wanted, equal_nan=True)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int32, np.int64, np.uint64])
def test_integers_are_rounded_once(dtype, kind):
    info = np.iinfo(kind)
    random = np.random.default_rng(5)
    some = random.integers(info.min, info.max, 500, kind, endpoint=True)
    shifted = some >> random.integers(0, 8 * some.itemsize, 500).astype(kind)
    for lead in (257, 259) if info.bits == 64 else ():  # ties of bf16, and what lies just beside them
        power = kind(lead) << kind(54)
        shifted = np.concatenate([shifted, np.array([power - kind(1), power, power + kind(1)])])
    values = np.concatenate([some, shifted, np.array([info.min, info.max, 0, 1], kind)])
    assert nearest(values, dtype).tolist() == [rounded(v, dtype) for v in values.tolist()]


def test_promotion_of_bf16():
    assert promote(DType.bf16, DType.f16) is DType.f32
    assert promote(DType.bf16, DType.u8) is DType.bf16
    assert promote(DType.bf16, DType.i16) is DType.f32
    assert promote(DType.bf16, DType.i32) is DType.f64
    assert promote(DType.bf16, DType.c64) is DType.c64


def test_without_ml_dtypes_only_arrays_of_bf16_are_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    program = elaborate(parse("f(x: bf16[8], k: u8[8]) -> y\ny[i] = x[i]*2 + sum[j](x[j]) + k[i]"))
    assert program.dtype_of("y") is DType.bf16
    assert "ur_f32_from_bf16" in emit(program).source.code
    with pytest.raises(BindError, match="ml_dtypes") as error:
        _ = DType.bf16.numpy
    assert "pip install ml_dtypes" in str(error.value)

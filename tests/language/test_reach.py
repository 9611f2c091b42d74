# SPDX-License-Identifier: Apache-2.0
"""Index arithmetic that could wrap is refused wherever it stands; numbers and data keep all of 64 bits."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.errors import RangeError

FIXED, AT_RUN_TIME = "i64[3]", "i64[n]"


def op(condition: str, spec: str = FIXED):
    return ur.parse(f"f(x: {spec}) -> y\ny[i] = where({condition}, x[i], 0)")


@pytest.mark.parametrize(
    ("condition", "end"),
    [
        ("i + 9223372036854775806 > 0", "9223372036854775808, beyond 2**62"),
        ("4611686018427387904*i < 3", "9223372036854775808, beyond 2**62"),
        ("9223372036854775807*i + 1 <= 3", "18446744073709551614, beyond 2**62"),
        ("-9223372036854775807*i < 3", "-18446744073709551614, beyond 2**62"),
        ("4611686018427387904*(i*i + 1) > 0", "23058430092136939520, beyond 2**62"),
        ("(i + 9223372036854775806)//4 > 0", "9223372036854775808, beyond 2**62"),
        ("(i + 9223372036854775806) % 4 > 0", "9223372036854775808, beyond 2**62"),
        ("maximum(i, 2)*9223372036854775807 > 0", "18446744073709551614, beyond 2**62"),
        ("i < 2**64", "18446744073709551616, beyond 2**63"),
        ("i < 10**400", "2**96, beyond 2**63"),
        ("(i + 4000000000)**2 > 0", "16000000016000000004, beyond 2**62"),
        ("(i - 4000000000)**3 > 0", "-64000000000000000000000000000, beyond 2**62"),
        ("square(i + 4000000000) > 0", "16000000016000000004, beyond 2**62"),
        ("(i + 1) << 62 > 0", "13835058055282163712, beyond 2**62"),
        ("abs(i - 9223372036854775807) > 0", "-9223372036854775807, beyond 2**62"),
        ("i < 4611686018427387904*2", "9223372036854775808, beyond 2**63"),
        ("i < x.shape[0]*4611686018427387904", "13835058055282163712, beyond 2**63"),
    ],
)
def test_arithmetic_that_goes_too_far_is_refused(condition, end):
    with pytest.raises(RangeError) as found:
        op(condition).program()
    assert f"reaches {end}" in str(found.value)
    assert "^^^" in str(found.value)
    assert "try: " in str(found.value)


@pytest.mark.parametrize(
    "body",
    [
        "i + 9223372036854775806",
        "x[i] + (i + 9223372036854775806)",
        "sum[j](x[j], where=j*4611686018427387904 < 3) + 0*i",
        "sum[j](j + 9223372036854775806)*x[i]",
    ],
)
def test_arithmetic_is_judged_in_values_and_in_reductions(body):
    with pytest.raises(RangeError, match="beyond 2"):
        ur.parse(f"f(x: i64[3]) -> y\ny[i] = {body}\naxis i: 3\naxis j: 3").program()


def test_each_piece_is_refused_once():
    with pytest.raises(RangeError) as found:
        op("(i + 9223372036854775806)*2 + 1 > 0").program()
    assert str(found.value).count("beyond") == 1


def test_run_time_sizes_count_as_the_largest_that_a_kernel_takes():
    op("i*4194303 < 3", AT_RUN_TIME).program()
    op("i*x.shape[0]*x.shape[0] < 3", AT_RUN_TIME).program()
    with pytest.raises(RangeError, match="with run-time sizes up to 1099511627776"):
        op("i*8388608 < 3", AT_RUN_TIME).program()


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ("i < 9223372036854775807", [5, 6, 7]),
        ("i > -9223372036854775808", [5, 6, 7]),
        ("-i > -9223372036854775807 - 1", [5, 6, 7]),
        ("x[i] + 9223372036854775807 > 0", [0, 0, 0]),
        ("cast(i, i64) + 9223372036854775806 > 0", [5, 6, 0]),
        ("i + 4611686018427387900 > -4611686018427387900", [5, 6, 7]),
        ("i*2305843009213693952 <= 2305843009213693952", [5, 6, 0]),
        ("(i*2654435761) % 1024 > 500", [0, 0, 7]),
    ],
)
def test_what_is_left_is_the_same_in_the_reference_and_in_c(condition, taken):
    x = np.array([5, 6, 7])
    assert op(condition).reference(x).tolist() == taken
    assert op(condition)(x).tolist() == taken

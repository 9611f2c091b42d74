# SPDX-License-Identifier: Apache-2.0
"""Extents: every simplification keeps the value, every proof is true."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unrut.program.extents import as_extent, evaluate, least, lower_bound, most, named, provably_le, substitute

SIZES = ("n", "m", "k")


def extended(parts):
    pairs = st.tuples(parts, parts)
    numbers = st.integers(-4, 4)
    return st.one_of(
        pairs.map(lambda p: p[0] + p[1]),
        pairs.map(lambda p: p[0] - p[1]),
        pairs.map(lambda p: least(*p)),
        pairs.map(lambda p: most(*p)),
        st.tuples(parts, numbers).map(lambda p: p[0] * p[1]),
        st.tuples(parts, st.integers(1, 4)).map(lambda p: p[0] // p[1]),
        st.tuples(parts, numbers).map(lambda p: p[0] + p[1]),
    )


extents = st.recursive(
    st.one_of(st.sampled_from(SIZES).map(named), st.integers(-9, 9).map(as_extent)), extended, max_leaves=8
)
sizes = st.fixed_dictionaries({name: st.integers(0, 9) for name in SIZES})


@given(st.lists(extents, min_size=1, max_size=4), sizes)
def test_the_smallest_and_the_largest(among, values):
    numbers = [evaluate(e, values) for e in among]
    assert evaluate(least(*among), values) == min(numbers)
    assert evaluate(most(*among), values) == max(numbers)


@given(extents, st.integers(1, 7), sizes)
def test_quotients(extent, divisor, values):
    assert evaluate(extent // divisor, values) == evaluate(extent, values) // divisor


@given(extents, extents, sizes)
def test_sums_and_differences(left, right, values):
    assert evaluate(left + right, values) == evaluate(left, values) + evaluate(right, values)
    assert evaluate(left - right, values) == evaluate(left, values) - evaluate(right, values)


@given(extents, extents, sizes)
def test_what_is_proved_holds(left, right, values):
    if provably_le(left, right):
        assert evaluate(left, values) <= evaluate(right, values)
    below = lower_bound(left)
    assert below is None or below <= evaluate(left, values)


@given(extents, extents, sizes)
def test_replacing_a_size(extent, other, values):
    inner = evaluate(other, values)
    if inner >= 0:
        assert evaluate(substitute(extent, {"n": other}), values) == evaluate(extent, {**values, "n": inner})


def test_chains_of_windows_are_written_flat():
    extent = named("n")
    for _ in range(50):
        extent = most(as_extent(0), extent - 2)
    assert str(extent) == "max(0, n - 100)"

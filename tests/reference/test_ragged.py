# SPDX-License-Identifier: Apache-2.0
"""Ranges by data against slices: every kind of reduction, softmax, two levels; offsets that are out of order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import unrut as ur
from unrut.reference import evaluate_with_bounds

X = np.random.default_rng(7).normal(size=(40, 3)).astype(np.float32)
POINTERS = np.array([0, 7, 7, 8, 30, 36], np.int32)  # rows of 7, 0, 1, 22, 6; the last four places are in none


def rows(body: str, *, head: str = "y[i]") -> tuple[ur.Op, list[np.ndarray]]:
    op = ur.parse(f"op(x, ptr) -> y\naxis e: ptr[i] .. ptr[i + 1]\n{head} = {body}")
    return op, [X[a:b].astype(np.float64) for a, b in pairwise(POINTERS)]


@pytest.mark.parametrize(
    ("body", "of_rows"),
    [
        ("sum[e](x[e, 0]*x[e, 1])", lambda r: (r[:, 0] * r[:, 1]).sum()),
        ("prod[e](x[e, 0])", lambda r: r[:, 0].prod()),
        ("max[e](x[e, 0])", lambda r: r[:, 0].max(initial=-np.inf)),
        ("min[e](x[e, 0], initial=9)", lambda r: r[:, 0].min(initial=9)),
        ("count[e](x[e, 0] > 0)", lambda r: (r[:, 0] > 0).sum()),
        ("any[e](x[e, 0] > 1)", lambda r: (r[:, 0] > 1).any()),
        ("all[e](x[e, 0] < 1)", lambda r: (r[:, 0] < 1).all()),
        ("logsumexp[e](x[e, 0])", lambda r: np.logaddexp.reduce(r[:, 0])),
        ("sum[e](x[e, 0], where=x[e, 1] > 0)", lambda r: r[r[:, 1] > 0, 0].sum()),
        ("sum[e, f](x[e, f])", lambda r: r.sum()),
        ("sum[f, e](x[e, f]*f)", lambda r: (r * np.arange(3)).sum()),
        ("sum[e](softmax(x[e, 0], along=e)*x[e, 1])",
         lambda r: (np.exp(r[:, 0]) / np.exp(r[:, 0]).sum() * r[:, 1]).sum()),
        ("where(i == 3, sum[e](x[e, 0]), -1)", None),
    ],
)  # fmt: skip
def test_rows_against_slices(body, of_rows):
    op, slices = rows(body)
    if of_rows is None:
        want = [r[:, 0].sum() if i == 3 else -1 for i, r in enumerate(slices)]
    else:
        want = [of_rows(r) for r in slices]
    np.testing.assert_allclose(op.reference(X, POINTERS), np.array(want, np.float32), rtol=1e-6)


@pytest.mark.parametrize("kind", ["argmax", "argmin"])
def test_places_are_counted_from_the_front(kind):
    op, slices = rows(f"{kind}[e](x[e, 0])")
    found = op.reference(X, POINTERS)
    want = [p + getattr(r[:, 0], kind)() if len(r) else 0 for p, r in zip(POINTERS, slices, strict=False)]
    assert found.tolist() == want
    bounded = evaluate_with_bounds(op.bind(X, POINTERS).program, {"x": X, "ptr": POINTERS})["y"]
    assert bounded.value.tolist() == want
    assert not bounded.bound.any()


def test_bounds_enclose_and_are_small():
    op, _ = rows("sum[e](softmax(x[e, 0], along=e)*x[e, f])", head="y[i, f]")
    program = op.bind(X, POINTERS).program
    bounded = evaluate_with_bounds(program, {"x": X, "ptr": POINTERS})["y"]
    assert (np.abs(bounded.value - op.reference(X, POINTERS)) <= bounded.bound).all()
    assert bounded.bound.max() < 1e-4


def test_many_rows_are_taken_in_blocks():
    count = np.random.default_rng(0).integers(0, 9, 3000)
    ptr = np.concatenate([[0], np.cumsum(count)])
    x = np.arange(ptr[-1], dtype=np.int64)
    found = ur.parse("op(x, p) -> y\naxis e: p[i] .. p[i + 1]\ny[i, j] = sum[e](x[e]*(j + 1))\naxis j: 9").reference(
        x, ptr
    )
    want = np.array([x[a:b].sum() for a, b in pairwise(ptr)])
    np.testing.assert_array_equal(found, want[:, None] * np.arange(1, 10))


def test_bounds_may_be_tensors_defined_here():
    op = ur.parse("op(x, n) -> y\naxis e: first[i] .. first[i] + n[i]\nfirst[i] = sum[k](n[k], where=k < i) + 0*n[i]\n"
                  "y[i] = sum[e](x[e])")  # fmt: skip
    assert op.reference(np.arange(6), np.array([2, 0, 3, 1])).tolist() == [1, 0, 9, 5]


@pytest.mark.parametrize(
    ("ptr", "fault"),
    [
        ([0, 3, 2, 4], "goes from 3 to 2 at i = 1: 3 is more than 2"),
        ([-1, 3, 3, 4], "goes from -1 to 3 at i = 0: -1 is before 0"),
        ([0, 3, 3, 5], "goes from 3 to 5 at i = 2: 5 is beyond the extent, 4"),
    ],
)
def test_offsets_out_of_order_name_the_row(ptr, fault):
    op = ur.parse("op(x, p) -> y\naxis e: p[i] .. p[i + 1]\ny[i] = sum[e](x[e])")
    with pytest.raises(ur.RangeError) as caught:
        op.reference(np.arange(4.0), np.array(ptr))
    assert fault in caught.value.message
    assert "offsets in order, from 0 to at most 4" in caught.value.remedy


def test_a_range_that_is_not_needed_may_be_anything():
    op = ur.parse("op(x, p) -> y\naxis e: p[i] .. p[i + 1]\ny[i] = where(i < 1, sum[e](x[e]), 0)")
    assert op.reference(np.arange(4.0), np.array([0, 3, 99, -5])).tolist() == [3, 0, 0]


def test_explanations_show_the_places_of_a_range():
    op, _ = rows("sum[e](x[e, 0])")
    text = str(op.bind(X, POINTERS).explain(i=2))
    assert "1 places (7 <= e < 8)" in text
    assert "x[7, 0]" in text


def test_order_statistics_go_over_ranges():
    op, slices = rows("median[e](x[e, 0])")
    wanted = [np.median(r[:, 0]) if len(r) else np.nan for r in slices]
    np.testing.assert_allclose(op.reference(X, POINTERS), np.array(wanted, np.float32), rtol=1e-6)
    op, slices = rows("arg_kth_smallest[e](x[e, 0], 2)")
    places = [p + np.argsort(r[:, 0])[2] if len(r) > 2 else 0 for p, r in zip(POINTERS, slices, strict=False)]
    assert op.reference(X, POINTERS).tolist() == places
    bounded = evaluate_with_bounds(op.bind(X, POINTERS).program, {"x": X, "ptr": POINTERS})["y"]
    assert bounded.value.tolist() == places


def test_folds_go_over_ranges():
    op = ur.parse(
        "op(x, ptr) -> y\naxis e: ptr[i] .. ptr[i + 1]\n"
        "y[i] = fold[e](n=1, s=x[e, 0], identity=(0, 0), combine=lambda a, b: (a.n + b.n, a.s + b.s), "
        "finish=lambda s: where(s.n > 0, s.s/s.n, -1))"
    )
    want = [X[a:b, 0].astype(float).mean() if b > a else -1 for a, b in pairwise(POINTERS)]
    np.testing.assert_allclose(op.reference(X, POINTERS), np.array(want, np.float32), rtol=1e-6)
    assert "7 <= e < 8" in str(op.bind(X, POINTERS).explain(i=2))


def test_results_over_ranges():
    op = ur.parse("op(q, x, p) -> s\naxis e: p[i] .. p[i + 1]\ns[e, f] = q[i]*x[e, f]")
    q = np.arange(1, 6).astype(np.float32)
    want = np.zeros_like(X)
    for i, (a, b) in enumerate(pairwise(POINTERS)):
        want[a:b] = q[i] * X[a:b]
    np.testing.assert_array_equal(op.reference(q, X, POINTERS), want)
    bounded = evaluate_with_bounds(op.bind(q, X, POINTERS).program, {"q": q, "x": X, "p": POINTERS})["s"]
    assert (np.abs(bounded.value - want) <= bounded.bound + 1e-6).all()
    assert not bounded.bound[36:].any()


def test_rows_that_overlap_are_named():
    op = ur.parse("op(x, a, b) -> s\naxis e: a[i] .. b[i]\ns[e] = x[e]")
    with pytest.raises(ur.RangeError) as caught:
        op.reference(np.arange(9.0), np.array([0, 3, 4]), np.array([2, 6, 8]))
    assert "ends at 6 for i = 1, and begins at 4 for i = 2" in caught.value.message


def test_additions_go_over_ranges():
    op = ur.parse("op(x, g, p) -> y\naxis e: p[i] .. p[i + 1]\naxis k: 3\ny[k] = 0\ny[g[e]] += x[e]*i")
    x, g, p = np.arange(1, 7), np.array([0, 1, 2, 0, 1, 2]), np.array([0, 2, 3, 6])
    assert op.reference(x, g, p).tolist() == [8, 10, 15]


def test_numbers_of_u64_are_named_as_they_were_passed():
    x = np.ones(3)
    with pytest.raises(ur.RangeError, match=r"`x\[9223372036854775809\]` leaves `x`"):
        ur.parse("op(x, p) -> y\ny[i] = x[p[i]]").reference(x, np.array([2**63 + 1], np.uint64))
    op = ur.parse("op(x, p) -> y\ny[i] = sum[e](x[e])\naxis e: p[i] .. p[i + 1]")
    with pytest.raises(ur.RangeError, match="from 0 to 18446744073709551615 at i = 0: 18446744073709551615 is beyond"):
        op.reference(x, np.array([0, 2**64 - 1], np.uint64))
    with pytest.raises(ur.RangeError, match=r"`x\[-1\]` leaves `x`"):
        ur.parse("op(x, p) -> y\ny[i] = x[cast(p[i], i64)]").reference(x, np.array([2**64 - 1], np.uint64))

# SPDX-License-Identifier: Apache-2.0
"""Order statistics against NumPy's own, and where they differ from these on purpose."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur

NAN, INF = np.nan, np.inf
SPECIAL = np.array([[3, NAN, -INF, 0.0, -0.0, 2], [1, 1, INF, INF, -3, 1], [NAN, NAN, 4, 4, -4, 0]], np.float32)


def run(statements, x, **scalars):
    header = ", ".join(["x", *(f"{name}: scalar" for name in scalars)])
    return ur.parse(f"f({header}) -> y\n{statements}").reference(x, **scalars)


@pytest.fixture(params=["f32", "f64", "i32", "i64", "bool", "special"])
def table(request):
    random = np.random.default_rng(5)
    if request.param == "special":
        return SPECIAL
    if request.param == "bool":
        return random.random((4, 7)) < 0.5
    dtype = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64}[request.param]
    return (random.normal(size=(4, 7)) * 3).astype(dtype)


def test_ranks_along_an_axis_sort(table):
    np.testing.assert_array_equal(run("y[i, r] = kth_smallest[j](x[i, j], r)", table), np.sort(table, axis=1))


def test_places_of_ranks_are_a_stable_argsort(table):
    found = run("y[i, r] = arg_kth_smallest[j](x[i, j], r)", table)
    np.testing.assert_array_equal(found, np.argsort(table, axis=1, kind="stable"))


def test_places_over_two_axes(table):
    n = table.size
    both = [run(f"y[r] = arg_kth_smallest[i, j](x[i, j], r)[{k}]\naxis r: {n}", table) for k in (0, 1)]
    wanted = np.unravel_index(np.argsort(table, axis=None, kind="stable"), table.shape)
    np.testing.assert_array_equal(both, wanted)


def test_medians(table):
    with np.errstate(invalid="ignore"):
        wanted = np.median(table, axis=1)
    found = run("y[i] = median[j](x[i, j])", table)
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == (np.float64 if table.dtype.kind in "bi" else table.dtype)


@pytest.mark.parametrize("q", [0, 0.2, 0.25, 0.5, 0.75, 1.0])
def test_quantiles(q):
    x = np.random.default_rng(6).normal(size=(3, 9))
    np.testing.assert_allclose(
        run("y[i] = quantile[j](x[i, j], q)", x, q=float(q)), np.quantile(x, q, axis=1), rtol=1e-15
    )
    np.testing.assert_array_equal(
        run(f"y[i] = quantile[j](x[i, j], {q})", x), run("y[i] = quantile[j](x[i, j], q)", x, q=q)
    )


def test_infinite_terms_leave_quantiles_numbers():
    x = np.array([[-INF, 0, INF, INF]])
    np.testing.assert_array_equal(
        run("y[i, k] = quantile[j](x[i, j], k/6)\naxis k: 7", x), [[-INF, -INF, 0, INF, INF, INF, INF]]
    )


def test_where_leaves_terms_out_and_their_nan():
    np.testing.assert_array_equal(
        run("y[i] = median[j](x[i, j], where=~isnan(x[i, j]))", SPECIAL), np.nanmedian(SPECIAL, axis=1)
    )


def test_where_that_leaves_too_few():
    x = np.array([[5, 1, 7], [0, 0, 0]], np.int32)
    condition = "where=x[i, j] > 4"
    top = np.iinfo(np.int32).max
    np.testing.assert_array_equal(
        run(f"y[i, r] = kth_smallest[j](x[i, j], r, {condition})", x), [[5, 7, top], [top, top, top]]
    )
    np.testing.assert_array_equal(
        run(f"y[i, r] = arg_kth_smallest[j](x[i, j], r, {condition})", x), [[0, 2, 0], [0, 0, 0]]
    )
    np.testing.assert_array_equal(run(f"y[i] = median[j](x[i, j], {condition})", x), [6, NAN])
    np.testing.assert_array_equal(run(f"y[i] = quantile[j](x[i, j], 1, {condition})", x), [7, NAN])


def test_terms_that_tie_with_what_is_left_out():
    x = np.array([np.iinfo(np.int64).max, 3, np.iinfo(np.int64).max])
    np.testing.assert_array_equal(run("y[r] = arg_kth_smallest[j](x[j], r, where=j > 0)", x), [1, 2, 0])


def test_a_rank_may_depend_on_the_place():
    x = np.array([[5, 1, 7], [2, 9, 4]], np.int32)
    np.testing.assert_array_equal(run("y[i] = kth_smallest[j](x[i, j], 2 - i)", x), [7, 4])


@pytest.mark.parametrize("q", [-0.1, 1.5, NAN])
def test_a_share_that_is_none_is_refused_with_its_place(q):
    with pytest.raises(ur.RangeError, match=r"`quantile` is .*, it has to be from 0 to 1; at i = 0"):
        run("y[i] = quantile[j](x[i, j], q)", SPECIAL, q=q)


def test_a_share_in_a_branch_that_is_not_taken_is_not_asked_for():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(run("y[i] = where(i < 1, quantile[j](x[i, j], i/1), 0)", x), [1, 0])
    np.testing.assert_array_equal(run("y[i] = where(i < 1, quantile[j](x[i, j], 5*i), 0)", x), [1, 0])


def test_many_terms_in_blocks():
    x = np.random.default_rng(7).normal(size=(300, 40_000)).astype(np.float32)
    np.testing.assert_array_equal(run("y[i] = median[j](x[i, j])", x), np.median(x, axis=1))


def test_explain_shows_terms_by_rank():
    bound = ur.parse("f(x) -> y\ny[i] = median[j](x[i, j], where=~isnan(x[i, j]))").bind(SPECIAL)
    text = str(bound.explain(i=2))
    assert "terms, in ascending order" in text
    ranks = [line.split()[:3] for line in text.splitlines() if "x[2, " in line and line.strip()[0].isdigit()]
    assert ranks == [["4", "-4", "0"], ["5", "0", "1"], ["2", "4", "2"], ["3", "4", "3"]]

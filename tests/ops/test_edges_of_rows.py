# SPDX-License-Identifier: Apache-2.0
"""Edge cases that the docstrings promise of statistics, semirings, sparse rows, selections, dynamic programs and routing."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut import ops
from unrut.errors import RangeError
from unrut.reference import textbook

inf, nan = np.inf, np.nan


def test_an_empty_row_has_mean_0_and_no_variance():
    mean, var = ops.welford_variance.reference(np.zeros((2, 0)))
    np.testing.assert_array_equal(mean, [0, 0])
    assert np.isnan(var).all()


def test_variance_does_not_cancel():
    X = (1e6 + np.arange(8, dtype=np.float32)).reshape(1, 8)
    _, var = ops.welford_variance.reference(X)
    np.testing.assert_allclose(var, [5.25], rtol=1e-6)


def test_a_histogram_holds_its_upper_end_and_leaves_out_what_is_outside():
    X = np.array([0, 1, 1, 0.5, -0.1, 1.1, nan, inf, 0.249])
    np.testing.assert_array_equal(ops.histogram.reference(X, bins=4), [2, 0, 1, 2])


def test_no_way_is_the_zero_of_the_semirings():
    A = np.array([[-inf, 1.0], [-inf, -inf]])
    np.testing.assert_array_equal(ops.max_plus.reference(A, A), [[-inf, -inf], [-inf, -inf]])
    np.testing.assert_array_equal(ops.min_plus.reference(-A, np.zeros((2, 1))), [[-1], [inf]])
    reach = ops.or_and.reference(np.array([[0, nan, 0.0]]), np.eye(3))
    np.testing.assert_array_equal(reach, [[False, True, False]])


def test_segments_without_rows():
    X, offsets = np.array([[1.0], [-inf], [3.0]]), np.array([0, 2, 2, 3])
    np.testing.assert_array_equal(ops.segment_sum.reference(X, offsets), [[-inf], [0], [3]])
    np.testing.assert_array_equal(ops.segment_max.reference(X, offsets), [[1], [-inf], [3]])
    np.testing.assert_allclose(ops.segment_softmax.reference(X, offsets), [[1], [0], [1]])
    outside = ops.segment_softmax.reference(np.zeros((6, 1)), np.array([1, 3, 4]))
    np.testing.assert_allclose(outside, [[0], [0.5], [0.5], [1], [0], [0]])
    bags = ops.embedding_bag.reference(np.eye(2), np.array([1, 1, 0]), offsets, mean=True)
    np.testing.assert_array_equal(bags, [[0, 1], [0, 0], [1, 0]])


@pytest.mark.parametrize("offsets", [[0, 3, 2], [0, 2, 4], [-1, 0, 1]])
def test_offsets_that_fall_or_leave_are_refused(offsets):
    with pytest.raises(RangeError):
        ops.segment_sum.reference(np.ones((3, 1)), np.array(offsets))


@pytest.mark.compiler
@pytest.mark.parametrize("offsets", [[0, 2, 4], [2, 2, 6], [6], [3, 3]])
def test_rows_in_no_segment_have_no_share(offsets):
    X, offsets = np.random.default_rng(3).normal(size=(6, 2)), np.array(offsets)
    wanted = textbook.segment_softmax(X, offsets)
    np.testing.assert_array_equal(wanted[: offsets[0]], 0)
    np.testing.assert_array_equal(wanted[offsets[-1] :], 0)
    for found in (ops.segment_softmax.reference(X, offsets), ops.segment_softmax(X, offsets)):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_places_that_stand_twice_are_added_and_those_outside_refused():
    B = np.array([[1.0, 2.0], [10.0, 20.0]])
    twice = ops.spmm.reference(np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2]), B)
    np.testing.assert_array_equal(twice, [[30, 60]])
    with pytest.raises(RangeError):
        ops.spmm.reference(np.array([1.0]), np.array([2]), np.array([0, 1]), B)


def test_a_node_without_neighbours_is_zero():
    found = ops.graph_attention.reference(
        np.ones((2, 1)), np.ones((1, 1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.array([0]), np.array([0, 0, 1])
    )
    np.testing.assert_array_equal(found[:, 0, 0], [0, 1])


def test_nan_is_farthest_and_ties_go_to_the_first():
    place, distance = ops.nearest_neighbours.reference(np.zeros((1, 1)), np.array([[nan], [2.0], [-2.0], [1.0]]), k=4)
    np.testing.assert_array_equal(place, [[3, 1, 2, 0]])
    np.testing.assert_array_equal(distance, [[1, 2, 2, nan]])


def test_a_median_filter_takes_specks_out_and_keeps_edges():
    X = np.zeros((1, 5, 6))
    X[:, :, 3:] = 1
    speckled = X.copy()
    speckled[0, 2, 1], speckled[0, 1, 4] = 9, -9
    np.testing.assert_array_equal(ops.median_filter.reference(speckled), X)


def test_a_region_is_like_itself_and_may_not_leave_the_image():
    image = np.random.default_rng(0).normal(size=(6, 6))
    tops = np.array([[1, 1]])
    np.testing.assert_array_equal(ops.region_medians.reference(image, tops, tops, size=4), [0])
    with pytest.raises(RangeError):
        ops.region_medians.reference(image, tops + 2, tops, size=4)


def test_warping_a_series_by_itself_costs_nothing():
    A = np.array([3.0, 1.0, 4.0])
    assert ops.dynamic_time_warping.reference(A, np.repeat(A, 2))[-1, -1] == 0
    assert np.isnan(ops.dynamic_time_warping.reference(A, np.array([nan]))).all()


def test_ties_of_paths_go_to_the_first_state():
    path, score = ops.viterbi.reference(np.zeros(3), np.zeros((3, 3)), np.zeros((4, 3)))
    np.testing.assert_array_equal(path, [0, 0, 0, 0])
    assert score == 0


def test_shortest_paths_of_a_ring_and_of_parts():
    W = np.full((4, 4), inf)
    np.fill_diagonal(W, 0)
    W[0, 1] = W[1, 2] = W[2, 0] = 1
    L = ops.shortest_paths.reference(W)
    np.testing.assert_array_equal(L[:3, :3], [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
    assert np.isinf(L[3, :3]).all()


@pytest.mark.parametrize("shape", [(3, 6), (6, 3)])
def test_shortest_paths_go_from_nodes_to_the_same_nodes(shape):
    with pytest.raises(ur.ShapeError, match="axis `k` has extent"):
        ops.shortest_paths.bind(np.ones(shape))


def test_no_steps_give_no_states():
    h = ops.gru.reference(*(np.ones(s) for s in [(0, 2, 3), (2, 4), (3, 4, 3), (3, 4, 4), (3, 4), (3, 4)]))
    assert h.shape == (0, 2, 4)


def test_a_unitary_gate_keeps_the_length():
    random = np.random.default_rng(1)
    state = random.normal(size=(2, 2, 3, 2, 1)) + 1j * random.normal(size=(2, 2, 3, 2, 1))
    swap = np.eye(4).reshape(2, 2, 2, 2).transpose(1, 0, 2, 3)
    found = ops.two_qubit_gate.reference(state, swap.astype(complex))
    np.testing.assert_array_equal(found, state.transpose(0, 3, 2, 1, 4))


def test_a_place_that_is_no_number_is_sampled_as_none():
    X, G = np.ones((1, 1, 2, 2)), np.array([0, nan, inf, -3.0]).reshape(1, 2, 1, 2)
    Y = ops.grid_sample.reference(X, G)
    assert np.isnan(Y).all()


@pytest.mark.parametrize("stride", [1, 2])
def test_children_share_themselves_among_all_parents_that_see_them(stride):
    random = np.random.default_rng(5)
    P, A = random.normal(size=(1, 2, 5, 5, 2, 2)), random.uniform(0.1, 1, (1, 2, 5, 5))
    W, beta = random.normal(size=(3, 2, 3, 3, 2, 2)), np.zeros(3)
    tensors = ops.em_routing_overlapping.bind(P, A, W, beta, beta, stride=stride).intermediates()
    for t in range(3):
        R, given = tensors[f"R{t}"], np.zeros_like(A)
        _, ny, nx, kh, kw, _, _ = R.shape
        for y, x, u, v in np.ndindex(ny, nx, kh, kw):
            given[:, :, stride * y + u, stride * x + v] += R[:, y, x, u, v].sum(axis=-1)
        np.testing.assert_allclose(given, A, rtol=1e-12)

# SPDX-License-Identifier: Apache-2.0
"""Edge cases that the docstrings of the library promise, and relations between ops that hold exactly."""

from __future__ import annotations

import numpy as np
import pytest

from unrut import ops
from unrut.errors import BindError, ShapeError


def integers(seed, *shape):
    return np.random.default_rng(seed).integers(-5, 6, shape)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 1)])
def test_transposed_convolution_is_the_adjoint(stride, padding):
    """<conv(X), G> = <X, transposed(G)>, exactly, where the filter reaches all of X."""
    X, K = integers(0, 2, 3, 7, 7), integers(1, 4, 3, 3, 3)
    Y = ops.conv2d.reference(X, K, stride=stride, padding=padding)
    G = integers(2, *Y.shape)
    back = ops.transposed_conv2d.reference(G, K, stride=stride, padding=padding)
    assert back.shape == X.shape
    assert (Y * G).sum() == (X * back).sum()


def test_conv_caps_is_the_sum_of_votes():
    P, W = integers(3, 2, 3, 5, 6, 2, 3), integers(4, 4, 3, 3, 2, 3, 2)
    votes = ops.caps_votes.reference(P, W, stride=2)
    np.testing.assert_array_equal(ops.conv_caps.reference(P, W, stride=2), np.moveaxis(votes.sum(axis=(3, 4, 5)), 3, 1))


def test_a_zero_capsule_stays_zero():
    U, W = np.zeros((1, 4, 3), np.float32), np.ones((4, 2, 3, 5), np.float32)
    np.testing.assert_array_equal(ops.dynamic_routing.reference(U, W), np.zeros((1, 2, 5)))


def test_shares_of_a_child_add_up_to_its_activation():
    random = np.random.default_rng(5)
    P, A = random.normal(size=(1, 2, 4, 4, 2, 2)), random.uniform(0.1, 1, (1, 2, 4, 4))
    W, beta = random.normal(size=(3, 2, 3, 3, 2, 2)), np.zeros(3)
    tensors = ops.em_routing.bind(P, A, W, beta, beta).intermediates()
    child = np.lib.stride_tricks.sliding_window_view(A, (3, 3), axis=(2, 3)).transpose(0, 2, 3, 4, 5, 1)
    for t in range(3):
        np.testing.assert_allclose(tensors[f"R{t}"].sum(axis=-1), child, rtol=1e-12)


def test_a_dead_window_gives_nan():
    P, A, W = np.ones((1, 1, 3, 3, 2, 2)), np.zeros((1, 1, 3, 3)), np.ones((2, 1, 3, 3, 2, 2))
    pose, act = ops.em_routing.reference(P, A, W, np.zeros(2), np.zeros(2))
    assert np.isnan(pose).all()
    assert np.isnan(act).all()


@pytest.mark.parametrize("iters", [0, -1])
def test_routing_needs_an_iteration(iters):
    with pytest.raises(BindError, match=f"`iters` is {iters}, it must be"):
        ops.dynamic_routing.program(np.ones((1, 2, 3)), np.ones((2, 2, 3, 4)), iters=iters)


def test_poses_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="`k`"):
        ops.conv_caps.program(np.ones((1, 2, 5, 5, 4, 4)), np.ones((3, 2, 3, 3, 5, 4)))


def test_rows_of_infinities():
    inf = np.inf
    X = np.array([[-inf, -inf], [-inf, 0.0], [inf, 1.0], [np.nan, inf]])
    np.testing.assert_array_equal(ops.logsumexp.reference(X), [-inf, 0.0, inf, np.nan])
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(ops.softmax.reference(X), [[np.nan] * 2, [0, 1], [np.nan] * 2, [np.nan] * 2])


def test_causal_attention_does_not_see_the_future():
    random = np.random.default_rng(6)
    Q, K, V = (random.normal(size=(1, 1, 6, 3)) for _ in range(3))
    before = ops.causal_attention.reference(Q, K, V)
    K[0, 0, 4:], V[0, 0, 4:] = np.nan, np.inf
    np.testing.assert_array_equal(ops.causal_attention.reference(Q, K, V)[0, 0, :4], before[0, 0, :4])
    assert not np.isfinite(ops.causal_attention.reference(Q, K, V)[0, 0, 4:]).any()


def test_dilation_by_zero_is_the_maximum_of_the_window_and_minus_infinity_leaves_places_out():
    X = np.random.default_rng(7).normal(size=(1, 4, 5))
    plain = ops.dilation.reference(X, np.zeros((3, 1)))
    np.testing.assert_array_equal(plain[0, 1], X[0, :3].max(axis=0))
    centre = np.full((3, 3), -np.inf)
    centre[1, 1] = 0
    np.testing.assert_array_equal(ops.dilation.reference(X, centre), X)


def test_a_constant_image_is_not_changed_by_the_bilateral_filter():
    X = np.full((1, 4, 5), 0.5)
    np.testing.assert_allclose(ops.bilateral_filter.reference(X), X, rtol=1e-14)

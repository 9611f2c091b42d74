# SPDX-License-Identifier: Apache-2.0
"""Networks put what is asked for in its place, whatever the terms, and do nothing that nobody looks at."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from unrut.emitter.lower.networks import network, operations

LOST = 7  # what stands at an end that nobody needs


def applied(steps, terms):
    """Many lines of terms at once, one row each."""
    terms = terms.copy()
    for step in steps:
        low, high = np.sort(terms[:, [step.low, step.high]], axis=1).T
        terms[:, step.low] = low if step.needs_low else LOST
        terms[:, step.high] = high if step.needs_high else LOST
    return terms


@pytest.mark.parametrize("n", range(1, 33))
def test_zeros_and_ones_come_to_their_places(n):
    """A network that orders every line of zeros and ones orders everything (Knuth, TAOCP 3, theorem 5.3.4 Z)."""
    if n <= 10:
        lines = np.array(list(itertools.product((0, 1), repeat=n)))
    else:
        lines = (np.random.default_rng(n).random((2000, n)) < np.random.default_rng(1).random((2000, 1))).astype(int)
    ordered = np.sort(lines, axis=1)
    for ranks in (range(n), [n // 2], [0], [(n - 1) // 2, n // 2, n - 1]):
        found = applied(network(n, frozenset(ranks)), lines)
        np.testing.assert_array_equal(found[:, list(ranks)], ordered[:, list(ranks)])


def test_fewer_ranks_cost_less():
    assert operations(25, [0]) == 24
    assert operations(25, [12]) < operations(25, range(25)) * 3 / 4
    assert operations(1, [0]) == 0

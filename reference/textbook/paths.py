# SPDX-License-Identifier: Apache-2.0
"""Dynamic programs by other means: all paths, matrix powers."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

from unrut.reference.textbook.precision import Array, wide
from unrut.reference.textbook.semirings import min_plus


def dynamic_time_warping(A: Array, B: Array) -> Array:
    """Each beginning by itself, diagonal after diagonal. Sakoe and Chiba (1978), equation (3)."""
    A, B = wide(A, B)
    D = np.full((len(A) + 1, len(B) + 1), np.inf)
    D[0, 0] = 0
    for diagonal in range(len(A) + len(B) - 1):
        for i in range(max(0, diagonal - len(B) + 1), min(diagonal, len(A) - 1) + 1):
            j = diagonal - i
            D[i + 1, j + 1] = abs(A[i] - B[j]) + D[[i, i, i + 1], [j, j + 1, j]].min()
    result: Array = D[1:, 1:]
    return result


def viterbi(start: Array, moves: Array, seen: Array) -> tuple[Array, Array]:
    """The likelihood of every sequence of states there is. Rabiner (1989), equation (13)."""
    start, moves, seen = wide(start, moves, seen)
    best, path = -np.inf, (0,) * len(seen)
    for states in product(range(len(start)), repeat=len(seen)):
        likely = start[states[0]] + sum(seen[t, s] for t, s in enumerate(states))
        likely += sum(moves[a, b] for a, b in pairwise(states))
        if likely > best:
            best, path = likely, states
    return np.array(path), np.array(best)


def shortest_paths(W: Array) -> Array:
    """The n-th power of W over min and plus, ways of no edge among its ways. Floyd (1962) solves the same."""
    (W,) = wide(W)
    L = W
    for _ in range(max(0, len(W) - 1)):
        L = np.minimum(L, min_plus(L, W))
    return L

# SPDX-License-Identifier: Apache-2.0
"""Dynamic programming: best alignments, best explanations, shortest ways."""

from __future__ import annotations

import unrut as ur


@ur.op
def dynamic_time_warping(A, B):
    """The cost of the best alignment of two series, for all pairs of their beginnings.

        D[i, j] = |A[i] - B[j]| + min(D[i-1, j-1], D[i-1, j], D[i, j-1]),   D[-1, -1] = 0, else inf before the beginning

    D[n-1, m-1] is the distance of the whole series.
    Shapes: A (n), B (m); D (n, m). Dtypes: f32, f64. Rounding: one addition for each step of a path. NaN propagates.
    Source: Sakoe and Chiba, Dynamic programming algorithm optimization for spoken word recognition (IEEE ASSP 26(1), 1978),
    with the steps of their equation (3), all of weight 1.
    """
    i, j = ur.axes("i j")
    D = ur.tensor("D")
    D[i, j] = ur.abs(A[i] - B[j]) + ur.minimum(D[i - 1, j - 1], ur.minimum(D[i - 1, j], D[i, j - 1]))
    D[-1, j] = ur.inf
    D[i, -1] = ur.inf
    D[-1, -1] = 0
    return D


@ur.op
def viterbi(start, moves, seen):
    """The most likely sequence of hidden states, and the logarithm of its likelihood.

        best[0, s] = start[s] + seen[0, s],   best[t, s] = max_r (best[t-1, r] + moves[r, s]) + seen[t, s]
        path[T-1] = argmax_s best[T-1, s],   path[t] = argmax_r (best[t, r] + moves[r, path[t+1]])

    Shapes: start (s), moves (r, s) with r = s, seen (t, s), all logarithms of probabilities; path (t), score (). T > 0.
    Dtypes: f32, f64; path i64. Rounding: two additions for each step. Ties go to the first state.
    Source: Viterbi, Error bounds for convolutional codes (IEEE IT 13(2), 1967); Rabiner, A tutorial on hidden Markov models
    (Proc. IEEE 77(2), 1989), equations (32) to (35).
    """
    t, s, r = ur.axes("t s r")
    back = ur.axis("back", seen.shape[0])
    best, last, path, score = ur.tensor("best"), ur.tensor("last"), ur.tensor("path"), ur.tensor("score")
    before = ur.max[r](best[t - 1, r] + moves[r, s])
    best[t, s] = ur.where(t > 0, before, start[s]) + seen[t, s]
    end = seen.shape[0] - 1
    step = ur.argmax[r](best[end - back, r] + moves[r, last[back - 1]])
    last[back] = ur.where(back > 0, step, ur.argmax[s](best[end, s]))
    path[t] = last[end - t]
    score[()] = ur.max[s](best[end, s])
    return path, score


@ur.op
def shortest_paths(W):
    """The length of the shortest way between every two nodes of a graph.

        D[k, i, j] = min(D[k-1, i, j], D[k-1, i, k] + D[k-1, k, j]),   D[-1] = W;   L = D[n-1]

    Step k lets ways pass through node k. W[i, j] is the length of the edge from i to j, inf where there is none; zeros on
    its diagonal make the way from a node to itself 0.
    Shapes: W (n, n) with n > 0; L (n, n). Dtypes: f32, f64, i32, i64. Rounding: one addition for each joint of a way.
    Edge cases: negative edges are fine; cycles of negative length have no shortest way, and give what the formula does.
    A matrix that is not square is a ShapeError.
    Source: Floyd, Algorithm 97: Shortest path (Communications of the ACM 5(6), 1962).
    """
    k, i, j = ur.axes("k i j")
    D, L = ur.tensor("D"), ur.tensor("L")
    D[k, i, j] = ur.minimum(D[k - 1, i, j], D[k - 1, i, k] + D[k - 1, k, j])
    D[-1, i, j] = W[i, j]
    L[i, j] = D[W.shape[0] - 1, i, j]
    return L

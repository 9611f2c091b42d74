# SPDX-License-Identifier: Apache-2.0
"""Statistics of rows in one pass."""

from __future__ import annotations

import unrut as ur

_MOMENTS = ur.monoid(
    identity={"n": 0, "mean": 0, "m2": 0},
    lift=lambda x: {"n": 1, "mean": x, "m2": 0},
    combine=lambda a, b: {
        "n": a.n + b.n,
        "mean": a.mean + (b.mean - a.mean) * b.n / (a.n + b.n),
        "m2": a.m2 + b.m2 + (b.mean - a.mean) ** 2 * a.n * b.n / (a.n + b.n),
    },
    finish=lambda s: (s.mean, s.m2 / s.n),
)


@ur.op
def welford_variance(X):
    """Mean and variance of each row, without a sum of squares that cancels.

        n = n_a + n_b,   d = mean_b - mean_a
        mean[i] = mean_a + d n_b / n,   M2[i] = M2_a + M2_b + d^2 n_a n_b / n,   var[i] = M2[i] / n

    over the places of the row one after another, each a group of one.
    Shapes: X (i, j); mean (i), var (i). Dtypes: f32, f64. Rounding: each step in the dtype of X; the count is exact.
    Edge cases: an empty row has mean 0 and variance NaN; NaN and infinities propagate.
    Source: Welford, Note on a method for calculating corrected sums of squares and products (Technometrics 4(3), 1962);
    groups: Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for computing sample variances (1979), (2.1).
    """
    i, j = ur.axes("i j")
    mean, var = ur.tensor("mean"), ur.tensor("var")
    mean[i], var[i] = _MOMENTS[j](X[i, j])
    return mean, var


@ur.op
def histogram(X, *, bins=10, low=0.0, high=1.0):
    """How many numbers fall into each of equally wide bins.

        H[b] = |{e : b = min(floor((X[e] - low) bins / (high - low)), bins - 1), low <= X[e] <= high}|

    The last bin holds its upper end; numbers outside, and NaN, are not counted.
    Shapes: X (e); H (bins), i64. Dtypes: f32, f64. Rounding: none of the counts; the bin is computed in the dtype of X, so
    numbers within its rounding of an edge may fall on either side.
    Parameters: `bins`; `low` and `high`, low < high, are run-time scalars.
    Source: Pearson, Contributions to the mathematical theory of evolution II (Phil. Trans. A 186, 1895), section 1; ends as
    in `numpy.histogram`.
    """
    (e,) = ur.axes("e")
    H = ur.tensor("H", shape=(bins,), init=0)
    place = ur.cast(ur.floor((X[e] - low) * bins / (high - low)), ur.i64)
    H[ur.minimum(ur.maximum(place, 0), bins - 1)] += ur.where((X[e] >= low) & (X[e] <= high), 1, 0)
    return H

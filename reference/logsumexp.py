# SPDX-License-Identifier: Apache-2.0
"""`logsumexp[j](x)`, the logarithm of a sum of exponentials that neither overflows nor underflows."""

from __future__ import annotations

import numpy as np

from unrut.reference.places import Array


def logsumexp_block(terms: Array) -> Array:
    """`c + log(sum over j of exp(x[j] - c))` with `c = max over j of x[j]`, over the last dimension.

    With c not finite there is nothing to scale, and c = 0 gives the limits: -inf for no terms or all of them -inf,
    +inf if any is +inf, NaN if any is NaN. Two blocks combine by `logaddexp`.

    Source: Blanchard, Higham, Higham, "Accurately computing the log-sum-exp and softmax functions", IMA J. Numer. Anal.
    41 (2021), section 1.
    """
    largest = np.max(terms, axis=-1, keepdims=True, initial=-np.inf)
    c = np.where(np.isfinite(largest), largest, 0.0)
    total = np.sum(np.exp(terms - c), axis=-1, dtype=np.float64)
    return np.asarray(c[..., 0] + np.log(total))

# SPDX-License-Identifier: Apache-2.0
"""Real images: scikit-learn's 1,797 handwritten digits (Alpaydin and Kaynak 1998), 8 x 8 pixels, no download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """Images (n, 8, 8), f32 from 0 to 1, with their labels. The last `held_out` are not used for fitting."""

    images: Array
    labels: Array
    held_out: int

    @property
    def train(self) -> slice:
        return slice(0, len(self.images) - self.held_out)

    @property
    def test(self) -> slice:
        return slice(len(self.images) - self.held_out, len(self.images))


def load(held_out: int = 500) -> Digits:
    """All digits in a fixed random order."""
    from sklearn.datasets import load_digits

    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.images))
    images = (found.images[order] / 16).astype(np.float32)
    return Digits(images=images, labels=found.target[order], held_out=held_out)

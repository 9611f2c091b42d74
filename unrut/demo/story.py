# SPDX-License-Identifier: Apache-2.0
"""What routing did with six images, read off the references' intermediate tensors."""

from __future__ import annotations

import numpy as np

from unrut.demo.data import Array, Digits
from unrut.demo.network import Layer
from unrut.demo.picture import Story

SHOWN = (0, 2, 3, 5, 6, 8)
ITERATIONS = 3


def tell(digits: Digits, em: Layer, dynamic: Layer, activations: Array) -> Story:
    """Six digits, one of each kind in `SHOWN`, through both layers. No compiler is needed."""
    labels = digits.labels[digits.test]
    chosen = [int(np.flatnonzero(labels == digit)[4]) for digit in SHOWN]
    images = [digits.test.start + k for k in chosen]
    seen = em.op.bind(em.arrays[0][chosen], em.arrays[1][chosen], *em.arrays[2:], **em.parameters).intermediates()
    # One iteration more: couplings stand between two of them.
    routed = dynamic.op.bind(dynamic.arrays[0][chosen], dynamic.arrays[1], iters=ITERATIONS + 1).intermediates()
    lengths = tuple(np.linalg.norm(routed[f"v{t}"], axis=-1) for t in range(ITERATIONS))
    winner = lengths[-1].argmax(axis=1)
    weight = activations[images]
    couplings = []
    for t in range(ITERATIONS):
        share = routed[f"c{t}"][np.arange(len(images)), :, winner].reshape(weight.shape)
        couplings.append((share * weight).sum(axis=1) / weight.sum(axis=1))
    return Story(
        images=digits.images[images],
        labels=digits.labels[images],
        poses=tuple(seen[f"mu{t}"] for t in range(ITERATIONS)),
        activations=tuple(1 / (1 + np.exp(-seen[f"z{t}"])) for t in range(ITERATIONS)),
        couplings=tuple(couplings),
        lengths=lengths,
    )

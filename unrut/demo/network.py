# SPDX-License-Identifier: Apache-2.0
"""The three layers with their weights, fitted to the training digits, and what goes into each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unrut import ops
from unrut.demo import expert, fitting, layers
from unrut.demo.data import Array, Digits

MEASURED = 128  # images for EM routing, whose written-out votes take 85 MB; dynamic routing takes all held-out ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """An op with operands to measure it on. `votes` are the bytes that the votes take when they are written out."""

    name: str
    op: Any
    arrays: tuple[Array, ...]
    parameters: dict[str, Any]
    expert: Callable[..., Any]
    votes: int

    def first(self, number: int) -> tuple[Array, ...]:
        """The operands with `number` images only: the first of each operand that has an axis of images."""
        images = len(self.arrays[0])
        return tuple(array[:number] if len(array) == images else array for array in self.arrays)


def primary(images: Array) -> tuple[Array, Array]:
    """Poses and activations of the primary capsules, by the reference: this layer is small."""
    poses, activations = layers.primary_caps.reference(images, layers.pose_filters(), layers.edge_filters())
    return poses, activations


def em_layer(digits: Digits, poses: Array, activations: Array) -> Layer:
    """Convolutional capsules: 3 x 3 places with 16 parents each, from windows of 3 x 3 places with 8 children each."""
    parents = fitting.shape_parents(digits, poses, activations)
    measured = slice(digits.test.start, digits.test.start + MEASURED)
    return Layer(
        name="em_routing",
        op=ops.em_routing,
        arrays=(poses[measured], activations[measured], parents.transforms, parents.beta_u, parents.beta_a),
        parameters={"stride": layers.STRIDE, "iters": 3, "final_lambda": 0.05, "eps": 0.05},
        expert=expert.em_routing,
        votes=MEASURED * (3 * 3) * (3 * 3 * layers.TYPES) * fitting.PARENTS * 16 * poses.itemsize,
    )


def dynamic_layer(digits: Digits, poses: Array, activations: Array) -> Layer:
    """Ten digits as parents of all 512 primary capsules of an image."""
    children = layers.as_vectors(poses, activations)
    transforms = fitting.digit_parents(digits, children)
    held_out = children[digits.test]
    return Layer(
        name="dynamic_routing",
        op=ops.dynamic_routing,
        arrays=(held_out, transforms),
        parameters={"iters": 3},
        expert=expert.dynamic_routing,
        votes=held_out.shape[0] * held_out.shape[1] * 10 * 16 * held_out.itemsize,
    )


def accuracy(vectors: Array, labels: Array) -> float:
    """The share of images whose longest vector is that of their digit."""
    return float((np.linalg.norm(vectors, axis=-1).argmax(axis=1) == labels).mean())

# SPDX-License-Identifier: Apache-2.0
"""Weights in closed form, one ridge regression for each child and parent: votes with a meaning need no gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unrut.demo.data import Array, Digits
from unrut.demo.layers import STRIDE, TYPES, WINDOW, cosines

PARENTS, FIELD, GAIN = 16, 5, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Parents:
    """Transforms (co, ci, ky, kx, k, j) of convolutional parents, each for one shape of 5 x 5 pixels."""

    transforms: Array
    beta_u: Array
    beta_a: Array


def windows(children: Array, axes: tuple[int, int]) -> Array:
    """The children of each parent's window; the window's two axes come last."""
    strided = [slice(None)] * children.ndim
    for axis in axes:
        strided[axis] = slice(None, None, STRIDE)
    return sliding_window_view(children, (WINDOW, WINDOW), axis=axes)[tuple(strided)]


def fields(images: Array) -> Array:
    """What each of 3 x 3 parents can see: (n, 3, 3, 5, 5)."""
    margin = FIELD // 2
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin)))
    return sliding_window_view(padded, (FIELD, FIELD), axis=(1, 2))[:, 1:6:STRIDE, 1:6:STRIDE]


def shape_parents(digits: Digits, poses: Array, activations: Array) -> Parents:
    """Parents for EM routing: k-means finds 16 shapes, and each child learns to tell a shape's pose from its own.

    A parent's pose holds the first 4 x 4 cosine waves of its field. W[co, ci, ky, kx] is the least-squares map from the
    child's pose to it over all fields of shape co, weighted by the child's activation. So votes agree where the
    shape is.
    """
    from sklearn.cluster import KMeans

    seen = fields(digits.images[digits.train])
    flat = seen.reshape(-1, FIELD * FIELD)
    shape = KMeans(PARENTS, n_init=1, random_state=0).fit(flat).labels_.reshape(seen.shape[:3])
    target = np.einsum("nyxab,ai,bj->nyxij", seen, cosines(FIELD), cosines(FIELD), optimize=True)
    child = np.moveaxis(windows(poses[digits.train], (2, 3)), 1, 3)
    weight = np.moveaxis(windows(activations[digits.train], (2, 3)), 1, 3)
    transforms = np.empty((PARENTS, TYPES, WINDOW, WINDOW, 4, 4), np.float32)
    for parent in range(PARENTS):
        own = shape == parent
        P, a, T = child[own], weight[own], target[own]
        weighted = P * a[:, :, np.newaxis, np.newaxis]
        square = np.einsum("mcikuv,mciluv->cuvkl", weighted, P, optimize=True) + 0.1 * np.eye(4)
        cross = np.einsum("mcikuv,mij->cuvkj", weighted, T, optimize=True)
        transforms[parent] = np.linalg.solve(square, cross)
    zero = np.zeros(PARENTS, np.float32)
    return Parents(transforms=transforms, beta_u=zero, beta_a=zero)


def digit_parents(digits: Digits, children: Array) -> Array:
    """Transforms W (children, 10, 16, 16) for dynamic routing: each child learns to vote for a digit's pose, or 0.

    The target of digit j is a unit vector of 16 numbers about the whole image where the image shows a j, and 0
    elsewhere; W_ij is the least-squares map from child i to it. One child knows little; what counts is that all agree.
    """
    images = digits.images[digits.train].reshape(-1, 64)
    centred = images - images.mean(axis=0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:15]
    code = np.concatenate([np.ones((len(images), 1)), centred @ directions.T], axis=1)
    target = np.zeros((len(images), 10, 16))
    target[np.arange(len(images)), digits.labels[digits.train]] = code / np.linalg.norm(code, axis=1, keepdims=True)
    child = np.moveaxis(children[digits.train], 1, 0).astype(np.float64)
    square = np.swapaxes(child, 1, 2) @ child + 10 * np.eye(16)
    cross = np.swapaxes(child, 1, 2) @ target.reshape(len(images), 160)
    transforms = np.linalg.solve(square, cross).reshape(-1, 16, 10, 16)
    return np.ascontiguousarray(GAIN * np.swapaxes(transforms, 1, 2), np.float32)

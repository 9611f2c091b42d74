# SPDX-License-Identifier: Apache-2.0
"""Rows of different lengths as dense matrices, one row after another."""

from __future__ import annotations

import itertools

import numpy as np

from unrut.reference.textbook.precision import Array, wide


def rows(offsets: Array) -> list[slice]:
    """The places of each row."""
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(offsets)]


def spmm(values: Array, columns: Array, offsets: Array, B: Array) -> Array:
    """The matrix written out with its zeros, places that stand twice added, times B. Saad (2003), section 3.4."""
    values, B = wide(values, B)
    dense = np.zeros((len(offsets) - 1, len(B)), np.result_type(values, B))
    for i, places in enumerate(rows(offsets)):
        np.add.at(dense[i], columns[places], values[places])
    result: Array = dense @ B
    return result


def segment_sum(X: Array, offsets: Array) -> Array:
    """The sum of each slice. Blelloch (1990), chapter 4."""
    (X,) = wide(X)
    return np.array([X[places].sum(axis=0) for places in rows(offsets)]).reshape(-1, X.shape[1])


def segment_max(X: Array, offsets: Array) -> Array:
    """The maximum of each slice, sorted. Blelloch (1990), chapter 4."""
    lowest = np.full((1, X.shape[1]), -np.inf if X.dtype.kind == "f" else np.iinfo(X.dtype).min)
    X, lowest = wide(X, lowest)
    slices = [np.sort(np.concatenate([lowest, X[places]]), axis=0) for places in rows(offsets)]
    return np.array([part[-1] for part in slices]).reshape(-1, X.shape[1])


def segment_softmax(X: Array, offsets: Array) -> Array:
    """exp(x) over its slice's sum, in the log domain; zeros in no slice. Bridle (1990)."""
    (X,) = wide(X)
    Y = np.zeros_like(X)
    for places in rows(offsets):
        Y[places] = np.exp(X[places] - np.logaddexp.reduce(X[places], axis=0))
    return Y


def embedding_bag(E: Array, words: Array, offsets: Array, *, mean: bool = False) -> Array:
    """How often each word is in each bag, times the table. Joulin et al. (arXiv 1607.01759), section 2."""
    (E,) = wide(E)
    counts = np.array([np.bincount(words[places], minlength=len(E)) for places in rows(offsets)]).reshape(-1, len(E))
    result: Array = counts @ E
    return result / np.maximum(1, counts.sum(axis=1, keepdims=True)) if mean else result


def graph_attention(
    X: Array, W: Array, own: Array, other: Array, neighbours: Array, offsets: Array, *, slope: float = 0.2
) -> Array:
    """Node by node, with the weights of its neighbours as they stand in the paper.

    Velickovic et al., Graph Attention Networks (ICLR 2018), equations (3) and (5), heads concatenated.
    """
    X, W, own, other = wide(X, W, own, other)
    Z = np.moveaxis(X @ W, 0, 1)
    Y = np.zeros_like(Z)
    for i, places in enumerate(rows(offsets)):
        near = Z[neighbours[places]]
        joined = np.concatenate([np.broadcast_to(Z[i], near.shape), near], axis=2)
        logits = (joined * np.concatenate([own, other], axis=1)).sum(axis=2, keepdims=True)
        power = np.exp(np.where(logits > 0, logits, slope * logits))
        Y[i] = (power / power.sum(axis=0) * near).sum(axis=0)
    return Y

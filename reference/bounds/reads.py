# SPDX-License-Identifier: Apache-2.0
"""Errors of what is read: those that it was stored with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unrut.program.nodes import OutsideMode, Read
from unrut.reference.affine import affine
from unrut.reference.bounds.measured import Measure, Measured, choose
from unrut.reference.places import WIDE, Array, Bools, Places, Scene, Tensor
from unrut.reference.reads import bring_back, gather, strided, within

STORED = ("value", "error", "undecided")
"""The fields of a computed tensor's elements; an operand is an array of values, exact and decided."""


def fields(tensor: Tensor) -> dict[str, Array]:
    """The arrays of a tensor's values, errors and undecided marks."""
    if tensor.array.dtype.names:
        return {name: tensor.array[name] for name in STORED}
    shape = tensor.array.shape
    return {
        "value": tensor.array,
        "error": np.broadcast_to(np.float64(0), shape),
        "undecided": np.broadcast_to(np.False_, shape),
    }


def measured_read(expr: Read, places: Places, scene: Scene, measure: Measure) -> Measured:
    """`tensor[subscripts]` with what is known of its error.

    A read that leaves its tensor without a policy stands in a branch that is not taken, or is not known to be taken: its
    error is infinite, and laziness sees to it that it does not count where it is not taken.
    """
    tensor = scene.tensors[expr.tensor]
    stored = fields(tensor)
    is_operand = not tensor.array.dtype.names
    if expr.outside is None:
        lines = [affine(s, scene.sizes) for s in expr.subscripts]
        if all(line is not None for line in lines):
            known = [line for line in lines if line is not None]
            views = {f: strided(replace(tensor, array=a), known, places.ranges) for f, a in stored.items()}
            value, error, undecided = (views[f] for f in STORED)
            if value is not None and error is not None and undecided is not None:
                if is_operand:
                    error, undecided = _one(error), _one(undecided)
                return Measured(value=value.astype(WIDE[expr.dtype], copy=False), error=error, undecided=undecided)
    asked = [measure(s, places) for s in expr.subscripts]
    subscripts = [s.value for s in asked]
    first = tensor.first()
    inside = within(subscripts, tensor.shape, places, first)
    if isinstance(expr.outside, OutsideMode) and 0 not in tensor.shape:
        ends = zip(subscripts, tensor.shape, first, strict=True)
        subscripts = [bring_back(s - least, n - least, expr.outside) + least for s, n, least in ends]
        inside = np.ones_like(inside)
    value, error, undecided = (gather(replace(tensor, array=stored[f]), subscripts, places) for f in STORED)
    uncertain: Bools = np.zeros((1,) * len(places.ranges), np.bool_)
    for s in asked:
        uncertain, undecided = uncertain | (s.error > 0), undecided | s.undecided
    found = Measured(value=value.astype(WIDE[expr.dtype], copy=False), error=error, undecided=undecided)
    if expr.outside is None or isinstance(expr.outside, OutsideMode):
        found = replace(found, error=np.where(inside, found.error, np.inf))
    else:
        is_inside = Measured(value=inside, error=np.zeros_like(inside, np.float64), undecided=np.zeros_like(inside))
        found = choose(is_inside, found, measure(expr.outside, places), expr.dtype)
    return replace(found, error=np.where(uncertain, np.inf, found.error))


def _one(array: Array) -> Array:
    """The single element that an operand's exactness is, as an array that broadcasts."""
    return array[(slice(0, 1),) * array.ndim]

# SPDX-License-Identifier: Apache-2.0
"""Errors of `target[subscripts] += body`: those of a sum, at each place of its own."""

from __future__ import annotations

import numpy as np

from unrut.program.types import DType
from unrut.reference.bounds.measured import Measured, rounding, settle
from unrut.reference.places import Array, Bools, Places, Tensor


class Sums:
    """What is added to the elements of one tensor, `stored` with the fields value, error and undecided.

    For an element that gets n terms: error `sum of all errors + n u T`, T the sum of all magnitudes and errors, in any order
    (as in `measured_sum`); a sum of known integers below 1/u is exact. Integers wrap, and are exact. Where a place is not
    known for sure, or is outside, nothing is known of any element.
    """

    def __init__(self, stored: Array, dtype: DType) -> None:
        self.stored, self.dtype = stored, dtype
        self.value, self.carried = stored["value"].copy(), stored["error"].copy()
        self.total = np.asarray(_magnitude(self.value) + self.carried)
        self.count = np.zeros(stored.shape, np.int64)
        self.whole = np.asarray(_whole(self.value) & (self.carried == 0))
        self.undecided = stored["undecided"].copy()
        self.unknown = False

    def add(
        self,
        subscripts: list[Array],
        uncertain: bool,
        term: Measured,
        places: Places,
        out: Tensor,
        taken: Bools | None = None,
    ) -> None:
        """One block of terms, or those of them that are `taken`."""
        every = np.ones(places.shape, np.bool_)
        taken = every if taken is None else taken
        fits = every
        for s, n in zip(subscripts, out.shape, strict=True):
            fits = fits & (s >= 0) & (s < n)
        if uncertain or not (fits | ~taken).all():
            self.unknown = True
            return
        pairs = zip(subscripts, out.origin, strict=True)
        at = tuple(np.broadcast_to(s - start, places.shape)[taken] for s, start in pairs)
        parts = (term.value, term.error, term.undecided)
        value, error, undecided = (np.broadcast_to(a, places.shape)[taken] for a in parts)
        if not subscripts:  # a single number, which has no places to choose from
            if not value.size:
                return
            value, error, undecided = value.reshape(()), error.reshape(()), undecided.reshape(())
        np.add.at(self.value, at, value)
        np.add.at(self.carried, at, error)
        np.add.at(self.total, at, _magnitude(value) + error)
        np.add.at(self.count, at, 1)
        np.logical_and.at(self.whole, at, _whole(value) & (error == 0))
        np.logical_or.at(self.undecided, at, undecided)

    def store(self) -> None:
        """Put what is known back."""
        error = self.carried
        hit = self.count > 0
        if self.dtype.is_float:
            r = rounding(self.dtype)
            special = ~np.isfinite(self.value)
            known = self.whole & (self.total <= r.integers)
            error = np.where(known | (special & np.isfinite(error)), 0.0, error + self.count * r.unit * self.total)
            error = np.where(hit & (self.total > r.largest), np.inf, error)
        elif self.dtype is not DType.bool:
            wraps = self.total > np.iinfo(self.dtype.numpy).max
            error = np.where(wraps & (error > 0), np.inf, error)
        else:
            error = (error > 0).astype(np.float64)
        error = np.where(hit, error, self.stored["error"])
        found = settle(self.value, error, self.undecided, self.dtype)
        self.stored["value"] = found.value
        self.stored["error"] = np.inf if self.unknown else found.error
        self.stored["undecided"] = True if self.unknown else found.undecided


def _magnitude(value: Array) -> Array:
    wide = np.abs(value.astype(np.float64))
    return np.where(np.isfinite(wide), wide, 0.0)


def _whole(value: Array) -> Array:
    return np.asarray(np.isfinite(value) & (value == np.rint(value)))

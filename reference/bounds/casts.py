# SPDX-License-Identifier: Apache-2.0
"""Errors of conversions."""

from __future__ import annotations

import numpy as np

from unrut.program.types import DType
from unrut.reference.bounds.measured import Measured, may_wrap, rounding, settle
from unrut.reference.casts import cast


def measured_cast(x: Measured, source: DType, target: DType) -> Measured:
    """A known value stays known, being converted once; otherwise

    - to a narrower float, or from an integer: the error grows by one rounding of the kernel's and one of the reference's;
    - float to integer, and to bool: decided where the whole interval gives the same, else the range of both ends;
    - integer to integer: the error stays, unless the interval wraps;
    - to the dtype that it has: nothing happens in a kernel, so the value stays wide here.
    """
    if source is target:
        return x
    value = cast(x.value, source, target)
    if not x.error.any():
        return Measured(value=value, error=np.zeros((1,) * value.ndim), undecided=x.undecided)
    if target is DType.bool:
        open_ = ~((x.error == 0) | (np.abs(x.value) > x.error))
        return Measured(value=value, error=open_.astype(np.float64), undecided=x.undecided | open_)
    if target.is_float:
        narrows = not source.is_float or not _holds(target, source)
        r = rounding(target)
        grown = np.where(narrows, 2 * (r.unit * (np.abs(x.value) + x.error) + r.tiny), 0.0)
        return settle(value, np.where(x.error == 0, 0.0, x.error + grown), x.undecided, target)
    if source.is_float:
        low, high = (cast(x.value + sign * x.error, source, target).astype(np.float64) for sign in (-1.0, 1.0))
        spread = np.maximum(high - value, value - low)
        # Not known at all includes NaN, which gives 0.
        spread = np.where(x.error == 0, 0.0, np.where(np.isfinite(x.error), spread, np.inf))
        return Measured(value=value, error=spread, undecided=x.undecided | (spread > 0))
    wraps = may_wrap(x.value, x.error, target)
    return Measured(value=value, error=np.where(wraps & (x.error > 0), np.inf, x.error), undecided=x.undecided)


def _holds(wide: DType, narrow: DType) -> bool:
    """Whether every number of one floating-point type is one of the other."""
    return wide.roundoff <= narrow.roundoff and wide.tiny <= narrow.tiny and wide.largest >= narrow.largest

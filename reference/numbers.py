# SPDX-License-Identifier: Apache-2.0
"""Leaves that are numbers: constants, values of axes, extents, run-time scalars."""

from __future__ import annotations

from typing import assert_never

import numpy as np

from unrut.program.extents import evaluate
from unrut.program.nodes import AxisValue, Const, ExtentValue, Scalar
from unrut.program.rounding import nearest
from unrut.reference.places import WIDE, Array, Places, Scene


def number(expr: Const | AxisValue | ExtentValue | Scalar, places: Places, scene: Scene) -> Array:
    """The value of a leaf, with one dimension for each bound axis.

    - `Const`: `wide(dtype(value))`, rounded once to its dtype: 0.1 as f32 is 0.100000001490116...
    - `AxisValue`: 0, 1, 2, ... along the axis, i64.
    - `ExtentValue`: the extent for the sizes at hand, i64.
    - `Scalar`: the parameter as given, f64.
    """
    rank = (1,) * len(places.ranges)
    match expr:
        case Const(value=value, dtype=dtype) if dtype.is_half:
            return nearest(np.asarray(value), dtype).reshape(rank)
        case Const(value=value, dtype=dtype, imaginary=imaginary):
            return np.asarray(value * 1j if imaginary else value).astype(dtype.numpy).astype(WIDE[dtype]).reshape(rank)
        case AxisValue(axis=axis):
            return places.values(axis)
        case ExtentValue(extent=extent):
            return np.full(rank, evaluate(extent, scene.sizes), np.int64)
        case Scalar(name=name):
            return np.full(rank, scene.scalars[name], np.float64)
        case _:
            assert_never(expr)

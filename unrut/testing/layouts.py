# SPDX-License-Identifier: Apache-2.0
"""The same values in other layouts: what a kernel must read and write without copying."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

LAYOUTS = ("contiguous", "fortran", "reversed", "gaps", "broadcast", "offset", "unaligned", "field", "readonly")
RESULT_LAYOUTS = ("contiguous", "fortran", "reversed", "gaps", "offset", "unaligned", "field")


def relaid(array: Array, layout: str) -> Array:
    """An array equal to `array` (for `broadcast`: with its first row repeated) whose memory lies as `layout` says.

    Gaps are filled with a byte pattern that is a NaN for floats, so that a wrong stride shows.
    """
    match layout:
        case "contiguous":
            return np.array(array, order="C")
        case "fortran":
            return np.array(array, order="F")
        case "reversed":
            flips: Any = (*(slice(None, None, -1) for _ in array.shape), ...)
            flipped: Array = np.array(array[flips], order="C")[flips]
            return flipped
        case "gaps":
            wide = _poisoned(tuple(2 * n + 1 for n in array.shape), array.dtype)
            inner: Any = (*(slice(1, 2 * n + 1, 2) for n in array.shape), ...)
            view: Array = wide[inner]
        case "broadcast":
            if array.ndim == 0 or array.shape[0] == 0:
                return np.array(array)
            return np.broadcast_to(array[:1].copy(), array.shape)
        case "offset":
            flat = _poisoned((array.size + 3,), array.dtype)
            view = flat[3:].reshape(array.shape)
        case "unaligned":
            raw = np.full(array.size * array.itemsize + 1, 0xFF, np.uint8)
            view = raw[1:].view(array.dtype).reshape(array.shape)
        case "field":
            record = np.dtype(
                {"names": ["x"], "formats": [array.dtype], "offsets": [1], "itemsize": array.itemsize + 3}
            )
            view = np.full(array.size * record.itemsize, 0xFF, np.uint8).view(record)["x"].reshape(array.shape)
        case "readonly":
            copy = np.array(array)
            copy.flags.writeable = False
            return copy
        case _:
            raise AssertionError(layout)
    view[...] = array
    return view


def _poisoned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    raw: Array = np.full(int(np.prod(shape, dtype=np.int64)) * dtype.itemsize, 0xFF, np.uint8)
    return raw.view(dtype).reshape(shape)

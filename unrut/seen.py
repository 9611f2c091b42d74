# SPDX-License-Identifier: Apache-2.0
"""Calls of an op that were seen before, found by what decides their kernel: forms of arrays, and options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from unrut.emitter.kernel import Kernel

REMEMBERED = 1024

Key = tuple[object, ...]

_PLAIN = frozenset({bool, int, str, type(None)})  # of these equal values of one type mean the same
_FLOATS = frozenset({float, np.float64, np.float32})


class Seen:
    """Kernels of former calls, each with its scalars, without a second look at anything that the same call passed before."""

    def __init__(self) -> None:
        self._calls: dict[Key, tuple[Kernel, dict[str, float]]] = {}

    def key(self, arrays: tuple[Any, ...], out: Any, params: Mapping[str, Any]) -> Key | None:
        """What decides the kernel of a call, or None where only a closer look tells. Floats are run-time scalars."""
        found: list[object] = [type(out)]
        for a in arrays if out is None else (*arrays, *(out if type(out) is tuple else (out,))):
            if type(a) is not np.ndarray:
                return None
            found.append((a.dtype, a.shape, a.strides, a.flags.num))
        for name, value in params.items():
            kind = type(value)
            if kind not in _FLOATS:
                if kind not in _PLAIN:
                    return None
                found.append(value)
            found.append((name, kind))
        return tuple(found)

    def find(self, key: Key, params: Mapping[str, Any]) -> tuple[Kernel, dict[str, float]] | None:
        """The kernel of a call and its scalars, those among `params` with their values of now."""
        known = self._calls.get(key)
        if known is None or not known[1]:
            return known
        kernel, scalars = known
        return kernel, {name: params.get(name, value) for name, value in scalars.items()}

    def keep(self, key: Key, kernel: Kernel, scalars: Mapping[str, float]) -> None:
        """Remember a call that has passed every check; after REMEMBERED of them all are forgotten."""
        if len(self._calls) >= REMEMBERED:
            self._calls.clear()
        self._calls[key] = kernel, dict(scalars)

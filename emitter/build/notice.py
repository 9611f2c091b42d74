# SPDX-License-Identifier: Apache-2.0
"""What a user should hear, but only once in a process."""

from __future__ import annotations

import warnings

_said: set[str] = set()


def say_once(message: str) -> None:
    """Warn with this message unless this process has already done so."""
    if message not in _said:
        _said.add(message)
        warnings.warn(message, RuntimeWarning, stacklevel=2)

# SPDX-License-Identifier: Apache-2.0
"""What options of ops may be: refused in the user's words, before an index is made of them."""

from __future__ import annotations

from unrut.errors import BindError


def at_least(least: int, **options: object) -> None:
    """Raises BindError unless every option is an integer of at least `least`."""
    for name, value in options.items():
        if not isinstance(value, int) or value < least:
            said = value if isinstance(value, int) else "no integer"
            raise BindError(f"`{name}` is {said}, it must be an integer of at least {least}", remedy=f"{name}={least}")

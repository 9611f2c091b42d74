# SPDX-License-Identifier: Apache-2.0
"""Fresh names that read like what they stand for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Names:
    """Names in use. C is not consulted here: a stem is a user's identifier, and what is added keeps it one."""

    taken: set[str]

    def fresh(self, stem: str) -> str:
        """The stem, or the stem with the smallest number from 2 on that is free."""
        name, number = stem, 2
        while name in self.taken:
            name, number = f"{stem}{number}", number + 1
        self.taken.add(name)
        return name

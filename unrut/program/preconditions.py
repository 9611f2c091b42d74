# SPDX-License-Identifier: Apache-2.0
"""What run-time sizes have to fulfil."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from unrut.program.extents import Extent


class Relation(enum.Enum):
    """How two extents must compare."""

    equal = "=="
    at_most = "<="


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """`left relation right`, needed unless one of `unless_empty` is 0 or less; `because` says what it protects.

    Only for run-time sizes: what is known earlier is proved or refused earlier.
    """

    left: Extent
    relation: Relation
    right: Extent
    because: str
    unless_empty: tuple[Extent, ...] = ()

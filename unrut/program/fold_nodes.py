# SPDX-License-Identifier: Apache-2.0
"""Nodes of user-made monoids: the fold itself, and what stands for its states in its own functions."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unrut.program.remembering import Remembering
from unrut.program.types import DType
from unrut.spans import Span

if TYPE_CHECKING:
    from unrut.program.nodes import Axis, Expr


class Side(enum.Enum):
    """Whose state a Local is: of the places before, of those after (both in `combine`), of all places (in `finish`)."""

    left = "a"
    right = "b"
    whole = "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Local(Remembering):
    """One state of the Fold around it; stands in its `combine` and `finish` alone. `weak`: it was made of weak terms."""

    side: Side
    state: str
    dtype: DType
    weak: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One of the values that a Fold keeps: name and dtype."""

    name: str
    dtype: DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold(Remembering):
    """A user-made monoid over all places of `axes` where `where` holds (lazily), in their order, the last axis fastest.

        states = identity;   for each place: states = combine(states, lift);   finish(states) in the end

    `identity`, `lift` and `combine` have one expression for each state, of its dtype; `finish` has the node's. `combine` is
    associative and `identity` changes nothing: that is promised, not checked. `identity`, `combine` and `finish` are made of
    Locals, numbers, scalars and extents; `lift` of anything.
    """

    axes: tuple[Axis, ...]
    states: tuple[State, ...]
    identity: tuple[Expr, ...]
    lift: tuple[Expr, ...]
    combine: tuple[Expr, ...]
    finish: Expr
    dtype: DType
    where: Expr | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

# SPDX-License-Identifier: Apache-2.0
"""States of a monoid where its `combine` and `finish` mention them."""

from __future__ import annotations

from collections.abc import Mapping

from unrut.errors import NotationError
from unrut.language.adoption import Typed
from unrut.language.declarations import at
from unrut.language.notation import Component
from unrut.program.fold_nodes import Local, Side
from unrut.program.promotion import Kind


def read_component(term: Component, states: Mapping[tuple[str, str], Kind]) -> Typed:
    """The state that a term stands for; `states` are the kinds of those that are known there, by side and name."""
    kind = states.get((term.side, term.state))
    if kind is None:
        known = dict.fromkeys(state for _, state in states)
        outside = "states stand in combine= and finish= of their monoid alone"
        raise NotationError(
            f"there is no state `{term.state}` here",
            places=at(term.span),
            remedy=f"one of {', '.join(known)}" if known else outside,
        )
    found = Local(side=Side(term.side), state=term.state, dtype=kind.dtype, weak=kind.weak, span=term.span)
    return Typed(expr=found, kind=kind)

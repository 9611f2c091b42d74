# SPDX-License-Identifier: Apache-2.0
"""Random ranks and shares for order statistics, all of them valid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from unrut.testing.drafts import Draft, Scope, Term
from unrut.testing.scales import Scale

NAMES = ("median", "quantile", "kth_smallest", "arg_kth_smallest")


def second_argument(draft: Draft, scopes: list[Scope], name: str, terms: int, integer: Callable[[], Term]) -> str:
    """The rank of one of `terms` terms, or a share, with the comma before it; nothing for reductions that take none."""
    match name:
        case "kth_smallest" | "arg_kth_smallest":
            return f", {_rank(draft, scopes, terms, integer)}"
        case "quantile":
            return f", {_share(draft, scopes)}"
        case _:
            return ""


def _rank(draft: Draft, scopes: list[Scope], terms: int, integer: Callable[[], Term]) -> str:
    axes = [axis for scope in scopes for axis in scope.axes]
    fitting = [axis for axis in axes if draft.extents[axis] <= terms]
    form = draft.pick(("number", "number", "axis", "axis", "remainder", "data"))
    if form == "axis" and fitting:
        axis = draft.pick(fitting)
        draft.given.add(axis)
        return str(axis)
    if form == "remainder" and axes:
        return f"{draft.pick(axes)} % {terms}"
    if form == "data":
        return f"cast({integer().text}, i64) % {terms}"
    return str(draft.pick((0, terms - 1, terms // 2)))


def _share(draft: Draft, scopes: list[Scope]) -> str:
    axes = [axis for scope in scopes for axis in scope.axes if draft.extents[axis] > 0]
    form = draft.pick(("number", "number", "axis", "scalar"))
    if form == "axis" and axes:
        axis = draft.pick(axes)
        return f"{axis}/{draft.extents[axis]}"
    if form == "scalar":
        draft.scalars.append(f"tau{len(draft.scalars)}")
        return f"1/(1 + {draft.scalars[-1]}**2)"
    return str(draft.pick(("0.5", "0", "1", "0.25", "0.3")))


@st.composite
def ranked_lines(draw: Any, *, scale: Scale) -> str:
    """The text of a program that sorts lines, or takes the first few of them, or their places."""
    terms = draw(st.sampled_from([e for e in scale.extents if e > 1]))
    rows = draw(st.sampled_from([e for e in scale.extents if e * terms <= scale.elements]))
    ranks = draw(st.sampled_from([e for e in scale.extents if e <= terms] + [terms] * 3))
    dtype, kind = draw(st.sampled_from(("f32", "f64", "i32", "u8"))), draw(st.sampled_from(NAMES[2:]))
    head = f"f(x: {dtype}[{rows}, {terms}]) -> y\naxis i: {rows}\naxis j: {terms}\naxis r: {ranks}\n"
    return f"{head}y[i, r] = {kind}[j](x[i, j] * 2, r)"

# SPDX-License-Identifier: Apache-2.0
"""Which tensor of one version is which of another: by name, then by order, those of results by their place."""

from __future__ import annotations

from collections.abc import Sequence

from unrut.program.nodes import Program, Statement
from unrut.program.walk import in_order


def aligned(first: Program, second: Program) -> list[tuple[str, str]]:
    """Pairs of tensors in the order of the first version's computation; "" where there is no partner.

    Names that both have belong together. Results that are left over belong together by their place among the results;
    of the others those of one shape, in the order of computation, between two that are paired already.
    """
    one, two = (list(dict.fromkeys(s.target for s in in_order(p))) for p in (first, second))
    pairs = {name: name for name in one if name in two}
    for mine, theirs in zip(first.results, second.results, strict=False):
        if mine not in pairs and theirs not in pairs.values():
            pairs[mine] = theirs
    open_one = [name for name in one if name not in pairs]
    open_two = [name for name in two if name not in pairs.values()]
    for mine in open_one:
        partner = next((t for t in open_two if _alike(first.statement(mine), second.statement(t))), None)
        if partner is not None and _in_order(mine, partner, pairs, one, two):
            pairs[mine] = partner
            open_two.remove(partner)
    found = [(name, pairs.get(name, "")) for name in one]
    return [*found, *(("", name) for name in open_two)]


def _alike(one: Statement, two: Statement) -> bool:
    return len(one.axes) == len(two.axes) and all(a.extent == b.extent for a, b in zip(one.axes, two.axes, strict=True))


def _in_order(mine: str, partner: str, pairs: dict[str, str], one: Sequence[str], two: Sequence[str]) -> bool:
    """Whether a pair crosses none of those that stand."""
    at, to = one.index(mine), two.index(partner)
    return all((one.index(a) < at) == (two.index(b) < to) for a, b in pairs.items())

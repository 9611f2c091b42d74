# SPDX-License-Identifier: Apache-2.0
"""Sorting networks: which pairs are put in order, one after the other, so that some ranks come to their places.

Merge exchange (Batcher 1968, "Sorting networks and their applications"; Knuth, TAOCP 3, section 5.2.2, algorithm M) works
for any number of terms. Comparators of which nobody looks at either end are left out, from the last back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The smaller of terms `low` and `high` goes to `low`, the larger to `high`; an end that nobody needs may keep anything."""

    low: int
    high: int
    needs_low: bool
    needs_high: bool


@cache
def network(terms: int, ranks: frozenset[int]) -> tuple[Exchange, ...]:
    """The exchanges after which the terms of `ranks` stand at the places of these numbers."""
    wanted = set(ranks)
    kept: list[Exchange] = []
    for low, high in reversed(list(_merge_exchange(terms))):
        if low in wanted or high in wanted:
            kept.append(Exchange(low=low, high=high, needs_low=low in wanted, needs_high=high in wanted))
            wanted |= {low, high}
    return tuple(reversed(kept))


def operations(terms: int, ranks: Collection[int]) -> int:
    """How many times the smaller or the larger of two terms is taken."""
    return sum(e.needs_low + e.needs_high for e in network(terms, frozenset(ranks)))


def _merge_exchange(terms: int) -> Iterator[tuple[int, int]]:
    top = 1
    while top < terms:
        top *= 2
    p = top // 2
    while p > 0:
        q, r, d = top // 2, 0, p
        while d > 0:
            yield from ((i, i + d) for i in range(terms - d) if i & p == r)
            d, q, r = q - p, q // 2, p
        p //= 2

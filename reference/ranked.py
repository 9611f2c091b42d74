# SPDX-License-Identifier: Apache-2.0
"""The terms of an order statistic as they are looked at: in ascending order, those nearest to the rank first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unrut.program.nodes import Reduce, ReduceKind
from unrut.reference.orderstatistics import ordered
from unrut.reference.places import Array, Bools, Evaluator, Floats, Places


def ranks_of(terms: Array, included: Bools) -> Floats:
    """The rank of each term, from 0 in ascending order; those that take no part come last."""
    ranks = np.empty(terms.shape, np.float64)
    if terms.size:
        ranks[ordered(terms[None], included[None]).order[0]] = np.arange(terms.size)
    return ranks


def by_distance(
    expr: Reduce, ranks: Floats, count: int, places: Places, value: Evaluator, few: int
) -> NDArray[np.int64]:
    """Places of the terms in ascending order; where there are many, those nearest to the rank that is asked for first."""
    if ranks.size <= few:
        return np.argsort(ranks, kind="stable")
    share = 0.5 if expr.rank is None else float(value(expr.rank, places).item())
    averages = expr.kind in (ReduceKind.median, ReduceKind.quantile)
    asked = share * max(0, count - 1) if averages else share
    return np.argsort(np.abs(ranks - asked), kind="stable")

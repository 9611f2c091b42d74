# SPDX-License-Identifier: Apache-2.0
"""Whether a result is right: close to that of the reference. Bounds, place by place, are what the tests are for; here a peer
has to be caught that computes something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.workloads.workload import Array

CLOSE = {"em_routing": 2e-3, "dynamic_routing": 2e-3, "minimal_gated_unit": 1e-3}
"""Iterations and recurrences carry rounding on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two right results may be apart: in parts of the largest magnitude. f32 sums of thousands of terms in any order
    are within 1e-4."""

    share: float

    @staticmethod
    def of(kind: str) -> Agreement:
        """For a kind of workload."""
        return Agreement(share=CLOSE.get(kind, 2e-4))


def disagreement(found: Sequence[Array], wanted: Sequence[Array], agreement: Agreement) -> str:
    """What is wrong, in a line; empty where nothing is."""
    if len(found) != len(wanted):
        return f"{len(found)} results, {len(wanted)} wanted"
    for number, (got, want) in enumerate(zip(found, wanted, strict=True)):
        if got.shape != want.shape:
            return f"result {number} has shape {got.shape}, wanted {want.shape}"
        scale = float(np.max(np.abs(want), initial=0.0)) or 1.0
        error = float(np.max(np.abs(got - want), initial=0.0))
        if not error <= agreement.share * scale:
            return f"result {number} is off by {error / scale:.2g} of its largest magnitude"
    return ""

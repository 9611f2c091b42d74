# SPDX-License-Identifier: Apache-2.0
"""Every workload of the bars, as data."""

from __future__ import annotations

from bench.workloads import capsules, contractions, networks, places, products
from bench.workloads.workload import Bar, Workload

WORKLOADS = (
    *capsules.WORKLOADS,
    *products.WORKLOADS,
    *contractions.WORKLOADS,
    *networks.WORKLOADS,
    *places.WORKLOADS,
)

__all__ = ["WORKLOADS", "Bar", "Workload"]

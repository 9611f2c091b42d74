# SPDX-License-Identifier: Apache-2.0
"""The analytic plan."""

from __future__ import annotations

from collections.abc import Mapping

from unrut.emitter.graph.computation import Graph
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.plain import plain
from unrut.emitter.schedule.plan import Plan


def choose(graph: Graph, machine: Machine, layouts: Mapping[str, Layout]) -> Plan:
    """A legal plan for this machine."""
    return plain(graph)

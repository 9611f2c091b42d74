# SPDX-License-Identifier: Apache-2.0
"""Sources that wake a team of threads however little there is to do: small arrays then show what threads do to each other."""

from __future__ import annotations

from collections.abc import Mapping

from unrut.emitter import emit
from unrut.emitter.graph import analyse
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine, this_machine
from unrut.emitter.pipeline import Trace, default_layouts
from unrut.emitter.schedule.choose import choose
from unrut.program.nodes import Program
from unrut.program.walk import contributing


def emit_eager(program: Program, layouts: Mapping[str, Layout] | None = None, machine: Machine | None = None) -> Trace:
    """The journey of a program to its source under the plan of a planner that spares no threads."""
    machine = machine or this_machine()
    layouts = {**default_layouts(program), **(layouts or {})}
    plan = choose(analyse(contributing(program)), machine, layouts, spare=False)
    return emit(program, layouts, machine, plan)

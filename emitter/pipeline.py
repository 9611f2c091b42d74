# SPDX-License-Identifier: Apache-2.0
"""The journey of a Program to a Kernel, on one page.

| stage | takes | gives | where |
| analyse | Program | Graph: flat computations, accesses, laws | emitter.graph |
| choose | Graph, Machine, Layouts | Plan: inlining, loops, tiles, lanes, sharing, with reasons | emitter.schedule |
| check_legal | Graph, Plan | nothing, or a PlanError; knows nothing of choose | emitter.schedule |
| lower | Graph, Plan | Nest: every loop, buffer, store, barrier | emitter.lower |
| render | Nest, Layouts | Source: one C file | emitter.render |
| build | Source | Library | emitter.build |
| Kernel | Library, Trace | a callable on arrays | emitter.kernel |

Everything handed over is immutable and has a text form; nothing else passes between stages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from unrut.emitter.graph import Graph, analyse
from unrut.emitter.graph import show as show_graph
from unrut.emitter.layout import Layout, contiguous
from unrut.emitter.lower import lower, outlined
from unrut.emitter.machine import Machine, this_machine
from unrut.emitter.nest import Nest
from unrut.emitter.schedule.choose import choose
from unrut.emitter.schedule.legal import check_legal
from unrut.emitter.schedule.plain import plain
from unrut.emitter.schedule.plan import Plan
from unrut.emitter.schedule.plan_text import show as show_plan
from unrut.emitter.source import Source
from unrut.errors import BindError, InternalError, PlanError
from unrut.program.extents import Extent
from unrut.program.nodes import Program
from unrut.program.walk import contributing

if TYPE_CHECKING:
    from unrut.emitter.kernel import Kernel

STAGES = ("program", "graph", "plan", "nest", "source")
PLAINEST = "the plainest plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What each stage gave. Stages after the one that was asked for are None."""

    program: Program
    layouts: Mapping[str, Layout]
    machine: Machine
    graph: Graph | None = None
    plan: Plan | None = None
    nest: Nest | None = None
    source: Source | None = None

    def show(self, stage: str) -> str:
        """One stage as text; `stage` is one of STAGES."""
        if stage == "program":
            from unrut.program.show import show as show_program

            return show_program(self.program)
        if stage == "graph" and self.graph is not None:
            return show_graph(self.graph)
        if stage == "plan" and self.plan is not None:
            return show_plan(self.plan)
        if stage == "nest" and self.nest is not None:
            from unrut.emitter.nest_show import show as show_nest

            return show_nest(self.nest)
        if stage == "source" and self.source is not None:
            return self.source.code
        if stage not in STAGES:
            raise BindError(f"there is no stage `{stage}`", remedy=f"one of {', '.join(STAGES)}")
        raise InternalError(f"the journey did not come to the stage `{stage}`")


def default_layouts(program: Program) -> dict[str, Layout]:
    """C order for every operand and result."""
    return {
        name: contiguous(_known(program.shape_of(name)), pairs=program.dtype_of(name).is_complex)
        for name in (*(operand.name for operand in program.operands), *program.results)
    }


def _known(shape: tuple[Extent, ...]) -> tuple[int | None, ...]:
    return tuple(extent.value() if extent.is_fixed else None for extent in shape)


def emit(
    program: Program,
    layouts: Mapping[str, Layout] | None = None,
    machine: Machine | None = None,
    plan: Plan | None = None,
    stop: str | None = None,
) -> Trace:
    """Take a program as far as `stop` (a stage; None: to its source). A given plan is checked, not trusted: PlanError.

    A plan that was tuned for another machine is not used: the analytic one is, and says so.
    """
    from unrut.emitter.nest_verify import verify as verify_nest

    machine = machine or this_machine()
    layouts = {**default_layouts(program), **(layouts or {})}
    graph = plan_used = nest = source = None
    reached = STAGES.index(stop) if stop is not None else len(STAGES) - 1
    if reached >= STAGES.index("graph"):
        graph = analyse(contributing(program))
    if graph is not None and reached >= STAGES.index("plan"):
        if plan is None:
            plan_used = _chosen(graph, machine, layouts)
        elif plan.tuned not in ("", str(machine)):
            reason = f"analytic: the plan that was given is tuned for {plan.tuned}; this machine is {machine}"
            plan_used = _chosen(graph, machine, layouts)
            plan_used = replace(plan_used, reasons=(reason, *plan_used.reasons))
        else:
            check_legal(graph, plan)
            plan_used = plan
    if graph is not None and plan_used is not None and reached >= STAGES.index("nest"):
        nest = outlined(lower(graph, plan_used))
        verify_nest(nest)
    if nest is not None and reached >= STAGES.index("source"):
        from unrut.emitter.render.render import render

        source = render(nest, layouts, note=_note(contributing(program)))
    return Trace(
        program=program, layouts=layouts, machine=machine, graph=graph, plan=plan_used, nest=nest, source=source
    )


def _chosen(graph: Graph, machine: Machine, layouts: Mapping[str, Layout]) -> Plan:
    """The analytic plan. Should it not be legal, which is a mistake of ours, the plainest one, and it says so: slow is better
    than nothing.
    """
    found = choose(graph, machine, layouts)
    try:
        check_legal(graph, found)
    except PlanError as error:
        found = plain(graph)
        check_legal(graph, found)
        return replace(found, reasons=(f"{PLAINEST}: of the analytic one, {error.message}", *found.reasons))
    return found


def _note(program: Program) -> str:
    from unrut.program.show import show as show_program

    return show_program(program)


def emit_portable(program: Program, layouts: Mapping[str, Layout] | None = None) -> Trace:
    """The source that runs anywhere, with a part for each set of instructions; plan and nest are those of this machine."""
    from unrut.emitter.render.portable import PATHS, render_portable

    traces = {path.name: emit(program, layouts, path.machine, stop="nest") for path in PATHS}
    nests = {name: trace.nest for name, trace in traces.items() if trace.nest is not None}
    here = traces[this_machine().name]
    return replace(here, source=render_portable(nests, here.layouts, note=_note(contributing(program))))


def compile_program(
    program: Program,
    layouts: Mapping[str, Layout] | None = None,
    machine: Machine | None = None,
    plan: Plan | None = None,
    *,
    portable: bool = False,
) -> Kernel:
    """A Kernel for a program whose operands and results have these layouts. Raises BuildError, PlanError.

    `portable`: as those who ship it compile it, for any processor of this kind, with a choice when it is called.
    """
    from unrut.emitter.build import build, find_toolchain
    from unrut.emitter.kernel import Kernel

    trace = emit_portable(program, layouts) if portable else emit(program, layouts, machine, plan)
    if trace.source is None:
        raise InternalError(f"no source came out of {program.name}")
    toolchain = find_toolchain()
    return Kernel(build(trace.source, toolchain.portable() if portable else toolchain), trace)

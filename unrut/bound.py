# SPDX-License-Identifier: Apache-2.0
"""An op with specs and options fixed: the place from which its text, meaning, explanation and kernels are reached."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unrut.arrays import Array, take, take_results
from unrut.errors import BindError, BuildError, PlanError, UnrutError
from unrut.language.callers import Telling, point_at_caller
from unrut.markup import page, pre
from unrut.program.nodes import Program

if TYPE_CHECKING:
    from unrut.emitter.kernel import Kernel
    from unrut.emitter.layout import Layout
    from unrut.emitter.schedule.plan import Plan
    from unrut.emitter.tree import Tree
    from unrut.emitter.tune import Tuning
    from unrut.op import Op

TARGETS = ("c",)
MACHINES = ("native", "portable")
STAGES = ("program", "graph", "plan", "nest", "source")


class Bound:
    """A Program, with the arrays and scalars that were given for it, if any were.

    `program` is the typed Program, `arrays` are by operand (or None), `scalars` by name. Arrays and scalars that a method
    is given take the place of those remembered. `op` and `options` are what was bound, where that is known.
    """

    def __init__(
        self,
        program: Program,
        arrays: Mapping[str, Array] | None,
        scalars: Mapping[str, float],
        *,
        op: Op | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.program = program
        self.arrays = arrays
        self.scalars = dict(scalars)
        self.op = op
        self.options = dict(options or {})
        self._kernels: dict[tuple[object, ...], Kernel] = {}

    def __repr__(self) -> str:
        return f"<bound {self.show().splitlines()[0]}>"

    def show(self, stage: str = "program") -> str:
        """The program as text, which `ur.parse` reads; or what it becomes: graph, plan, nest, source."""
        from unrut.program.show import show

        if stage == "program":
            return show(self.program)
        from unrut.emitter.pipeline import emit

        return emit(self.program, self._layouts(), stop=stage if stage in STAGES else "program").show(stage)

    def tree(self, **sizes: int) -> Tree:
        """The loop nest as a tree, with what each statement costs and where each tensor lives; prints as text.

        Run-time sizes that are not given count as 128. Nothing is compiled.
        """
        from unrut.emitter.pipeline import emit
        from unrut.emitter.tree import tree

        return tree(emit(self.program, self._layouts(), stop="nest"), sizes)

    def _repr_html_(self) -> str:
        """For notebooks: the text, costs, where tensors live, the loops."""
        try:
            rest = self.tree().parts()
        except UnrutError as error:  # what can't be emitted has a text all the same
            rest = [pre(str(error))]
        return page(pre(self.show()), *rest)

    def _layouts(self) -> Mapping[str, Layout]:
        from unrut.specialise import layouts_of

        return layouts_of(self.program, self.arrays or {}, None)

    def with_arrays(self, /, *arrays: Any, **scalars: float) -> Bound:
        """The same with these arrays and scalars remembered. Raises BindError where they don't fit."""
        named = {**self.scalars, **self._scalars(scalars)}
        return Bound(self.program, self._arrays(arrays), named, op=self.op, options=self.options)

    def reference(self, /, *arrays: Any, **scalars: float) -> Any:
        """The results by the reference, in plain NumPy: an array, or a tuple of them."""
        from unrut.reference import evaluate

        with Telling(self.program.name):
            found = evaluate(self.program, self._arrays(arrays), self._scalars(scalars))
        return only_or_all([found[name] for name in self.program.results])

    def intermediates(self, /, *arrays: Any, **scalars: float) -> dict[str, Array]:
        """Every tensor that the program defines, by name, as the reference computes it."""
        from unrut.reference import evaluate

        with Telling(self.program.name):
            return evaluate(self.program, self._arrays(arrays), self._scalars(scalars), every=True)

    def explain(self, result: str | None = None, /, **place: int) -> Any:
        """Every term behind one element: `bound.explain(n=0, co=3, y=1)`, or `explain("mu", n=0)` of another tensor.

        Without a name the op's first result is meant. Needs arrays that were given to `bind`. The explanation prints
        as text.
        """
        from unrut.reference import explain

        name = self.program.results[0] if result is None else result
        with Telling(self.program.name):
            return explain(self.program, self._arrays(()), self._scalars({}), name, place)

    def compile(
        self,
        target: str = "c",
        *,
        threads: int | None = None,
        plan: str | os.PathLike[str] | Plan | None = None,
        machine: str = "native",
    ) -> Kernel:
        """A kernel for the layouts of the arrays given to `bind`, or for C order; made once and kept.

        `threads` is how many it uses at most where a call says nothing else; it never changes a result. Run-time scalars
        that were bound are the kernel's own where a call gives no others.
        `plan` takes the place of the analytic plan: the text that `kernel.show("plan")` or `tune().plan` gives, edited or
        not, or the path of a file that holds it. It may change how sums are split, never what is summed.
        `machine` is "native", this one, or "portable": one source with a part for each set of instructions (AVX-512, AVX2,
        NEON, anything), compiled without flags for this processor, which takes the best part that it can run at each call.
        Raises BuildError where there is no working compiler or no such target, PlanError for a plan that can't be read or is
        not legal for this program.
        """
        from unrut.emitter.kernel import Kernel

        if machine not in MACHINES:
            raise BuildError(f"there is no machine {machine!r}", remedy=f"one of {', '.join(MACHINES)}")
        if machine != "native" and plan is not None:
            raise PlanError("a portable kernel has a plan for each set of instructions", remedy="leave out plan=")
        kernel = self._kernel(self.arrays, None, target, _plan(plan), portable=machine == "portable")
        if threads is None:
            return kernel
        return Kernel(kernel.library, kernel.trace, threads=threads, scalars=self.scalars)

    def tune(self, seconds: float = 5.0, *, threads: int | None = None) -> Tuning:
        """Measure the few plans that the cost model can't tell apart, on the arrays given to `bind`, for so many seconds.

        The result prints what was tried; its `plan` is the fastest one as text, to be kept beside the source and given to
        `compile("c", plan=...)`, where it is used on machines like this one; its `kernel` is ready to be called.
        At least the analytic plan and, if there is time, some others are measured, three times each, however long that takes.
        Raises BindError without arrays, BuildError where there is no working compiler, and what a call raises.
        """
        from unrut.emitter.tune import tune
        from unrut.progress import shown
        from unrut.specialise import layouts_of

        limit = _time(seconds)
        if self.arrays is None and self.program.operands:
            names = ", ".join(operand.name for operand in self.program.operands)
            message = f"`{self.program.name}` was bound to specs, so there is nothing to measure on"
            raise BindError(message, remedy=f"the arrays of a typical call: bind({names}).tune()")
        arrays, scalars = self._arrays(()), self._scalars({})
        layouts = layouts_of(self.program, arrays, None)
        with shown(f"tuning {self.program.name}") as progress:
            return tune(self.program, layouts, arrays, scalars, seconds=limit, threads=threads, progress=progress)

    def __call__(self, /, *arrays: Any, out: Any = None, threads: int | None = None, **scalars: float) -> Any:
        """The results by a compiled kernel, made at the first call for these layouts."""
        try:
            given = self._arrays(arrays)
            results = take_results(out, self.program.results)
            named: dict[str, Any] = self._scalars(scalars)
            return self._kernel(given, results, "c")(*given.values(), out=results, threads=threads, **named)
        except UnrutError as error:
            point_at_caller(error, self.program.name)
            raise

    def _kernel(
        self,
        arrays: Mapping[str, Array] | None,
        out: Any,
        target: str,
        plan: Plan | None = None,
        *,
        portable: bool = False,
    ) -> Kernel:
        if target not in TARGETS:
            raise BuildError(f"there is no target `{target}` yet", remedy=f"one of {', '.join(TARGETS)}")
        from unrut.emitter import compile_program
        from unrut.emitter.kernel import Kernel
        from unrut.specialise import layouts_of

        layouts = layouts_of(self.program, arrays or {}, out)
        key = (target, plan, portable, *layouts.items())
        if key not in self._kernels:
            compiled = compile_program(self.program, layouts, plan=plan, portable=portable)
            self._kernels[key] = Kernel(compiled.library, compiled.trace, scalars=self.scalars)
        return self._kernels[key]

    def _arrays(self, given: Sequence[Any]) -> Mapping[str, Array]:
        names = [operand.name for operand in self.program.operands]
        if given or not names:
            return take(self.program.name, names, given)
        if self.arrays is None:
            raise BindError(
                f"`{self.program.name}` was bound to specs, so there are no arrays to compute with",
                remedy=f"the arrays here, ({', '.join(names)}), or in bind({', '.join(names)})",
            )
        return self.arrays

    def _scalars(self, given: Mapping[str, float]) -> dict[str, float]:
        unknown = [name for name in given if name not in self.program.scalars]
        values = {**self.scalars, **given}
        missing = [name for name in self.program.scalars if name not in values]
        if unknown or missing:
            listed = ", ".join(f"{name}=" for name in self.program.scalars) or "none"
            fault = f"has no scalar `{unknown[0]}`" if unknown else f"needs {' and '.join(f'`{n}=`' for n in missing)}"
            message = f"`{self.program.name}` {fault}; its run-time scalars are {listed}"
            raise BindError(message, remedy="options other than floats are fixed by bind")
        return {name: float(values[name]) for name in self.program.scalars}


def _time(seconds: Any) -> float:
    """Seconds that are some. Raises BindError."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
        raise BindError(f"`seconds` is {seconds!r}, not a time", remedy="seconds=5")
    return float(seconds)


def _plan(given: Any) -> Plan | None:
    """A plan as data, of whatever was given for one."""
    from unrut.emitter.schedule.plan import Plan
    from unrut.emitter.schedule.plan_text import parse_plan

    if given is None or isinstance(given, Plan):
        return given
    if isinstance(given, str):
        return parse_plan(given)
    if not isinstance(given, os.PathLike):
        message = f"`plan` is a {type(given).__name__}, no plan"
        raise PlanError(message, remedy='the text that `kernel.show("plan")` gives, or pathlib.Path("my.plan")')
    try:
        return parse_plan(Path(given).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"the plan can't be read: {error}", remedy="the path of a text file") from None


def only_or_all(found: Sequence[Any]) -> Any:
    """The one result, or all of them as a tuple."""
    return found[0] if len(found) == 1 else tuple(found)

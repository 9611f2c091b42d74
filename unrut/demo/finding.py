# SPDX-License-Identifier: Apache-2.0
"""One layer, measured: by the reference, by NumPy with the votes written out, and by C."""

from __future__ import annotations

import ast
import inspect
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrut.demo.data import Array
from unrut.demo.measure import Agreement, Cost, agreement, cost_in_numpy, seconds_of
from unrut.demo.network import Layer
from unrut.emitter.source import Source
from unrut.errors import BuildError
from unrut.reference import evaluate_with_bounds

JUDGED = 16  # images whose results are held against bounds: an image's results depend on no other image


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What the C of a layer is, costs and gives. Bytes: `moved` by the plan, `compulsory` in any
    case, `composed` where every intermediate is written and read again.
    """

    cost: Cost
    agreement: Agreement
    seconds_to_build: float
    file: Path
    lines: int
    excerpt: str
    moved: int
    compulsory: int
    composed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """All that the report says of a layer. `compiled` is None where there is no compiler, and `reason` says why."""

    layer: Layer
    text: str
    reference: Cost
    expert: Cost
    expert_agreement: Agreement
    compiled: Compiled | None
    reason: str
    results: tuple[Array, ...]


def find(layer: Layer, folder: Path, step: Callable[[str], None]) -> Finding:
    """Measure a layer. `step` is told what is being done."""
    bound = layer.op.bind(*layer.arrays, **layer.parameters)
    step(f"{layer.name}: the reference")
    results, reference = cost_in_numpy(lambda: as_tuple(bound.reference()), times=1)
    step(f"{layer.name}: NumPy with the votes written out")
    by_expert, expert = cost_in_numpy(lambda: as_tuple(layer.expert(*layer.arrays, **layer.parameters)))
    step(f"{layer.name}: bounds on the error")
    few = layer.op.bind(*layer.first(JUDGED), **layer.parameters)
    bounded = evaluate_with_bounds(few.program, few.arrays, few.scalars)
    judged = tuple(bounded[name] for name in few.program.results)
    step(f"{layer.name}: compiling and running the C")
    compiled, reason = None, ""
    try:
        results, compiled = compile_and_run(layer, bound, judged, folder)
    except BuildError as error:
        reason = str(error)
    return Finding(
        layer=layer,
        text=notation(layer.op),
        reference=reference,
        expert=expert,
        expert_agreement=agreement(tuple(r[:JUDGED] for r in by_expert), judged),
        compiled=compiled,
        reason=reason,
        results=results,
    )


def notation(op: Any) -> str:
    """The op as its author wrote it, without the docstring."""
    source = textwrap.dedent(inspect.getsource(op.__wrapped__))
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    lines = source.splitlines()
    return "\n".join(lines[: function.body[0].lineno - 1] + lines[function.body[1].lineno - 1 :])


def as_tuple(results: Any) -> tuple[Array, ...]:
    """One result or several as a tuple."""
    return results if isinstance(results, tuple) else (results,)


def compile_and_run(
    layer: Layer, bound: Any, judged: tuple[Any, ...], folder: Path
) -> tuple[tuple[Array, ...], Compiled]:
    """The results by C, and what there is to say of it. Raises BuildError without a compiler."""
    begin = time.perf_counter()
    kernel = bound.compile("c")
    built = time.perf_counter() - begin
    results, seconds = seconds_of(lambda: as_tuple(bound()), times=7)
    source = kernel.library.source
    file = folder / f"{layer.name}.c"
    file.write_text(source.code, encoding="utf-8")
    file.with_suffix(".h").write_text(source.header, encoding="utf-8")
    report = kernel.report()
    compiled = Compiled(
        cost=Cost(
            seconds=seconds, peak=report.shared + kernel.threads * report.scratch + sum(r.nbytes for r in results)
        ),
        agreement=agreement(tuple(r[:JUDGED] for r in results), judged),
        seconds_to_build=built,
        file=file,
        lines=source.code.count("\n"),
        excerpt=excerpt(source),
        moved=report.moved,
        compulsory=report.compulsory,
        composed=report.composed,
    )
    return results, compiled


def excerpt(source: Source) -> str:
    """The loops that make the votes, the first statement, down to the multiplication."""
    lines = source.code.splitlines()
    votes = source.lines[min(source.lines)].partition(",")[0]
    runs: list[list[int]] = [[]]
    for number in sorted(source.lines):
        if source.lines[number] == votes:
            if runs[-1] and runs[-1][-1] != number - 1:
                runs.append([])
            runs[-1].append(number)
    longest = max(runs, key=len)
    innermost = next((n for n in longest if "+=" in lines[n - 1]), longest[-1])
    return textwrap.dedent("\n".join(lines[longest[0] - 1 : innermost]))

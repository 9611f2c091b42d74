# SPDX-License-Identifier: Apache-2.0
"""Run every node test of the `onnx` package, and write docs/onnx.md: `nox -s onnx`, `-- --jobs 2 --without-c`.

Exit status 1 if a case that can be said fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import onnx
from judgement import (
    FAILED,
    NOT_COMPARABLE,
    NOT_JUDGED,
    PASSED,
    SHAPE_ONLY,
    SKIPPED,
    WRITTEN,
    Outcome,
    run_case,
)
from node_cases import collected

PAGE = Path(__file__).resolve().parents[2] / "docs" / "onnx.md"

STATUSES = (PASSED, SHAPE_ONLY, NOT_JUDGED, NOT_COMPARABLE, FAILED, SKIPPED)

TEXT = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by tests/onnx/table.py; do not edit. -->
# ONNX's node tests

An outside check: the node tests of the `onnx` package, which other people wrote for other implementations. Each case is
translated to a text in the notation, {one} of them from a single operator, {several} from a graph of several. The translation
looks at attributes and shapes; it computes no element. The text runs through the reference and through C.

What onnx expects counts as a kernel like any other: it must lie within the bound on rounding that the reference derives from
the program, and so must C. No tolerance is chosen, except in the two tests with decimal numbers that are named below. A
case passes only if at least one element was judged. Of {elements:,} elements {judged:,} have a finite bound; at the others
anything is right: there the data lie where a rounded number decides which element is read or which way is taken. {partly} of
the passed cases have such.

| | cases |
|---|---|
| passed, by the reference and by C | {passed} |
| shape only: the results have no elements | {shape_only} |
| not judged: no element has a finite bound | {not_judged} |
| expressible, not comparable | {not_comparable} |
| failed | {failed} |
| skipped | {skipped} |
| all, of onnx {version} | {total} |

`python3 noxfile.py -s onnx` runs all of it again and writes this page. The tests of every day run a sample.

## What is not as plain as "passed"

**Shape only**: {shape_only_names}.

**Not judged**: {not_judged_names}.

**Expressible, not comparable**: {not_comparable_names}.
The notation states the transform as a sum, and C keeps to the bound of that sum. onnx's results come from a fast transform
in single precision, whose error goes with the largest term of the whole line: where the terms of an element cancel or are 0,
it is beyond the bound of the sum.
{misses}

**Decimal numbers**: {written_names}.
Their results stand as decimal numbers, of fewer digits than the bound needs. One unit of the last digit is allowed there,
nowhere else.

**Folded**: where a graph of several nodes computes something of constants and shapes alone, the translation lets the `onnx`
package compute it, in {folded} of the cases above: from that come extents, places of slices, axes. Where the text reads such
numbers as elements (masks, tables), it computes them itself. Cases where it can't, and reads what was folded: {read}.

## Why cases are skipped

| reason | cases |
|---|---|
{reasons}

"Not translated" is missing work, also in expanded graphs of operators that pass by themselves; the rest is not in the
language. A graph of several nodes counts under the first reason that is met.

## By operator

"expanded" are graphs in which an operator is written out in others.

| operator | cases | passed | the others, and why |
|---|---|---|---|
{operators}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all cases, print failures, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--without-c", action="store_true", help="the reference alone; the page is not written")
    parser.add_argument(
        "--only", default="", help="cases whose name or operator contains this; the page is not written"
    )
    options = parser.parse_args(arguments)
    names = [
        n for n, case in collected().items() if options.only in n or options.only in case.model.graph.node[0].op_type
    ]
    run = partial(run_case, in_c=not options.without_c)
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        outcomes = pool.map(run, names, chunksize=8)
    counts = Counter(o.status for o in outcomes)
    for outcome in outcomes:
        if outcome.status == FAILED:
            print(f"{outcome.name} ({outcome.operator}): {outcome.reason}")
    print(", ".join(f"{counts[s]} {s}" for s in STATUSES))
    if not options.without_c and not options.only:
        PAGE.write_text(page(outcomes), encoding="utf-8")
    return 1 if counts[FAILED] else 0


def page(outcomes: Sequence[Outcome]) -> str:
    """The page of these outcomes."""
    counts = Counter(o.status for o in outcomes)
    reasons = Counter(o.reason for o in outcomes if o.status == SKIPPED)
    by_operator: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_operator[outcome.operator].append(outcome)
    passed, bare, unjudged, apart = (
        [o for o in outcomes if o.status == s] for s in (PASSED, SHAPE_ONLY, NOT_JUDGED, NOT_COMPARABLE)
    )
    run = [*passed, *bare, *unjudged, *apart]
    return TEXT.format(
        one=sum(o.operator != "expanded" for o in passed),
        several=sum(o.operator == "expanded" for o in passed),
        passed=counts[PASSED],
        elements=sum(o.elements for o in passed),
        judged=sum(o.judged for o in passed),
        partly=sum(o.judged < o.elements for o in passed),
        shape_only=len(bare),
        not_judged=len(unjudged),
        not_comparable=len(apart),
        shape_only_names=_listed(bare),
        not_judged_names=_listed(unjudged),
        not_comparable_names=_listed(apart),
        misses="\n".join(f"`{o.name}`: {o.reason}." for o in apart),
        written_names=", ".join(f"`{name}`" for name in WRITTEN),
        folded=sum(bool(o.folded) for o in run),
        read=sum(bool(o.read) for o in run),
        failed=counts[FAILED],
        skipped=counts[SKIPPED],
        total=len(outcomes),
        version=onnx.__version__,
        reasons="\n".join(f"| {reason} | {n} |" for reason, n in sorted(reasons.items(), key=lambda r: (-r[1], r[0]))),
        operators="\n".join(_row(name, by_operator[name]) for name in sorted(by_operator)),
    )


def _listed(outcomes: Sequence[Outcome]) -> str:
    return ", ".join(f"`{o.name}`" for o in outcomes) or "none"


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    why = Counter(o.reason if o.status == SKIPPED else o.status for o in outcomes if o.status != PASSED)
    listed = ", ".join(f"{reason} ({n})" for reason, n in why.most_common())
    return f"| {name} | {len(outcomes)} | {sum(o.status == PASSED for o in outcomes)} | {listed} |"


if __name__ == "__main__":
    sys.exit(main())

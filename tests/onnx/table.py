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
from judgement import FAILED, PASSED, SKIPPED, Outcome, run_case
from node_cases import collected

PAGE = Path(__file__).resolve().parents[2] / "docs" / "onnx.md"

TEXT = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by tests/onnx/table.py; do not edit. -->
# ONNX's node tests

An outside check: the node tests of the `onnx` package, which other people wrote for other implementations. Each case is
translated to a text in the notation, {one} of them from a single operator, {several} from a graph of several. The translation
looks at attributes and shapes; it computes no element. The text runs through the reference and through C.

What onnx expects counts as a kernel like any other: it must lie within the bound on rounding that the reference derives from
the program, and so must C. No tolerance is chosen. (Where a test has its results as decimal numbers, one unit of
the last digit is allowed.) Of {elements:,} elements {judged:,} have a finite bound; at the others anything is right.

| | cases |
|---|---|
| passed, by the reference and by C | {passed} |
| failed | {failed} |
| skipped | {skipped} |
| all, of onnx {version} | {total} |

`python3 noxfile.py -s onnx` runs all of it again and writes this page. The tests of every day run a sample.

## Why cases are skipped

| reason | cases |
|---|---|
{reasons}

"Not translated" is missing work, the rest is not in the language. A graph of several nodes counts under the first reason
that is met.

## By operator

"expanded" are graphs in which an operator is written out in others.

| operator | cases | passed | skipped, and why |
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
    print(", ".join(f"{counts[s]} {s}" for s in (PASSED, FAILED, SKIPPED)))
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
    passed = [o for o in outcomes if o.status == PASSED]
    return TEXT.format(
        one=sum(o.operator != "expanded" for o in passed),
        several=sum(o.operator == "expanded" for o in passed),
        passed=counts[PASSED],
        elements=sum(o.elements for o in passed),
        judged=sum(o.judged for o in passed),
        failed=counts[FAILED],
        skipped=counts[SKIPPED],
        total=len(outcomes),
        version=onnx.__version__,
        reasons="\n".join(f"| {reason} | {n} |" for reason, n in sorted(reasons.items(), key=lambda r: (-r[1], r[0]))),
        operators="\n".join(_row(name, by_operator[name]) for name in sorted(by_operator)),
    )


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    why = Counter(o.reason for o in outcomes if o.status == SKIPPED)
    listed = ", ".join(f"{reason} ({n})" for reason, n in why.most_common())
    return f"| {name} | {len(outcomes)} | {sum(o.status == PASSED for o in outcomes)} | {listed} |"


if __name__ == "__main__":
    sys.exit(main())

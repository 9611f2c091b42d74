# SPDX-License-Identifier: Apache-2.0
"""Random programs through reference and C: what the tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from unrut.emitter import compile_program
from unrut.emitter.kernel import Kernel
from unrut.testing.cases import Case
from unrut.testing.comparison import Verdict


@pytest.fixture(scope="session")
def kernel_for() -> Callable[[Case], Kernel]:
    """Compile a case for its layouts; equal programs and layouts share a kernel."""
    kernels: dict[str, Kernel] = {}

    def compiled(case: Case) -> Kernel:
        key = case.text + repr(sorted(case.layouts.items()))
        if key not in kernels:
            kernels[key] = compile_program(case.program, case.layouts)
        return kernels[key]

    return compiled


@pytest.fixture(scope="session")
def tally() -> Iterator[list[Verdict]]:
    """Every verdict by bound; printed at the end as a distribution of error over bound."""
    verdicts: list[Verdict] = []
    yield verdicts
    if verdicts:
        ratios = sorted(v.worst for v in verdicts)
        marks = {f"{q} %": ratios[min(len(ratios) - 1, len(ratios) * q // 100)] for q in (50, 90, 99, 100)}
        judged = sum(v.judged for v in verdicts) / len(verdicts)
        print("\nerror over bound: " + ", ".join(f"{name} {value:.3g}" for name, value in marks.items()), end="")
        print(
            f"; {len(verdicts)} results, {100 * judged:.1f} % of elements judged,"
            f" {sum(v.undecided for v in verdicts)} undecided"
        )

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


@pytest.fixture
def tally(request: pytest.FixtureRequest, verdicts: list[Verdict]) -> Iterator[None]:
    """Hands the verdicts of one test to the summary at the end (`tests/conftest.py`), also from another process."""
    verdicts.clear()
    yield
    found = [(v.worst, v.judged, v.undecided) for v in verdicts]
    request.node.user_properties.append(("error over bound", found))


@pytest.fixture(scope="session")
def verdicts() -> list[Verdict]:
    """Verdicts by bound, gathered over the examples of a test."""
    return []

# SPDX-License-Identifier: Apache-2.0
"""Random programs through reference and C: what the tests share."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from unrut.emitter import emit
from unrut.emitter.build import build
from unrut.emitter.kernel import Kernel
from unrut.emitter.machine import Machine
from unrut.testing.cases import Case
from unrut.testing.comparison import Verdict
from unrut.testing.rules import rules_hit
from unrut.testing.teams import emit_eager


@pytest.fixture(scope="session")
def kernel_for(met: Counter[str]) -> Callable[..., Kernel]:
    """Compile a case for its layouts, planned for a machine (by default this one); what is equal shares a kernel.

    Every other one never spares threads.
    """
    kernels: dict[str, Kernel] = {}

    def compiled(case: Case, machine: Machine | None = None) -> Kernel:
        key = case.text + repr(sorted(case.layouts.items())) + str(machine)
        if key not in kernels:
            eager = zlib.crc32(key.encode()) % 2
            trace = (emit_eager if eager else emit)(case.program, case.layouts, machine)
            assert trace.source is not None
            kernels[key] = Kernel(build(trace.source), trace)
            met.update(["programs", *rules_hit(trace)])
        return kernels[key]

    return compiled


@pytest.fixture(scope="session")
def met() -> Counter[str]:
    """How many of the programs that were compiled so far went through which rule."""
    return Counter()


@pytest.fixture(autouse=True)
def rules(request: pytest.FixtureRequest, met: Counter[str]) -> Iterator[None]:
    """Hands the rules that were met during one test to the summary at the end, also from another process."""
    before = Counter(met)
    yield
    if met != before:
        request.node.user_properties.append(("rules", dict(met - before)))


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

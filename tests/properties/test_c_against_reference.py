# SPDX-License-Identifier: Apache-2.0
"""Random programs through reference and C: exact integers bit for bit, then any data within the derived bound."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from unrut.emitter.kernel import Kernel
from unrut.emitter.machine import Machine
from unrut.reference import evaluate, evaluate_with_bounds
from unrut.testing.cases import Case, draw_case
from unrut.testing.comparison import Verdict, judge_bounded, judge_exact, valid
from unrut.testing.machines import MACHINES
from unrut.testing.programs import Sample, programs
from unrut.testing.values import STYLES

pytestmark = pytest.mark.compiler
seeds = st.integers(0, 2**31)


def _run(kernel: Kernel, case: Case, threads: int = 2) -> dict[str, np.ndarray]:
    found = kernel(*(case.arrays[o.name] for o in case.program.operands), threads=threads, **case.scalars)
    return dict(zip(case.program.results, found if isinstance(found, tuple) else (found,), strict=True))


@given(sample=programs(exact=True), seed=seeds, machine=st.sampled_from(MACHINES))
def test_small_integers_agree_bit_for_bit(
    sample: Sample, seed: int, machine: Machine, kernel_for: Callable[..., Kernel]
) -> None:
    case = draw_case(sample, seed=seed, layout="mixed")
    note(f"{case.text}\nfor {machine}")
    got, want = _run(kernel_for(case, machine), case), evaluate(case.program, case.arrays, case.scalars)
    for name in case.program.results:
        assert got[name].dtype == want[name].dtype
        assert got[name].shape == want[name].shape
        assert not judge_exact(got[name], want[name]).problem, name


@given(sample=programs(exact=True, invalid=True), seed=seeds)
def test_invalid_places_are_found_wherever_somebody_asks_for_them(
    sample: Sample, seed: int, kernel_for: Callable[[Case], Kernel]
) -> None:
    case = draw_case(sample, seed=seed, layout="mixed")
    note(case.text)
    want = valid(lambda: evaluate(case.program, case.arrays, case.scalars))
    got = valid(lambda: _run(kernel_for(case), case))
    assert (got is None) is (want is None)
    for name in case.program.results if got is not None and want is not None else ():
        assert not judge_exact(got[name], want[name]).problem, name


@pytest.mark.usefixtures("tally")
@given(sample=programs(exact=False), seed=seeds, style=st.sampled_from(STYLES), machine=st.sampled_from(MACHINES))
def test_any_data_agree_within_the_bound(
    sample: Sample,
    seed: int,
    style: str,
    machine: Machine,
    kernel_for: Callable[..., Kernel],
    verdicts: list[Verdict],
) -> None:
    case = draw_case(sample, seed=seed, style=style)
    note(f"{case.text}\nfor {machine}")
    got, want = _run(kernel_for(case, machine), case), evaluate_with_bounds(case.program, case.arrays, case.scalars)
    for name in case.program.results:
        verdict = judge_bounded(got[name], want[name])
        verdicts.append(verdict)
        assert not verdict.problem, name


@given(sample=programs(exact=False), seed=seeds, machine=st.sampled_from(MACHINES))
def test_results_do_not_depend_on_the_number_of_threads(
    sample: Sample, seed: int, machine: Machine, kernel_for: Callable[..., Kernel]
) -> None:
    case = draw_case(sample, seed=seed, style="ordinary")
    note(f"{case.text}\nfor {machine}")
    kernel = kernel_for(case, machine)
    alone = _run(kernel, case, threads=1)
    for threads in (2, 3, 5):
        together = _run(kernel, case, threads=threads)
        for name in case.program.results:
            assert alone[name].tobytes() == together[name].tobytes(), (name, threads)

# SPDX-License-Identifier: Apache-2.0
"""Random programs lowered and executed in Python: no compiler, and every index, order and write is checked."""

from __future__ import annotations

from hypothesis import given, note
from hypothesis import strategies as st

from unrut.emitter.machine import Machine
from unrut.reference import evaluate, evaluate_with_bounds
from unrut.testing.cases import draw_case
from unrut.testing.comparison import judge_bounded, judge_exact, valid
from unrut.testing.machines import MACHINES
from unrut.testing.nest_runs import run_program
from unrut.testing.programs import Sample, programs
from unrut.testing.values import STYLES

seeds = st.integers(0, 2**31)


@given(sample=programs(exact=True, statements=2, depth=3), seed=seeds, machine=st.sampled_from(MACHINES))
def test_small_integers_agree_bit_for_bit(sample: Sample, seed: int, machine: Machine) -> None:
    case = draw_case(sample, seed=seed)
    note(f"{case.text}\nfor {machine}")
    got = run_program(case.program, case.arrays, case.scalars, seed=seed, machine=machine)
    want = evaluate(case.program, case.arrays, case.scalars)
    for name in case.program.results:
        assert not judge_exact(got[name], want[name]).problem, name


@given(sample=programs(exact=True, statements=2, depth=3, invalid=True), seed=seeds)
def test_invalid_places_are_found_wherever_somebody_asks_for_them(sample: Sample, seed: int) -> None:
    case = draw_case(sample, seed=seed)
    note(case.text)
    want = valid(lambda: evaluate(case.program, case.arrays, case.scalars))
    got = valid(lambda: run_program(case.program, case.arrays, case.scalars, seed=seed))
    assert (got is None) is (want is None)
    for name in case.program.results if got is not None and want is not None else ():
        assert not judge_exact(got[name], want[name]).problem, name


@given(
    sample=programs(exact=False, statements=2, depth=3),
    seed=seeds,
    style=st.sampled_from(STYLES),
    machine=st.sampled_from(MACHINES),
)
def test_any_data_agree_within_the_bound(sample: Sample, seed: int, style: str, machine: Machine) -> None:
    case = draw_case(sample, seed=seed, style=style)
    note(f"{case.text}\nfor {machine}")
    got = run_program(case.program, case.arrays, case.scalars, seed=seed, machine=machine)
    want = evaluate_with_bounds(case.program, case.arrays, case.scalars)
    for name in case.program.results:
        assert not judge_bounded(got[name], want[name]).problem, name

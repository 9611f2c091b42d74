# SPDX-License-Identifier: Apache-2.0
"""Complex numbers as pairs of real ones: what the pass writes, and that it stays small, guarded and in order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.nodes import Role
from unrut.program.pairs import has_complex, paired
from unrut.program.show import show
from unrut.program.verify import verify
from unrut.program.walk import subexpressions
from unrut.reference import evaluate
from unrut.testing.cases import draw_case
from unrut.testing.comparison import judge_exact
from unrut.testing.programs import programs


def pairs_of(text):
    return paired(elaborate(parse(text)))


def parts_of(array):
    return array[..., None].view(array.real.dtype)


def test_the_example_of_the_module():
    found = pairs_of("op(z: c64[n], w: c64[n]) -> y\ny[i] = z[i]*w[i]")
    assert show(found.program) == (
        "op(z: f32[n, 2], w: f32[n, 2]) -> y\n"
        "y_re[i] = z[i, 0]*w[i, 0] - z[i, 1]*w[i, 1]\n"
        "y_im[i] = z[i, 0]*w[i, 1] + z[i, 1]*w[i, 0]\n"
        "y[i, part] = where(part == 0, y_re[i], y_im[i])\n"
    )
    assert found.parts == {"y": ("y_re", "y_im")}


def test_a_real_factor_costs_two_products():
    found = pairs_of("op(x: f32[n], z: c128[n]) -> y\ny[i] = x[i]*z[i]")
    assert "y_re[i] = x[i]*z[i, 0]" in show(found.program)


def test_a_contraction_is_four_real_ones():
    found = pairs_of("op(a: c64[m, l], b: c64[l, n]) -> y\ny[i, j] = sum[k](a[i, k]*b[k, j])")
    assert "y_re[i, j] = sum[k](a[i, k, 0]*b[k, j, 0]) - sum[k](a[i, k, 1]*b[k, j, 1])" in show(found.program)


def test_a_program_of_real_numbers_stays_itself():
    program = elaborate(parse("op(x: f32[n]) -> y\ny[i] = x[i] + 1"))
    assert paired(program).program is program


def test_new_names_clash_with_nothing():
    text = "op(z: c64[n], y_re: f32[n], part: scalar) -> y\ny[i] = z[i]*y_re[i]*part\ny_im[j] = y_re[j]"
    found = pairs_of(text)
    names = [o.name for o in found.program.operands] + [s.target for s in found.program.statements]
    assert len(set(names)) == len(names)
    assert found.program.statement("y").axes[-1].name not in (*names, "part")


@given(sample=programs(exact=False))
def test_nothing_complex_is_left_in_random_programs(sample):
    program = elaborate(parse(sample.text))
    found = verify(paired(program).program)
    assert not has_complex(found)
    assert found.results == program.results
    assert found.preconditions == program.preconditions


@given(sample=programs(exact=True, statements=2, depth=3), seed=st.integers(0, 2**31))
def test_pairs_mean_what_the_complex_numbers_meant(sample, seed):
    case = draw_case(sample, seed=seed)
    arrays = {name: parts_of(a) if a.dtype.kind == "c" else a for name, a in case.arrays.items()}
    got = evaluate(paired(case.program).program, arrays, case.scalars)
    for name, want in evaluate(case.program, case.arrays, case.scalars).items():
        want = parts_of(want) if want.dtype.kind == "c" else want
        assert not judge_exact(got[name], want).problem, name


@pytest.mark.parametrize("step", ["z[i]/({})", "sqrt(z[i]*({}))", "tanh({})/z[i]", "({} + 1)**3"])
def test_deep_terms_do_not_explode(step):
    """Each formula mentions its argument several times: written out, 20 levels would be millions of nodes."""
    text = "z[i]"
    for _ in range(20):
        text = step.format(text)
    found = pairs_of(f"op(z: c64[8]) -> y\ny[i] = {text}")
    sizes = [sum(1 for _ in subexpressions(s.body)) for s in found.program.statements]
    assert max(sizes) < 200
    assert sum(sizes) < 10_000


def test_what_is_bound_stays_under_its_guard():
    """The reads of a bound part are made where its guard holds alone: else they would leave z."""
    division = "(z[i - 1]*z[i - 1]/z[i - 1])"
    text = f"op(z: c64[3]) -> y\naxis i: 4\ny[i] = where(i > 0, {division}/{division}/{division}, 1)"
    program = elaborate(parse(text))
    assert any("_part" in s.target for s in paired(program).program.statements)
    z = np.array([1 + 1j, 2, -1j], np.complex64)
    got = evaluate(paired(program).program, {"z": parts_of(z)})["y"]
    np.testing.assert_allclose(got[..., 0] + 1j * got[..., 1], evaluate(program, {"z": z})["y"], rtol=1e-6)


def test_cycles_and_their_starts_are_those_of_both_parts():
    found = pairs_of("op(a: c64[9], z: c64[9]) -> h\nh[-1] = a[0]\nh[t] = h[t - 1]*u[t]\nu[t] = conj(h[t - 1])*z[t]")
    (cycle,) = found.program.cycles
    assert set(cycle.tensors()) == {"h_re", "h_im", "u_re", "u_im"}
    assert [s.target for s in found.program.statements if s.role is Role.starts] == ["h_re", "h_im"]


def test_states_of_folds_and_products_are_pairs():
    found = pairs_of("op(z: c64[n]) -> y\ny = prod[i](z[i], initial=2)")
    assert show(found.program).count("fold[i](") == 4  # two parts of the fold, each twice in a product with 2 + 0i


def test_a_policy_gives_the_parts_of_its_value():
    text = show(pairs_of("op(z: c64[3]) -> y\naxis i: 5\ny[i] = z.outside(1 - 2j)[i - 1]").program)
    assert "y_re[i] = z.outside(1 - 0.0)[i - 1, 0]" in text
    assert "y_im[i] = z.outside(-2.0)[i - 1, 1]" in text

# SPDX-License-Identifier: Apache-2.0
"""The demo: its parts, its NumPy twin, its weights, and the whole of it without a compiler."""

from __future__ import annotations

import numpy as np
import pytest

from unrut import demo
from unrut.bound import Bound
from unrut.demo import expert, measure, report
from unrut.errors import BuildError
from unrut.reference import textbook


def test_an_unknown_part_is_answered_with_the_known_ones(capsys):
    assert demo.main(["recurrences"]) == 2
    said = capsys.readouterr().err
    assert "recurrences" in said
    assert all(part in said for part in demo.PARTS)


def test_expert_dynamic_routing_is_the_textbook():
    random = np.random.default_rng(0)
    U, W = random.normal(size=(3, 6, 4)), random.normal(size=(6, 5, 4, 2))
    found = expert.dynamic_routing(U, W, iters=3)
    assert np.abs(found - textbook.dynamic_routing(U, W, iters=3)).max() < 64 * np.finfo(np.float64).eps


def test_expert_em_routing_is_the_textbook():
    random = np.random.default_rng(1)
    P, A, W = (
        random.normal(size=(2, 3, 5, 5, 2, 3)),
        random.uniform(0.1, 1, (2, 3, 5, 5)),
        random.normal(size=(4, 3, 3, 3, 3, 2)),
    )
    beta_u, beta_a = random.normal(size=(2, 4))
    options = {"stride": 2, "iters": 2, "final_lambda": 0.1, "eps": 0.1}
    for found, wanted in zip(
        expert.em_routing(P, A, W, beta_u, beta_a, **options),
        textbook.em_routing(P, A, W, beta_u, beta_a, **options),
        strict=True,
    ):
        assert found.shape == wanted.shape
        assert np.abs(found - wanted).max() < 1e-6  # eps and the schedule are f32 there: 2**-24 of values near 1


def test_agreement_sees_an_error_beyond_its_bound():
    class Limit:
        value = np.array([1.0, 2.0, 3.0])
        bound = np.array([0.1, 0.0, np.inf])

    fine = measure.agreement((np.array([1.05, 2.0, 9.0]),), (Limit,))
    assert fine.worst == pytest.approx(0.5)
    assert (fine.judged, fine.elements) == (2, 3)
    assert measure.agreement((np.array([1.2, 2.0, 3.0]),), (Limit,)).worst > 1
    assert measure.agreement((np.array([1.0, 2.1, 3.0]),), (Limit,)).worst == np.inf
    assert measure.agreement((np.array([np.nan, 2.0, 3.0]),), (Limit,)).worst == np.inf


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (84_934_656, "85 MB"), (2.5e9, "2.50 GB")]
)
def test_bytes(number, text):
    assert report.in_bytes(number) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.00123, "1.2 ms"), (0.256, "256 ms"), (1.5, "1.50 s")])
def test_seconds(seconds, text):
    assert report.in_seconds(seconds) == text


@pytest.mark.slow
def test_without_a_compiler_everything_else_is_shown(tmp_path, capsys, monkeypatch):
    pytest.importorskip("sklearn")

    def refuse(self, *_):
        raise BuildError("there is no C compiler", remedy="apt install gcc")

    monkeypatch.setattr(Bound, "compile", refuse)
    assert demo.main(["--into", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    for piece in ("there is no C compiler", "apt install gcc", "ur.softmax", "reference", "unrut show"):
        assert piece in said
    right = float(said.split("held-out digits ")[1].split(" %")[0])
    assert right > 90
    assert "\x1b" not in said, "colours where nobody watches"


@pytest.mark.slow
@pytest.mark.compiler
def test_with_a_compiler_sources_and_a_picture_are_written(tmp_path, capsys):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    assert demo.main(["--into", str(tmp_path)]) == 0
    assert (tmp_path / "capsules.png").stat().st_size > 10_000
    for op in ("em_routing", "dynamic_routing"):
        assert f"int {op}(" in (tmp_path / f"{op}.c").read_text(encoding="utf-8")
    assert "times that" in capsys.readouterr().out

# SPDX-License-Identifier: Apache-2.0
"""The machine's rates: measured once, kept, and those of a typical machine where nothing can be measured."""

from __future__ import annotations

import pytest

from unrut.emitter.build import rates
from unrut.emitter.build.process import Finished
from unrut.emitter.rates import TYPICAL
from unrut.errors import BuildError


@pytest.fixture(autouse=True)
def _afresh(monkeypatch, tmp_path):
    rates.measured_rates.cache_clear()
    monkeypatch.setenv("UNRUT_CACHE_DIR", str(tmp_path))
    yield
    rates.measured_rates.cache_clear()


@pytest.mark.compiler
def test_measured_once_and_kept(monkeypatch):
    first = rates.measured_rates(16)
    assert first.measured
    assert min(first.vectors, first.memory, first.together, first.near, first.start, first.cached) > 0
    monkeypatch.setattr(rates, "run", lambda *_, **__: pytest.fail("measured again"))
    rates.measured_rates.cache_clear()
    assert rates.measured_rates(16) == first


def test_typical_without_a_compiler(monkeypatch):
    def none():
        raise BuildError("no compiler", remedy="")

    monkeypatch.setattr(rates, "find_toolchain", none)
    assert rates.measured_rates(16) is TYPICAL
    assert not TYPICAL.measured


@pytest.mark.compiler
@pytest.mark.parametrize("output", ["", "{}", '{"vectors": 1}', "[1]", "segmentation fault"])
def test_typical_where_the_program_fails(monkeypatch, output):
    finished = Finished(command=(), status=0 if output else 139, output=output, errors="")
    monkeypatch.setattr(rates, "run", lambda *_, **__: finished)
    assert rates.measured_rates(16) is TYPICAL

# SPDX-License-Identifier: Apache-2.0
"""What every test may ask for. Kept small: what only one room needs lies in that room's conftest."""

from __future__ import annotations

import functools
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from unrut.testing.rules import RULES

BARE = ("reference", "emitter", "templates")

# The same examples on every CI run, so that a red run is red again, and not made smaller there: each step would compile
# another kernel. New ones every time at somebody's desk, shrunk.
slow_is_fine = [HealthCheck.too_slow, HealthCheck.data_too_large]
in_ci = bool(os.environ.get("CI"))
phases = (Phase.explicit, Phase.reuse, Phase.generate) if in_ci else tuple(Phase)
settings.register_profile(
    "quick", max_examples=40, deadline=None, derandomize=in_ci, phases=phases, suppress_health_check=slow_is_fine
)
settings.register_profile("full", max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="write golden texts anew instead of comparing with them")


def pytest_configure(config: pytest.Config) -> None:
    """Compiled kernels of a test run are kept between runs, but apart from the user's own."""
    if getattr(config, "cache", None) is not None:  # absent under `-p no:cacheprovider`
        os.environ.setdefault("UNRUT_CACHE_DIR", str(config.cache.mkdir("unrut") / "kernels"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("compiler") and (reason := why_no_compiler()):
        if os.environ.get("UNRUT_REQUIRE_COMPILER"):  # where there must be one, a skip would hide a broken search
            pytest.fail(reason)
        pytest.skip(reason)


@functools.cache
def why_no_compiler() -> str:
    """Why no kernel can be built here, as the user would be told; empty where one can."""
    from unrut.emitter.build import find_toolchain
    from unrut.errors import BuildError

    try:
        find_toolchain()
    except BuildError as error:
        return " ".join(str(error).split())
    return ""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How far from their bounds kernels were, over all tests that judged by bound, and what random programs went through."""
    reports = [r for kind in terminalreporter.stats.values() for r in kind if getattr(r, "when", "") == "teardown"]
    met = sum((Counter(value) for r in reports for name, value in r.user_properties if name == "rules"), Counter[str]())
    if met:
        total = met.pop("programs")
        terminalreporter.write_sep("-", f"rules that {total} random programs went through")
        for name in RULES:
            terminalreporter.write_line(f"{name:28}{met[name]:6}{met[name] / total:9.1%}")
    found = [v for r in reports for name, values in r.user_properties if name == "error over bound" for v in values]
    if found:
        ratios = sorted(worst for worst, _, _ in found)
        marks = ", ".join(
            f"{q} %: {ratios[min(len(ratios) - 1, len(ratios) * q // 100)]:.3g}" for q in (50, 90, 99, 100)
        )
        judged, undecided = sum(share for _, share, _ in found) / len(found), sum(number for _, _, number in found)
        terminalreporter.write_sep("-", "error over bound, by share of results")
        terminalreporter.write_line(
            f"{marks}; {len(found)} results, {judged:.1%} of elements judged, {undecided} undecided"
        )


@pytest.fixture(scope="session", autouse=True)
def one_import_name() -> Iterator[None]:
    """No test may have imported a room by its folder's name, nor run what does: every type would exist twice."""
    yield
    doubled = sorted(set(BARE) & set(sys.modules))
    assert not doubled, f"imported by bare folder name: {doubled}; write unrut.{doubled[0]}"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)` holds a text against `golden/NAME` beside the test; `pytest --accept` writes it anew."""
    folder = Path(request.path).parent / "golden"

    def compare(name: str, text: str) -> None:
        file = folder / name
        if request.config.getoption("--accept"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        assert file.is_file(), f"no golden text {name}: look at the text, then run pytest --accept\n{text}"
        assert text == file.read_text(encoding="utf-8")

    return compare

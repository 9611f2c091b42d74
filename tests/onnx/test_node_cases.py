# SPDX-License-Identifier: Apache-2.0
"""A sample of onnx's node tests through the reference and C. `nox -s onnx` runs all of them."""

from __future__ import annotations

import re
import sys
import zlib
from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="needs the package onnx: pip install 'unrut[onnx]'")

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "onnx.md"
EVERY = 45
"""One case of so many, chosen by its name."""


@pytest.fixture(scope="module")
def glue():
    """The modules beside this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        import judgement

        yield judgement
        for name, module in list(sys.modules.items()):
            if Path(getattr(module, "__file__", None) or "").parent == HERE and "test_" not in name:
                del sys.modules[name]


@pytest.mark.compiler
@pytest.mark.slow
def test_a_sample_passes(glue):
    names = [n for n in glue.collected() if zlib.crc32(n.encode()) % EVERY == 0]
    outcomes = [glue.run_case(name, in_c=True) for name in names]
    assert not [o for o in outcomes if o.status == glue.FAILED]
    assert sum(o.status == glue.PASSED for o in outcomes) >= 20


def test_a_planted_mistake_is_found(glue):
    from translation import Translation, translate

    found = translate(glue.collected()["test_matmul_2d"])
    assert not glue.judge(found, in_c=False)[0]
    wrong = found.text.replace("sum[", "max[")
    assert "elements" in glue.judge(Translation(wrong, found.operands, found.wanted), in_c=False)[0]


def test_the_page_says_that_enough_passed_and_nothing_failed():
    rows = dict(re.findall(r"^\| (\w[^|]*) \| (\d+) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert int(rows["passed, by the reference and by C"]) >= 1000
    assert int(rows["failed"]) == 0

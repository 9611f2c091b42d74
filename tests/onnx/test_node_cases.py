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
    assert not glue.judge(found, in_c=False).onnx
    wrong = found.text.replace("sum[", "max[")
    assert "elements" in glue.judge(Translation(wrong, found.operands, found.wanted), in_c=False).onnx


def test_results_that_nothing_judges_do_not_pass(glue):
    assert glue.run_case("test_triu_zero", in_c=False).status == glue.SHAPE_ONLY
    verdict = glue.Verdict(onnx="", c="", elements=3, judged=0)
    assert glue.status_of("test_add", verdict) == (glue.NOT_JUDGED, "")


def test_a_case_that_is_not_comparable_is_held_to_that(glue):
    assert glue.run_case("test_dft_inverse", in_c=False).status == glue.NOT_COMPARABLE
    within = glue.Verdict(onnx="", c="", elements=3, judged=3)
    wrong = glue.Verdict(onnx="far off", c="far off", elements=3, judged=3)
    assert glue.status_of("test_dft_inverse", within)[0] == glue.FAILED
    assert glue.status_of("test_dft_inverse", wrong) == (glue.FAILED, "far off")


def test_powers_and_places_that_are_known_are_exact(glue):
    from translation import translate

    for name in ("test_pow_types_int32_int32", "test_resize_downsample_sizes_nearest_not_larger"):
        found = translate(glue.collected()[name])
        assert not glue.judge(found, in_c=False).onnx
        found.wanted[0].flat[-1] += 1
        assert glue.judge(found, in_c=False).onnx


def test_masks_of_constants_are_computed_by_the_text(glue):
    found = glue.translate(glue.collected()["test_attention_4d_causal_expanded"])
    assert found.folded
    assert not found.read


ROW = re.compile(r"^\| (\w[^|]*) \| (\d+) \|$", flags=re.MULTILINE)


def test_the_page_says_that_enough_passed_and_nothing_failed():
    rows = dict(ROW.findall(PAGE.read_text(encoding="utf-8").split("## Why cases are skipped")[0]))
    assert int(rows["passed, by the reference and by C"]) >= 1000
    assert int(rows["failed"]) == 0
    whole = next(int(n) for what, n in rows.items() if what.startswith("all, of onnx"))
    assert sum(map(int, rows.values())) == 2 * whole


def test_the_page_names_what_is_not_plainly_passed(glue):
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in (*glue.OTHER_ALGORITHM, *glue.WRITTEN, "test_triu_zero"))

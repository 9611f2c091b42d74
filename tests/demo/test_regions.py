# SPDX-License-Identifier: Apache-2.0
"""The part of the demo about regions of photographs: its twin in NumPy, its picture in a file, its graphs, the whole."""

from __future__ import annotations

import numpy as np
import pytest

from unrut import demo
from unrut.bound import Bound
from unrut.demo import photographs, regions
from unrut.demo.differences import differences
from unrut.demo.regions import Pairs
from unrut.errors import BuildError


def test_the_numpy_twin_is_the_op():
    random = np.random.default_rng(2)
    image = random.integers(0, 256, (40, 50), np.uint8)
    tops, lefts = regions.draw_pairs(random, image.shape, 30)
    wanted = differences.reference(image, tops, lefts)
    assert wanted.dtype == np.float64
    np.testing.assert_array_equal(regions.by_numpy(image, tops, lefts), wanted)


def test_a_mosaic_is_mirrored_photographs(tmp_path):
    tiles = {"a": np.arange(6, dtype=np.uint8).reshape(2, 3), "b": np.arange(10, 16, dtype=np.uint8).reshape(2, 3)}
    found = photographs.mosaic(tiles, tmp_path / "m", 7)
    np.testing.assert_array_equal(found[:2], [[0, 1, 2, 12, 11, 10, 0], [3, 4, 5, 15, 14, 13, 3]])
    np.testing.assert_array_equal(found[2:4], [[13, 14, 15, 5, 4, 3, 13], [10, 11, 12, 2, 1, 0, 10]])
    assert not found.flags.writeable


@pytest.mark.compiler
def test_a_mapped_image_is_not_copied(tmp_path):
    image = photographs.mosaic({"a": np.eye(50, 60, dtype=np.uint8)}, tmp_path / "m", 700)
    tops, lefts = regions.draw_pairs(np.random.default_rng(0), image.shape, 9)
    bound = differences.bind(image, tops, lefts)
    assert np.shares_memory(bound.arrays["image"], image)
    np.testing.assert_array_equal(bound(), regions.by_numpy(image, tops, lefts))


def test_a_graph_has_the_differences_as_weights():
    pytest.importorskip("networkx")
    from unrut.demo import similar

    pairs = Pairs(tops=np.array([[0, 5], [5, 9]]), lefts=np.array([[0, 6], [6, 1]]), differences=np.array([3.0, 4.5]))
    found = similar.graph(pairs)
    assert found[0, 0][5, 6]["weight"] == 3
    assert found[5, 6][9, 1]["weight"] == 4.5
    assert "3 regions, 2 edges" in similar.told("it", found)


def test_only_pairs_far_apart_with_something_to_see_are_drawn(monkeypatch):
    pytest.importorskip("networkx")
    from unrut.demo import similar

    monkeypatch.setattr(similar, "APART", 10)
    image = np.zeros((40, 40), np.uint8)
    image[:8, :8] = image[30:38, 30:38] = np.arange(64).reshape(8, 8) * 3
    tops, lefts = np.array([[0, 30], [0, 20], [0, 1]]), np.array([[0, 30], [0, 20], [0, 1]])
    found = similar.graph(Pairs(tops=tops, lefts=lefts, differences=np.array([0.0, 1.0, 2.0])))
    assert similar.most_similar(image, found, 8) == [((0, 0), (30, 30), 0.0)]


@pytest.mark.slow
@pytest.mark.compiler
def test_the_whole_part(tmp_path, capsys, monkeypatch):
    for name in ("sklearn", "matplotlib", "networkx", "PIL"):
        pytest.importorskip(name)
    monkeypatch.setattr(regions, "SIDE", 2000)
    assert demo.main(["regions", "--into", str(tmp_path)]) == 0
    assert (tmp_path / "regions.png").stat().st_size > 10_000
    assert "int differences(" in (tmp_path / "differences.c").read_text(encoding="utf-8")
    said = capsys.readouterr().out
    for piece in ("ur.median[v, u]", "bit for bit", "np.memmap", "china: ", "flower: "):
        assert piece in said


@pytest.mark.slow
def test_without_a_compiler(tmp_path, capsys, monkeypatch):
    pytest.importorskip("sklearn")
    pytest.importorskip("PIL")

    def refuse(self, *_):
        raise BuildError("there is no C compiler", remedy="apt install gcc")

    monkeypatch.setattr(regions, "SIDE", 1000)
    monkeypatch.setattr(regions, "PAIRS", 3000)
    monkeypatch.setattr(regions, "_graphs", lambda *_: ("", ""))
    monkeypatch.setattr(regions, "_computed", regions.by_numpy)
    monkeypatch.setattr(Bound, "compile", refuse)
    assert demo.main(["regions", "--into", str(tmp_path)]) == 0
    assert "no C this time: there is no C compiler" in capsys.readouterr().out

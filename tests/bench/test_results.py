# SPDX-License-Identifier: Apache-2.0
"""What the tables say follows from the data; who is wrong is left out; a run goes on where it ended."""

from __future__ import annotations

import numpy as np
import pytest

from bench.agreement import Agreement, disagreement
from bench.floors.floor import floor_of
from bench.store import Store
from bench.table import FRESH, OURS, best_peer, headline, milliseconds, reached, rows, summary
from bench.workloads import WORKLOADS, Bar


def found(**seconds: float) -> dict:
    share = {"floor": 0.5, "special": 0.8, "gather": 0.7, "workspace": 4000, "moved": 10**6}
    named = {name.replace("_", " "): {"seconds": s, "first": 1.0, "import": 0.5} for name, s in seconds.items()}
    return {"share": share, "rows": {OURS: {"seconds": 1e-3}, FRESH: {"seconds": 2e-3}, **named}}


def test_the_best_peer_is_a_right_one():
    data = found(torch=4e-3, jax=3e-3, numpy=9e-3)
    assert best_peer(data) == ("jax", pytest.approx(3.0))
    data["rows"]["jax"]["fault"] = "off by 1"
    assert best_peer(data) == ("torch", pytest.approx(4.0))
    assert best_peer(found()) == ("", float("inf"))


def test_what_a_bar_speaks_of():
    data = found(torch=4e-3)
    assert milliseconds(data) == pytest.approx(1.0)
    assert reached(data, Bar(by="floor", least=0.9)) == pytest.approx(0.5)
    assert reached(data, Bar(by="special", least=0.9)) == pytest.approx(0.8)
    assert reached(data, Bar(by="gather", least=0.9)) == pytest.approx(0.7)
    assert reached(data, Bar(by="peer", least=1.0)) == pytest.approx(4.0)


def test_tables_have_a_line_for_each_workload_that_is_known():
    data = {"workloads": {"conv_caps N=8": found(torch=4e-3)}}
    [line] = rows(data)
    assert line[0] == "conv_caps N=8"
    assert line[4] == "50 %"
    assert "floor 0.50 of 0.92 !" in line[9]
    assert [name for name, *_ in headline(data)] == [OURS, FRESH, "torch"]
    assert summary(data) == "0 of 1 bars met"


def test_wrong_results_are_told_from_rounding():
    right = np.linspace(-1, 1, 100, dtype=np.float32)
    close = Agreement.of("conv_caps")
    assert not disagreement([right * np.float32(1 + 1e-5)], [right], close)
    assert "off by" in disagreement([np.roll(right, 1)], [right], close)
    assert "shape" in disagreement([right[:-1]], [right], close)
    assert "off by" in disagreement([np.where(right > 0.9, np.nan, right)], [right], close)
    assert "2 results" in disagreement([right, right], [right], close)


def test_what_is_known_is_on_disk_at_once(tmp_path):
    store = Store(tmp_path / "results.json", threads=1)
    store.put("one", {"rows": {}, "share": {"floor": 1 / 3}})
    again = Store(tmp_path / "results.json", threads=1)
    assert again.has("one")
    assert not again.has("two")
    assert again.data["workloads"]["one"]["share"]["floor"] == 0.3333
    assert not Store(tmp_path / "results.json", threads=2).has("one")  # another machine, as far as figures go


def test_names_of_workloads_are_their_own():
    names = [workload.name for workload in WORKLOADS]
    assert len(set(names)) == len(names)
    assert all(workload.bars for workload in WORKLOADS)


@pytest.mark.parametrize("name", ["conv_caps gradient by P", "conv_caps gradient by W", "conv_caps N=8"])
def test_gradients_have_as_many_products_as_what_they_are_gradients_of(name):
    workload = next(w for w in WORKLOADS if w.name == name)
    arrays = tuple(np.broadcast_to(np.float32(0), a.shape) for a in workload.arrays())
    assert floor_of(workload.bind(arrays).program).work == {"fma_f32": 8 * 32 * 32 * 49 * 9 * 4 * 16}

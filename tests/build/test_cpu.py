# SPDX-License-Identifier: Apache-2.0
"""The processor is described as its system's files say, read here from files of an invented one."""

from __future__ import annotations

from pathlib import Path

import pytest

from unrut.emitter.build import cpu
from unrut.emitter.build.report import _count, _cpu, _size

CPUINFO = """processor\t: 0
model name\t: Invented 9000 @ 2.0: turbo
flags\t\t: fpu avx2 avx512f
stepping\t: 7

processor\t: 1
model name\t: Another
"""


@pytest.fixture
def invented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cpuinfo").write_text(CPUINFO)
    caches = (("Data", 1, "48K"), ("Instruction", 1, "32K"), ("Unified", 2, "2M"), ("Unified", 3, "1G"))
    for number, (kind, level, size) in enumerate(caches):
        folder = tmp_path / "cache" / f"index{number}"
        folder.mkdir(parents=True)
        for name, text in (("type", kind), ("level", level), ("size", size), ("coherency_line_size", 64)):
            (folder / name).write_text(f"{text}\n")
    for number, siblings in enumerate(("0-1", "0-1", "2")):
        folder = tmp_path / "topology" / str(number)
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{siblings}\n")
    monkeypatch.setattr(cpu, "_CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(cpu, "_CACHES", tmp_path / "cache")
    monkeypatch.setattr(cpu, "_TOPOLOGY", f"{tmp_path}/topology/{{}}/thread_siblings_list")
    monkeypatch.setattr(cpu, "_allowed", lambda: frozenset({0, 1, 2}))
    return tmp_path


def test_everything_is_read(invented: Path) -> None:
    found = cpu.read_cpu()
    assert found.model == "Invented 9000 @ 2.0: turbo"
    assert found.features == ("avx2", "avx512f", "fpu")
    assert (found.threads, found.cores) == (3, 2)
    assert (found.l1, found.l2, found.l3, found.line) == (48 << 10, 2 << 20, 1 << 30, 64)


def test_the_identity_changes_with_the_stepping(invented: Path) -> None:
    before = cpu.identity()
    assert before is not None
    (invented / "cpuinfo").write_text(CPUINFO.replace(": 7", ": 8"))
    assert cpu.identity() != before


def test_what_cannot_be_read_is_left_out(invented: Path) -> None:
    (invented / "cpuinfo").unlink()
    (invented / "cache" / "index2" / "size").write_text("large\n")
    found = cpu.read_cpu()
    assert (found.features, found.l1, found.l2, found.l3) == ((), 48 << 10, None, 1 << 30)
    (invented / "topology" / "1" / "thread_siblings_list").unlink()
    assert cpu.read_cpu().cores == 3
    assert cpu.identity() is None


def test_a_size_without_unit_is_in_bytes(invented: Path) -> None:
    (invented / "cache" / "index0" / "size").write_text("512\n")
    assert cpu.read_cpu().l1 == 512


def test_words_of_the_report(invented: Path) -> None:
    assert "3 threads on 2 cores, L1 48 KiB, L2 2 MiB, L3 1 GiB" in _cpu(cpu.read_cpu())
    assert [_count(n, "entry", "entries") for n in (0, 1, 2)] == ["0 entries", "1 entry", "2 entries"]
    assert [_size(n) for n in (1023, 1024, 1536)] == ["1023 B", "1 KiB", "1.5 KiB"]

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from unrut.emitter.build import cpu, doctor, gpu, search
from unrut.emitter.build.cpu import read_cpu
from unrut.emitter.build.doctor import diagnose
from unrut.emitter.build.process import Finished
from unrut.emitter.build.report import MARGIN, WIDTH


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(search, "candidates", tuple)


@pytest.mark.compiler
def test_a_machine_with_a_compiler_is_described():
    report = diagnose()
    text = report.show()
    assert report.toolchain
    assert "ran a two-thread sum" in text or "no OpenMP" in text
    assert "(used)" in text
    assert all(f"\n{title}" in text for title in ("processor", "flags", "features", "cache", "packages", "GPU"))
    assert "-O3" in text
    sections = text[: text.index("\n\n")].splitlines()
    assert all(len(line) <= WIDTH or len(line.split()) <= 2 for line in sections), "lines are folded between words"
    assert all(line[:MARGIN].endswith(" ") for line in sections)


def test_the_report_for_machines_holds_the_same(no_compiler):
    report = diagnose()
    told = json.loads(report.to_json())
    assert told["toolchain"] is None
    assert told["cpu"]["threads"] == report.cpu.threads >= 1
    assert told["packages"]["numpy"]
    assert told["problems"][0]["remedy"] == search.INSTALL
    assert set(told) >= {"version", "python", "platform", "compilers", "cache", "gpu"}


def test_without_a_compiler_one_line_says_what_to_do(no_compiler, recwarn):
    text = diagnose().show()
    assert "problem: no C compiler works: ops run as the NumPy reference only\n  try: install a C compiler" in text
    assert not recwarn.list


def test_every_problem_has_a_remedy(no_compiler, cache_folder):
    cache_folder.mkdir(parents=True)
    cache_folder.chmod(0o777)
    report = diagnose()
    found = gpu.Gpu(devices=("H100, sm_90, 80 GiB",), driver="13.0", why="", nvcc="", release="")
    report = replace(report, gpu=found, packages={**report.packages, "pycuda": None})
    said = [problem.what for problem in report.problems]
    assert len(said) == 4
    assert all(problem.remedy for problem in report.problems)
    assert any("others may write" in what for what in said)
    assert "H100, sm_90, 80 GiB" in report.show()


def test_no_package_is_imported_to_know_its_version(monkeypatch):
    assert doctor._version("numpy")
    assert doctor._version("no-such-package") is None


def test_a_gpu_that_is_absent_has_a_reason():
    found = gpu.find_gpu()
    assert found.devices or found.why


@pytest.mark.parametrize(
    ("status", "output", "devices", "why"),
    [
        (0, '{"devices": ["A100"], "driver": "13.0", "why": ""}', ("A100",), ""),
        (1, "", (), "the driver fails: no answer"),
    ],
)
def test_the_driver_is_asked_in_a_process_of_its_own(monkeypatch, status, output, devices, why):
    answer = Finished(command=("ask",), status=status, output=output, errors="no answer")
    monkeypatch.setattr(gpu, "run", lambda command, limit: answer)
    found = gpu.find_gpu()
    assert (found.devices, found.why) == (devices, why)


def test_nvcc_is_looked_for_beyond_the_path(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nvcc").write_text("")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    assert gpu.find_nvcc() == str(tmp_path / "bin" / "nvcc")


def test_the_processor_is_read_or_left_unknown(monkeypatch, tmp_path):
    here = read_cpu()
    assert here.threads >= here.cores >= 1
    assert all(size is None or size >= 1 << 10 for size in (here.l1, here.l2, here.l3))
    monkeypatch.setattr(cpu, "_CPUINFO", tmp_path / "absent")
    monkeypatch.setattr(cpu, "_CACHES", tmp_path)
    blind = read_cpu()
    assert (blind.l1, blind.features) == (None, ())
    assert cpu.identity() is None


def test_cache_sizes_are_read_from_the_systems_files(monkeypatch, tmp_path):
    for index, (level, kind, size) in enumerate([(1, "Data", "48K"), (1, "Instruction", "32K"), (2, "Unified", "2M")]):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        for name, text in (("level", level), ("type", kind), ("size", size), ("coherency_line_size", 64)):
            (folder / name).write_text(f"{text}\n")
    monkeypatch.setattr(cpu, "_CACHES", tmp_path)
    here = read_cpu()
    assert (here.l1, here.l2, here.l3, here.line) == (48 << 10, 2 << 20, None, 64)

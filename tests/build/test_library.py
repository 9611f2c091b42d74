# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from unrut.emitter.build import build, cpu, find_toolchain, flags, library
from unrut.emitter.build.library import content_key
from unrut.errors import BuildError, InternalError

pytestmark = pytest.mark.compiler

SUM = """
#include <stdint.h>
double total(const double *x, int64_t n, int threads)
{
    double sum = 0.0;
    int64_t i;
    (void)threads;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) reduction(+ : sum)
#endif
    for (i = 0; i < n; ++i) sum += x[i];
    return sum;
}
"""
SUM_DECLARATION = "double total(const double *, int64_t, int);"


def test_a_source_is_compiled_once_and_called(source):
    first = build(source())
    assert first.function("add")(20, 22) == 42
    assert first.fresh
    assert first.code_path.read_text() == source().code
    again = build(source())
    assert not again.fresh
    assert again.path == first.path
    assert again.function("add")(1, 2) == 3


def test_a_missing_function_is_our_fault(source):
    with pytest.raises(InternalError, match="no function `subtract`"):
        build(source()).function("subtract")


@pytest.mark.parametrize("threads", [1, 2])
def test_parallel_regions_run(source, threads):
    sums = build(source(SUM, SUM_DECLARATION))
    x = sums.ffi.new("double[]", [float(i) for i in range(1000)])
    assert sums.function("total")(x, 1000, threads) == 499500.0


def test_the_same_source_runs_without_openmp(source):
    sums = build(source(SUM, SUM_DECLARATION), find_toolchain().serial())
    assert sums.function("total")(sums.ffi.new("double[]", [1.0, 2.0]), 2, 4) == 3.0


def test_threads_of_python_may_call_at_once(source):
    sums = build(source(SUM, SUM_DECLARATION))
    x = sums.ffi.new("double[]", [float(i) for i in range(100_000)])
    results = []
    call = sums.function("total")
    threads = [threading.Thread(target=lambda: results.append(call(x, 100_000, 2))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert results == [4999950000.0] * 4


def test_subnormals_survive_loading(source):
    smallest = float("5e-324")
    build(source(SUM, SUM_DECLARATION))
    assert smallest * float("1.0") > 0.0
    halved = build(source("double half(double x)\n{\n    return 0.5 * x;\n}\n", "double half(double);"))
    assert halved.function("half")(1e-310) == 5e-311


@pytest.mark.parametrize("variable", flags.ENVIRONMENT)
def test_a_variable_that_compilers_read_makes_another_key(source, variable, monkeypatch):
    toolchain = find_toolchain()
    before = content_key(source(), toolchain)
    assert content_key(source(), toolchain) == before
    monkeypatch.setenv(variable, "/elsewhere")
    assert content_key(source(), toolchain) != before


def test_all_that_decides_the_code_makes_another_key(source, monkeypatch):
    toolchain = find_toolchain()
    varied = [
        replace(toolchain, command=("/other/cc",)),
        replace(toolchain, version=toolchain.version + "+"),
        replace(toolchain, target="other"),
        toolchain.with_flags("-g"),
        replace(toolchain, openmp=("-fopenmp=other",)),
        replace(toolchain, runtime="/other/libgomp.so.1"),
        replace(toolchain, features=(*toolchain.features, "more")),
    ]
    keys = {content_key(source(), chosen) for chosen in (toolchain, *varied)}
    keys.add(content_key(source(source().code + " "), toolchain))
    monkeypatch.setattr(library, "FORMAT", library.FORMAT + 1)
    keys.add(content_key(source(), toolchain))
    monkeypatch.setattr(cpu, "identity", lambda: "another processor")
    keys.add(content_key(source(), toolchain))
    assert len(keys) == len(varied) + 4
    assert all(len(key) == 64 for key in keys)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def truncate(path):
    os.truncate(path, 1000)


def test_a_truncated_or_flipped_kernel_is_compiled_again(source):
    # Files that this process has not loaded: a loaded one must never be changed in place.
    for number, harm in enumerate((flip, truncate, lambda path: os.truncate(path, 0), os.remove)):
        text = source(f"int add(int a, int b)\n{{\n    return a + b + {number};\n}}\n")
        known = compile_elsewhere(text)
        harm(known)
        again = build(text)
        assert again.fresh
        assert again.path == known
        assert again.function("add")(1, 2) == 3 + number


def compile_elsewhere(text):
    """Publish an entry without loading it."""
    toolchain = find_toolchain()
    key = content_key(text, toolchain)
    entry = library.open_cache().publish(key, lambda folder: library._compile(folder, key, text, toolchain))
    return entry.file(library.OBJECT)


def test_an_entry_that_is_evicted_before_it_is_loaded_is_made_again(source, monkeypatch):
    compile_elsewhere(source())
    really = library.cffi.FFI
    lost = []

    class Losing(really):
        def dlopen(self, name, mode=0):
            if not lost:
                lost.append(library.open_cache().clear())
            return super().dlopen(name, mode)

    monkeypatch.setattr(library.cffi, "FFI", Losing)
    assert build(source()).function("add")(1, 1) == 2
    assert lost[0] >= 1


def test_what_cannot_be_loaded_is_told(source):
    needy = source("int absent(int);\nint add(int a, int b)\n{\n    return absent(a) + b;\n}\n")
    with pytest.raises(BuildError, match=r"`add` cannot be loaded: .*undefined symbol: absent(.|\n)*try: "):
        build(needy)


BROKEN = """#include <stdint.h>
int add(int a, int b)
{
    int sum = a + c;
    return sum;
}
"""


def test_a_refused_source_is_shown_at_its_line_with_its_statement(source, cache_folder):
    broken = source(BROKEN, lines={4: "S[i] = A[i] + B[i]"})
    with pytest.raises(BuildError) as raised:
        build(broken)
    told = str(raised.value)
    (kept,) = cache_folder.glob("failed-*")
    assert "refused the C of `add`: " in told
    assert "'c'" in told.splitlines()[0] or "‘c’" in told.splitlines()[0]
    assert f"{kept / 'kernel.c'}:4" in told
    assert f"    int sum = a + c;\n{'^':>19} for  S[i] = A[i] + B[i]\n" in told
    assert (kept / "kernel.c").read_text() == BROKEN
    command = told.splitlines()[-1].removeprefix("  try: ")
    by_hand = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert by_hand.returncode
    assert "kernel.c:4" in by_hand.stderr


def test_a_failed_build_poisons_nothing(source, cache_folder, compiler_script):
    toolchain = find_toolchain()
    failing = replace(toolchain, command=(str(compiler_script("echo 'kernel.c:1: error: moody' >&2; exit 1")),))
    for _ in range(2):
        with pytest.raises(BuildError, match="moody"):
            build(source(), failing)
    assert len(list(cache_folder.glob("failed-*"))) == 1
    compiler_script(f'exec {toolchain.command[0]} "$@"')
    assert build(source(), failing).function("add")(1, 1) == 2
    assert not list(cache_folder.glob("part-*"))


def test_a_compiler_that_says_nothing_or_never_ends_is_told(source, compiler_script, monkeypatch):
    mute = replace(find_toolchain(), command=(str(compiler_script("exit 7", "mute")),))
    with pytest.raises(BuildError, match="status 7"):
        build(source(), mute)
    endless = replace(find_toolchain(), command=(str(compiler_script("sleep 60", "endless")),))
    monkeypatch.setattr(library, "COMPILING", 0.3)
    with pytest.raises(BuildError, match="did not end within its time limit"):
        build(source(), endless)


def test_a_disk_that_is_full_for_the_compiler_leads_to_a_private_folder(source, cache_folder, compiler_script, recwarn):
    toolchain = find_toolchain()
    full = f"""case "$PWD" in {cache_folder}/*) echo "ld: final link failed: No space left on device" >&2; exit 1;; esac
    exec {toolchain.command[0]} "$@" """
    elsewhere = build(source(), replace(toolchain, command=(str(compiler_script(full)),)))
    assert elsewhere.function("add")(1, 1) == 2
    assert cache_folder not in elsewhere.path.parents
    assert ["No space left" in str(said.message) for said in recwarn] == [True]
    assert not list(cache_folder.glob("failed-*"))
    assert not build(source(), elsewhere.toolchain).fresh


def test_nothing_is_said_to_a_shell(source, tmp_path):
    """Names and flags with spaces, quotes and semicolons are words like others."""
    odd = find_toolchain().with_flags(f"-DODD=$(touch {tmp_path}/hit); touch {tmp_path}/hit")
    assert build(source(), odd).function("add")(2, 2) == 4
    assert not (tmp_path / "hit").exists()


def test_the_compilers_own_files_go_with_the_entrys_folder(source, compiler_script, monkeypatch, tmp_path):
    litter = tmp_path / "tmp"
    litter.mkdir()
    monkeypatch.setenv("TMPDIR", str(litter))
    toolchain = find_toolchain()
    littering = compiler_script(f'touch "$TMPDIR/litter"\nexec {toolchain.command[0]} "$@"')
    entry = build(source(), replace(toolchain, command=(str(littering),))).path.parent
    assert list(litter.iterdir()) == []
    assert {path.name for path in entry.iterdir()} == {"kernel.c", "kernel.so", "manifest.json"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads the list of mapped files")
@pytest.mark.parametrize("serial", [True, False])
def test_a_library_is_never_unmapped(source, serial):
    toolchain = find_toolchain()
    text = source(f"int add(int a, int b)\n{{\n    return b + a + {int(serial)};\n}}\n")
    path = str(build(text, toolchain.serial() if serial else toolchain).path)
    gc.collect()
    with open("/proc/self/maps") as maps:
        assert path in maps.read()

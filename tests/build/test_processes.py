# SPDX-License-Identifier: Apache-2.0
"""Several processes, killed processes, and systems on which hardly anything may be written."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from unrut.emitter.build import build, find_toolchain, place
from unrut.emitter.build.cache import open_cache

pytestmark = pytest.mark.compiler

# Root may write anywhere: give that up, and run what follows without it.
WITHOUT_OVERRIDE = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
if os.geteuid() == 0 and any(libc.prctl(24, capability, 0, 0, 0) for capability in (1, 2)):  # PR_CAPBSET_DROP
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""


def entries(folder):
    """The kernels in a cache folder; the record of the toolchain is none."""
    return [path for path in folder.iterdir() if (path / "kernel.so").exists()]


def finish(process):
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return out.split(), errors


def test_many_processes_at_once_make_one_entry(start, cache_folder):
    outcomes = [finish(process)[0] for process in [start() for _ in range(8)]]
    assert {result for result, _ in outcomes} == {"42"}
    assert len(entries(cache_folder)) == 1
    assert not list(cache_folder.glob("part-*"))
    assert finish(start())[0] == ["42", "False"]


def test_a_process_that_is_killed_at_work_leaves_no_half_entry(
    start, cache_folder, compiler_script, tmp_path, source, monkeypatch
):
    compiler = find_toolchain().command[0]
    at_work = tmp_path / "at-work"
    slow = compiler_script(f'case "$PWD" in *part-*) touch {at_work}; sleep 1;; esac\nexec {compiler} "$@"')
    killed = start(
        f"""
        from dataclasses import replace
        from unrut.emitter.build import library
        chosen = replace(find_toolchain(), command=({str(slow)!r},))
        build = lambda source: library.build(source, chosen)
        """
    )
    while not at_work.exists():
        assert killed.poll() is None
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=10)
    assert entries(cache_folder) == []
    assert len(list(cache_folder.glob("part-*"))) == 1
    assert build(source()).function("add")(1, 1) == 2
    assert len(entries(cache_folder)) == 1
    monkeypatch.setattr(place, "STALE", -1.0)
    place.sweep(cache_folder)
    assert not list(cache_folder.glob("part-*"))


@pytest.mark.skipif(sys.platform != "linux", reason="gives up capabilities as Linux has them")
def test_a_read_only_folder_is_read_and_not_written(start, cache_folder):
    prefix = (sys.executable, "-c", WITHOUT_OVERRIDE)
    made = start(prefix=prefix)
    out, errors = made.communicate(timeout=60)
    if made.returncode == 77:
        pytest.skip("this root may not give up its rights")
    assert out.split() == ["42", "True"], errors
    cache_folder.chmod(0o500)
    try:
        assert finish(start(prefix=prefix)) == (["42", "False"], "")
        other = "int add(int a, int b)\n{\n    return b + a;\n}\n"
        again, said = finish(start(prefix=prefix, code=other))
        assert again == ["42", "True"]
        assert said.count("RuntimeWarning") == 1
        assert "Permission denied" in said
        assert len(entries(cache_folder)) == 1
        assert not open_cache().info().writable or os.geteuid() == 0
    finally:
        cache_folder.chmod(0o700)


@pytest.mark.parametrize("home", [None, "/nonexistent/home", "/dev/null"])
def test_a_system_without_a_home_works(start, home, tmp_path):
    before = """
    import os, sys
    if os.environ.get("HOME") is None:
        import pwd
        pwd.getpwuid = lambda number: (_ for _ in ()).throw(KeyError(number))
    elif os.geteuid() == 0 and not os.environ["HOME"].startswith("/dev"):
        # root could make it: let making fail as it does for others
        import pathlib
        really = pathlib.Path.mkdir
        def mkdir(self, *arguments, **words):
            if str(self).startswith("/nonexistent"):
                raise PermissionError(13, "Permission denied", str(self))
            return really(self, *arguments, **words)
        pathlib.Path.mkdir = mkdir
    """
    out, said = finish(start(before, HOME=home, UNRUT_CACHE_DIR=None, XDG_CACHE_HOME=None, TMPDIR=str(tmp_path)))
    assert out == ["42", "True"]
    assert said.count("RuntimeWarning") == 1
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("unrut-")]  # removed at the end


def test_a_limit_on_file_sizes_is_an_error_that_says_so(start, cache_folder, source):
    """No folder helps here; what matters is a clear end, and a cache that works afterwards."""
    limited = start(
        """
        import resource
        find_toolchain()
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        """
    )
    _, errors = limited.communicate(timeout=60)
    assert limited.returncode == 1
    assert "BuildError: there is no place for compiled kernels" in errors
    assert entries(cache_folder) == []
    assert not list(cache_folder.glob("failed-*"))
    assert build(source()).fresh
    assert not build(source()).fresh


def test_a_limit_that_only_the_manifest_exceeds(start, cache_folder):
    """The compiler writes its files, Python is refused: both folders fail in the same clear way."""
    limited = start(
        """
        import resource
        find_toolchain()
        from unrut.emitter.build import entry
        really = entry.seal
        def seal(*arguments):
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
            return really(*arguments)
        from unrut.emitter.build import place
        place.seal = seal
        """
    )
    _, errors = limited.communicate(timeout=60)
    assert limited.returncode == 1
    assert "BuildError: there is no place for compiled kernels" in errors
    assert entries(cache_folder) == []

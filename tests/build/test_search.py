# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import platform
import shlex
import shutil
import sys
from dataclasses import asdict, replace

import pytest

from unrut.emitter.build import flags, search
from unrut.emitter.build.probe import Candidate, prove
from unrut.emitter.build.search import candidates, find_toolchain, try_all
from unrut.emitter.build.toolchain import toolchain_from
from unrut.errors import BuildError

pytestmark = pytest.mark.compiler


@pytest.fixture(autouse=True)
def forgetful(monkeypatch):
    """No toolchain is known to this process."""
    monkeypatch.setattr(search, "_found", {})


@pytest.fixture
def compiler():
    """The command of a compiler that works."""
    return find_toolchain().command


@pytest.fixture
def only(monkeypatch, compiler):
    """`only(CC)`: CC is the one compiler there is; the tools behind it (as, ld) are still found by their full paths."""

    def set_up(value):
        monkeypatch.setattr(shutil, "which", lambda word, which=shutil.which: which(word) if "/" in word else None)
        monkeypatch.setattr(search.importlib.util, "find_spec", lambda name: None)
        monkeypatch.setenv("CC", value)
        search._found.clear()

    return set_up


def test_a_compiler_is_found_and_described():
    found = find_toolchain()
    assert found.release
    assert found.target
    assert set(flags.SEMANTICS) <= set(found.flags)
    assert not any("fast-math" in flag or "Ofast" in flag for flag in (*found.flags, *found.openmp))
    assert found.parallel == bool(found.openmp)
    assert find_toolchain() is found


def test_a_later_process_takes_the_remembered_proof(monkeypatch):
    found = find_toolchain()
    search._found.clear()
    monkeypatch.setattr(search, "prove", None)
    assert find_toolchain() == found


def test_a_proof_is_not_remembered_for_another_processor(monkeypatch):
    find_toolchain()
    search._found.clear()
    monkeypatch.setattr(search.cpu, "identity", lambda: "another processor")
    proved = []
    monkeypatch.setattr(search, "prove", lambda *arguments: proved.append(arguments) or prove(*arguments))
    find_toolchain()
    assert proved


def test_words_of_cc_are_split_as_a_shell_would(only, compiler, tmp_path):
    spaced = tmp_path / "my compilers"
    spaced.mkdir()
    (spaced / "cc").symlink_to(compiler[0])
    only(f"'{spaced}/cc' -DMARK")
    assert find_toolchain().command == (f"{spaced}/cc", "-DMARK")


def test_cc_goes_before_the_path(monkeypatch, compiler):
    monkeypatch.setenv("CC", f"{compiler[0]} -DMARK")
    assert find_toolchain().command == (compiler[0], "-DMARK")
    assert [candidate.origin for candidate in candidates()][:2] == ["CC", "PATH"]


@pytest.mark.parametrize("value", ["no-such-compiler", "false", "true", "'unbalanced"])
def test_a_cc_that_does_not_work_is_named_and_passed_over(monkeypatch, value):
    monkeypatch.setenv("CC", value)
    with pytest.warns(RuntimeWarning, match="does not work"):
        assert find_toolchain().command[0] != value


def test_without_a_compiler_one_sentence_says_what_to_install(only):
    only("no-such-compiler")
    with pytest.raises(BuildError, match=r"no C compiler works here(.|\n)*try: install a C compiler: `apt install gcc"):
        find_toolchain()


def test_without_openmp_the_build_is_serial_and_says_so_once(only, compiler, compiler_script, recwarn):
    refuses = 'case "$*" in *-fopenmp*) echo "error: no omp.h" >&2; exit 1;; esac'
    only(str(compiler_script(f'{refuses}\nexec {compiler[0]} "$@"')))
    found = find_toolchain()
    assert not found.parallel
    search._found.clear()
    assert find_toolchain() == found
    assert ["run on one thread" in str(said.message) for said in recwarn] == [True, True]  # proved, then remembered
    assert "no omp.h" in str(recwarn.pop().message)


def test_openmp_that_compiles_but_does_not_load_is_no_openmp(compiler, compiler_script, tmp_path):
    """As with zig's compiler: the runtime's functions are declared, and nobody has them."""
    (tmp_path / "omp.h").write_text("int omp_get_num_threads(void);\n")
    script = compiler_script(
        f"""
        case "$*" in *-fopenmp*) set -- $(echo "$*" | sed 's/-fopenmp/-D_OPENMP -I./');; esac
        exec {compiler[0]} "$@"
        """
    )
    verdict = prove(Candidate(command=(str(script),), origin="CC"), tmp_path)
    assert verdict.toolchain
    assert not verdict.toolchain.parallel
    assert "undefined symbol: omp_get_num_threads" in verdict.serial


def test_openmp_that_runs_on_one_thread_is_no_openmp(compiler, compiler_script, tmp_path):
    (tmp_path / "omp.h").write_text("static int omp_get_num_threads(void) { return 1; }\n")
    script = compiler_script(
        f"""
        case "$*" in *-fopenmp*) set -- $(echo "$*" | sed 's/-fopenmp/-D_OPENMP -I./');; esac
        exec {compiler[0]} "$@"
        """
    )
    verdict = prove(Candidate(command=(str(script),), origin="CC"), tmp_path)
    assert verdict.toolchain
    assert not verdict.toolchain.parallel
    assert "runs on 1 thread" in verdict.serial


def test_the_users_limits_on_threads_are_no_fault_of_the_compiler(compiler, tmp_path, monkeypatch):
    candidate = Candidate(command=compiler, origin="PATH")
    expected = prove(candidate, tmp_path)
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    monkeypatch.setenv("OMP_DYNAMIC", "true")
    assert prove(candidate, tmp_path) == expected


def test_a_compiler_without_march_native_still_serves(compiler, compiler_script, tmp_path):
    script = compiler_script(
        f'case "$*" in *=native*) echo "error: unknown" >&2; exit 1;; esac\nexec {compiler[0]} "$@"'
    )
    verdict = prove(Candidate(command=(str(script),), origin="CC"), tmp_path)
    assert verdict.toolchain
    assert verdict.toolchain.flags == flags.SEMANTICS
    assert verdict.toolchain.features == ()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="sets the bits that -ffast-math sets on x86-64")
def test_a_compiler_that_turns_off_subnormals_is_refused(compiler, compiler_script, tmp_path):
    (tmp_path / "off.c").write_text(
        "#include <xmmintrin.h>\n"
        "__attribute__((constructor)) static void off(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }\n"
    )
    script = compiler_script(f'case "$*" in *-shared*) set -- "$@" {tmp_path}/off.c;; esac\nexec {compiler[0]} "$@"')
    verdict = prove(Candidate(command=(str(script),), origin="CC"), tmp_path)
    assert verdict.toolchain is None
    assert "turns off subnormal numbers" in verdict.reason


def test_a_program_that_dies_when_loaded_is_refused(compiler, compiler_script, tmp_path):
    (tmp_path / "die.c").write_text("__attribute__((constructor)) static void die(void) { __builtin_trap(); }\n")
    script = compiler_script(f'case "$*" in *-shared*) set -- "$@" {tmp_path}/die.c;; esac\nexec {compiler[0]} "$@"')
    verdict = prove(Candidate(command=(str(script),), origin="CC"), tmp_path)
    assert verdict.toolchain is None
    assert "signal" in verdict.reason


def test_every_candidate_gets_a_verdict(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    verdicts = try_all()
    assert verdicts[0].reason
    assert any(verdict.toolchain for verdict in verdicts)


def test_the_record_of_a_toolchain_is_read_back_and_nothing_else_is():
    found = find_toolchain()
    record = json.loads(json.dumps(asdict(found)))
    assert toolchain_from(record) == found
    assert toolchain_from({**record, "command": "sh -c"}) is None
    assert toolchain_from({**record, "version": 1}) is None
    assert toolchain_from({**record, "more": "x"}) is None
    assert toolchain_from([record]) is None


def test_a_toolchain_can_be_varied():
    found = find_toolchain()
    assert found.with_flags("-g").flags[-1] == "-g"
    assert not found.serial().parallel
    assert replace(found, openmp=()).compile_command("a.c", "a.so")[-4:] == ("a.c", "-o", "a.so", "-lm")
    assert shlex.join(found.command)


def test_the_wheel_of_zig_is_the_last_resort(only, monkeypatch):
    only("")
    monkeypatch.setattr(search.importlib.util, "find_spec", lambda name: object() if name == "ziglang" else None)
    (candidate,) = candidates()
    assert candidate.command == (sys.executable, "-m", "ziglang", "cc")

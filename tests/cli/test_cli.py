# SPDX-License-Identifier: Apache-2.0
"""The command line: what it prints, its exit status, and that what users get wrong never shows a traceback."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from unrut import cli
from unrut.emitter.pipeline import STAGES

OPS = '''
import unrut as ur

@ur.op
def product(A, B):
    """Matrix product."""
    i, j, k = ur.axes("i j k")
    C = ur.tensor("C")
    C[i, j] = ur.sum[k](A[i, k] * B[k, j])
    return C

@ur.op
def shifted(A, *, by=1):
    """Every `by`-th element."""
    (i,) = ur.axes("i")
    C = ur.tensor("C")
    C[i] = A[by * i]
    return C
'''


@pytest.fixture
def ops(tmp_path, monkeypatch):
    """A user's file of two ops in the current folder; what loading it leaves in the interpreter is undone."""
    (tmp_path / "my_ops.py").write_text(OPS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    return "my_ops.py"


def failing(capsys, *arguments: str) -> str:
    """The message of a command that must end with status 1, on stderr alone and without a traceback."""
    assert cli.main(arguments) == 1
    out, err = capsys.readouterr()
    assert not out
    assert "Traceback" not in err
    return err


def test_without_a_command_the_help_is_shown(capsys):
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    assert all(f"    {command} " in out for command in ("demo", "doctor", "show", "explain", "lint", "cache"))
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("arguments", [["nothing"], ["show"], ["cache", "shrink"], ["doctor", "--what"]])
def test_what_is_not_understood_ends_with_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert "usage: unrut" in capsys.readouterr().err


def test_python_m_unrut_is_the_command():
    command = [sys.executable, "-m", "unrut", "show", "nothing_here.py:x"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("NotationError: there is no file nothing_here.py")
    assert "Traceback" not in done.stderr


def test_show_prints_the_program(ops, capsys):
    assert cli.main(["show", f"{ops}:product", "f32[4, 8]", "f32[8, 3]"]) == 0
    out = capsys.readouterr().out
    assert "product(A: f32[4, 8], B: f32[8, 3]) -> C" in out
    assert "C[i, j] = sum[k](A[i, k]*B[k, j])" in out


def test_show_takes_parameters_and_modules(ops, capsys):
    assert cli.main(["show", "my_ops:shifted", "f32[9]", "--set", "by=3"]) == 0
    assert "A[3*i]" in capsys.readouterr().out


def test_the_stages_are_those_of_the_pipeline():
    assert tuple(stage for stage in cli.STAGES if stage != "tree") == STAGES


@pytest.mark.parametrize("stage", cli.STAGES)
def test_show_prints_every_stage(stage, ops, capsys):
    assert cli.main(["show", f"{ops}:product", "f32[4, 8]", "f32[8, 3]", "--stage", stage]) == 0
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("my_ops.py:matmul", "no op `matmul` in my_ops.py; ops there: product, shifted"),
        ("my_ops.py", "no op named in my_ops.py; ops there: product, shifted"),
        ("nothing.py:product", "there is no file nothing.py"),
        ("no.such.module:product", "there is no module no.such.module"),
        ("math:sin", "no op `sin` in math; ops there: none"),
    ],
)
def test_a_wrong_target_is_explained(target, message, ops, capsys):
    assert message in failing(capsys, "show", target)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = (\n", "broken.py:1"),
        ("\nx = 1 / 0\n", "ZeroDivisionError: division by zero"),
        ("import not_installed_anywhere\n", "imports not_installed_anywhere, which is not installed"),
    ],
)
def test_a_file_that_fails_is_named_with_its_line(text, message, ops, capsys, tmp_path):
    (tmp_path / "broken.py").write_text(text)
    assert message in failing(capsys, "show", "broken.py:op")


def test_errors_of_the_notation_are_shown_as_they_are(ops, capsys):
    message = failing(capsys, "show", f"{ops}:product", "f32[4, 8]", "f32[7, 3]")
    assert message.startswith("ShapeError: ")
    assert "my_ops.py:" in message
    assert "k" in message


def test_lint_tells_by_its_status_whether_there_is_a_likely_mistake(ops, capsys, tmp_path):
    assert cli.main(["lint", f"{ops}:product"]) == 0
    assert "nothing found" in capsys.readouterr().out
    (tmp_path / "twice.txt").write_text("f(x: f32[4]) -> y\naxis k: 3\ny[i] = sum[k](x[i])\n")
    assert cli.main(["lint", "twice.txt"]) == 1
    out = capsys.readouterr().out
    assert "index never used" in out
    assert "twice.txt:3" in out


def test_explain_takes_small_numbers_of_its_own(ops, capsys):
    assert cli.main(["explain", f"{ops}:product", "f32[4, 2]", "f32[2, 3]", "--at", "i=1", "--picture"]) == 0
    out = capsys.readouterr().out
    assert "C[i=1, j=0] = " in out
    assert "A[1, 0] = " in out
    assert "##" in out
    assert "has no place i = 4" in failing(capsys, "explain", f"{ops}:product", "f32[4, 2]", "f32[2, 3]", "--at", "i=4")


def test_a_parameter_needs_a_value(ops, capsys):
    assert "`--set by` is no parameter" in failing(capsys, "show", f"{ops}:shifted", "f32[9]", "--set", "by")


@pytest.mark.parametrize(
    ("text", "value"), [("2", 2), ("-1", -1), ("0.5", 0.5), ("True", True), ("False", False), ("edge", "edge")]
)
def test_values_of_parameters(text, value):
    assert cli.value_of(text) == value
    assert type(cli.value_of(text)) is type(value)


@pytest.mark.compiler
def test_doctor_speaks_to_people_and_to_machines(capsys):
    assert cli.main(["doctor"]) == 0
    assert "compiler" in capsys.readouterr().out.lower()
    assert cli.main(["doctor", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), dict)


def test_doctor_without_a_compiler_ends_with_status_1(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert cli.main(["doctor"]) == 1
    assert "install" in capsys.readouterr().out


@pytest.mark.parametrize("action", ["info", "verify"])
def test_the_cache_can_be_looked_at(action, capsys):
    assert cli.main(["cache", action]) == 0
    assert capsys.readouterr().out.strip()


def test_a_missing_optional_package_is_named_with_its_remedy(monkeypatch, capsys):
    def demo(_options):
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")

    monkeypatch.setattr(cli, "run_demo", demo)
    message = failing(capsys, "demo")
    assert "needs the package sklearn" in message
    assert "pip install 'unrut[demo]'" in message


def test_options_may_stand_before_the_specs(ops, capsys):
    assert cli.main(["show", "my_ops:shifted", "--set", "by=3", "f32[9]"]) == 0
    assert "A[3*i]" in capsys.readouterr().out
    assert cli.main(["show", "my_ops:product", "f32[4, 8]", "--stage", "program", "f32[8, 3]"]) == 0
    assert "product(A: f32[4, 8], B: f32[8, 3])" in capsys.readouterr().out


def test_what_is_made_up_is_said_to_be(ops, capsys):
    assert cli.main(["explain", f"{ops}:product", "f32[4, 2]", "f32[2, 3]"]) == 0
    assert capsys.readouterr().out.startswith("operands are made up: 1, 2, ... 9, 1, ... in row-major order")
    with pytest.raises(SystemExit):
        cli.main(["explain", "--help"])
    assert "operands are made up" in capsys.readouterr().out


def test_hints_name_the_shell_form(ops, capsys):
    assert f"try: unrut lint {ops}:product\n" in failing(capsys, "lint", ops)
    assert f"try: unrut show {ops}:product\n" in failing(capsys, "show", ops)
    message = failing(capsys, "explain", f"{ops}:product")
    assert f'in a shell: unrut explain {ops}:product "f32[8, 32]" ... --set NAME=VALUE --at AXIS=PLACE' in message
    assert cli.main(["lint", f"{ops}:product"]) == 0
    out = capsys.readouterr().out
    assert "without shapes ranges are not checked" in out
    assert f'try: unrut lint {ops}:product "f32[8, 32]" ...' in out
    assert "bind the op" not in out
    assert cli.main(["lint", f"{ops}:product", "f32[4, 2]", "f32[2, 3]"]) == 0
    assert "without shapes" not in capsys.readouterr().out

# SPDX-License-Identifier: Apache-2.0
"""The noxfile starts itself: without nox, with a Python that cannot make environments, and when interrupted."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pytest


@pytest.fixture
def starter(checkout, monkeypatch, tmp_path):
    """The noxfile as a Python without nox sees it, with a folder of its own; what it would run is noted."""
    source = checkout.text("noxfile.py")
    head, found, _ = source.partition("\ntry:\n    import nox\n")
    assert found
    assert "import nox" not in head
    spec = importlib.util.spec_from_loader("starter", loader=None)
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(checkout.root / "noxfile.py")
    exec(compile(head, module.__file__, "exec"), module.__dict__)  # noqa: S102  # the part before nox is needed
    module.HOME = tmp_path / ".nox" / "3"
    module.ROOT = tmp_path
    module.ran = []
    module.started = []

    def run(command, **_):
        module.ran.append(command)
        if "venv" in command:
            (module.HOME / "nox").mkdir(parents=True, exist_ok=True)
        return SimpleNamespace(returncode=module.status(command))

    module.status = lambda _command: 0
    monkeypatch.setattr(module, "subprocess", SimpleNamespace(run=run))
    monkeypatch.setattr(module.shutil, "which", lambda _name: None)
    monkeypatch.setattr(module.os, "execv", lambda program, arguments: module.started.append(arguments))
    monkeypatch.setenv("UNRUT_SELF_STARTED", "")
    return module


def test_nox_is_installed_once_and_the_arguments_are_passed_on(starter, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["noxfile.py", "-s", "demo", "--", "regions"])
    starter.start_in_own_environment()
    starter.start_in_own_environment()
    assert [("venv" in command, "pip" in command) for command in starter.ran] == [(True, False), (False, True)]
    assert [arguments[2:] for arguments in starter.started] == [["-s", "demo", "--", "regions"]] * 2


def test_an_interrupted_installation_is_made_again(starter):
    starter.status = lambda command: "pip" in command
    with pytest.raises(SystemExit, match="network"):
        starter.start_in_own_environment()
    starter.status = lambda _command: 0
    starter.start_in_own_environment()
    assert len(starter.ran) == 4


def test_a_python_without_environments_is_told_what_to_install(starter):
    starter.status = lambda _command: 1
    with pytest.raises(SystemExit, match=r"apt install python3-venv .*\n?.*uv run noxfile\.py"):
        starter.start_in_own_environment()


def test_uv_helps_where_the_standard_way_is_missing(starter, monkeypatch):
    starter.status = lambda _command: 1
    monkeypatch.setattr(starter.shutil, "which", lambda name: f"/somewhere/{name}")
    monkeypatch.setattr(starter.os, "execv", lambda program, arguments: pytest.exit(" ".join(arguments)))
    with pytest.raises(pytest.exit.Exception, match="uv run --no-project"):
        starter.start_in_own_environment()


def test_an_old_python_is_told_which_one_is_needed(starter, monkeypatch):
    monkeypatch.setattr(starter.sys, "version_info", (3, 10, 0))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11"):
        starter.start_in_own_environment()


def test_one_version_of_nox_is_asked_for(checkout):
    """The script header that uv and pipx read, the self-start and the version check agree."""
    text = checkout.text("noxfile.py")
    header = "\n".join(line.removeprefix("#").strip() for line in text.partition("# ///\n")[0].splitlines()[2:])
    [dependency] = tomllib.loads(header)["dependencies"]
    assert tomllib.loads(header)["requires-python"] == checkout.project["project"]["requires-python"]
    assert set(re.findall(r"nox(>=[\d.]+)", text)) == {dependency.removeprefix("nox")}
    assert f'needs_version = "{dependency.removeprefix("nox")}"' in text


def test_the_links_for_static_tools_are_ignored_by_git(checkout):
    rooms = [folder for name, folder in checkout.mapping().items() if name != "unrut"]
    paths = [f"unrut/{room}" for room in rooms]
    git = subprocess.run(
        ["git", "check-ignore", *paths], cwd=checkout.root, capture_output=True, text=True, check=False
    )
    if git.returncode == 128:
        pytest.skip("not a git checkout")
    assert git.stdout.split() == paths
    assert f"ROOMS = ({', '.join(repr(room) for room in sorted(rooms))})".replace("'", '"') in checkout.text(
        "noxfile.py"
    )

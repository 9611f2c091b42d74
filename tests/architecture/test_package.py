# SPDX-License-Identifier: Apache-2.0
"""What users install is what is tracked: the package list, the wheel's files, imports from a plain installation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
IMPORT_ALL = """
import importlib, pathlib, sys
import unrut
home = pathlib.Path(sys.argv[1]).resolve()
for name in sys.argv[2:]:
    module = importlib.import_module(name)
    assert home in pathlib.Path(module.__file__).resolve().parents, (name, module.__file__)
bare = {"reference", "emitter", "templates"} & set(sys.modules)
assert not bare, bare
optional = {"matplotlib", "sklearn", "hypothesis", "pytest", "pycuda", "torch", "jax"} & set(sys.modules)
assert not optional, optional
"""


def packages_of(checkout) -> set[str]:
    return {
        checkout.module_of(file)
        for file in checkout.files
        if checkout.in_package(file) and PurePosixPath(file).name == "__init__.py"
    }


def in_wheel(checkout, file: str) -> str:
    """Where a tracked file of the package lies in the wheel."""
    folders = {folder: name.replace(".", "/") for name, folder in checkout.mapping().items()}
    head, _, rest = file.partition("/")
    return f"{folders[head]}/{rest}"


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory) -> Path:
    """A wheel built, without a network, from a copy of the tracked files with the links for static tools in place."""
    setuptools = pytest.importorskip("setuptools", minversion="77", reason="building the wheel needs setuptools 77")
    assert setuptools is not None
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for file in checkout.files:
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(checkout.root / file, copy / file)
    for name, folder in checkout.mapping().items():
        if name != "unrut":
            (copy / "unrut" / folder).symlink_to(Path("..") / folder, target_is_directory=True)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(out)], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    [built] = out.glob("*.whl")
    return built


def test_the_package_list_is_complete(checkout):
    listed = checkout.project["tool"]["setuptools"]["packages"]
    assert listed == sorted(listed)
    assert set(listed) == packages_of(checkout), (
        "name every folder with an __init__.py under [tool.setuptools] packages"
    )


def test_every_python_file_of_the_package_is_in_a_package(checkout):
    """A folder without `__init__.py` imports from a checkout and is missing from the wheel."""
    inside = [file for file in checkout.files if checkout.in_package(file) and file.endswith(".py")]
    lost = [file for file in inside if f"{PurePosixPath(file).parent}/__init__.py" not in checkout.files]
    assert not lost


def test_the_wheel_holds_the_tracked_files_and_no_others(checkout, wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert len(names) == len(set(names))
    held = {name for name in names if ".dist-info/" not in name}
    assert held == {in_wheel(checkout, file) for file in checkout.files if checkout.in_package(file)}


def test_the_wheel_carries_the_licences_and_the_command(wheel):
    names = {PurePosixPath(name).name: name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" in name}
    assert {"LICENSE", "Apache-2.0.txt", "0BSD.txt", "entry_points.txt"} <= set(names)
    assert "unrut = unrut.cli:main" in zipfile.ZipFile(wheel).read(names["entry_points.txt"]).decode()


def test_every_module_imports_from_a_plain_installation(checkout, wheel, tmp_path):
    """Outside the checkout, from the wheel alone, and without pulling in anything optional."""
    home = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(home)
    environment = {**os.environ, "PYTHONPATH": str(home)}
    python = [checkout.module_of(file) for file in checkout.files if checkout.in_package(file) and file.endswith(".py")]
    modules = [name for name in python if not name.startswith(("unrut.testing", "unrut.demo", "unrut.__main__"))]
    command = [sys.executable, "-c", IMPORT_ALL, str(home), *modules]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def test_one_version_everywhere(checkout):
    """CITATION.cff repeats the version; nothing else may."""
    version = checkout.project["project"]["version"]
    assert f"\nversion: {version}\n" in checkout.text("CITATION.cff")

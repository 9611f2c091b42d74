# SPDX-License-Identifier: Apache-2.0
"""What every architecture test reads: the tracked files and the mapping from package names to folders."""

from __future__ import annotations

import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

SKIPPED = {".git", ".nox", ".venv", "build", "dist", "__pycache__", ".hypothesis"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The project as git sees it. `files` are POSIX paths relative to `root`."""

    root: Path
    files: tuple[str, ...]
    project: dict[str, Any]

    def text(self, file: str) -> str:
        return (self.root / file).read_text(encoding="utf-8")

    def mapping(self) -> dict[str, str]:
        """Package name -> folder, for the packages whose folder is not where their name says."""
        return dict(self.project["tool"]["setuptools"]["package-dir"])

    def module_of(self, file: str) -> str:
        """Full import name of a Python file: `reference/textbook/a.py` is `unrut.reference.textbook.a`."""
        path = PurePosixPath(file).with_suffix("")
        folders = {folder: name for name, folder in self.mapping().items()}
        head, *rest = path.parts
        parts = [folders.get(head, head), *rest]
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def in_package(self, file: str) -> bool:
        return file.split("/", maxsplit=1)[0] in self.mapping().values()


def listed(root: Path) -> tuple[str, ...]:
    """Tracked files that still exist; in an unpacked source archive, where git knows nothing, all files."""
    git = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if git.returncode == 0 and git.stdout:
        return tuple(sorted(f for f in git.stdout.split("\0") if f and (root / f).is_file()))
    found = (p.relative_to(root) for p in root.rglob("*") if p.is_file() and not p.is_symlink())
    return tuple(
        sorted(p.as_posix() for p in found if not SKIPPED & set(p.parts) and not p.parts[0].endswith("egg-info"))
    )


@pytest.fixture(scope="session")
def checkout(pytestconfig: pytest.Config) -> Checkout:
    root = pytestconfig.rootpath
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return Checkout(root=root, files=listed(root), project=project)

# SPDX-License-Identifier: Apache-2.0
# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2024.4.15"]
# ///
"""Every command of the project. Nothing but Python is needed to start; all that is installed goes to .nox/.

    python3 noxfile.py -s demo       capsules on real images, as reference and as C
    python3 noxfile.py               the tests
    python3 noxfile.py --list        the rest

`uv run noxfile.py ...` and `nox ...` are the same. What stands after `--` reaches the command behind the session.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
# One folder for each Python: nox would reuse one's environments for another.
HOME = ROOT / ".nox" / f"{sys.version_info[0]}.{sys.version_info[1]}"


def start_in_own_environment() -> None:
    """Run this file again under an interpreter that has nox: the system's own may be closed to pip (PEP 668)."""
    if sys.version_info < (3, 11):
        sys.exit("unrut needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: uv run noxfile.py")
    home = HOME / "nox"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = home / "ready"  # written last, so that an interrupted installation is not taken for a whole one
    if not ready.exists():
        print("noxfile.py: first start, installing nox into", home.relative_to(ROOT), flush=True)
        command = [sys.executable, "-m", "venv", "--clear", str(home)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            uv = shutil.which("uv")
            if uv:
                os.execv(uv, [uv, "run", "--no-project", __file__, *sys.argv[1:]])
            sys.exit(
                f"This Python cannot make environments: {sys.executable} -m venv fails.\n"
                "Try: apt install python3-venv (or your system's package of that name), or install uv and type: "
                "uv run noxfile.py " + " ".join(sys.argv[1:])
            )
        if subprocess.run([str(python), "-m", "pip", "install", "-q", "nox>=2024.4.15"], check=False).returncode:
            sys.exit("nox could not be installed: see pip's message above (is there a network?)")
        ready.touch()
    os.environ["UNRUT_SELF_STARTED"] = "1"
    os.execv(str(python), [str(python), __file__, *sys.argv[1:]])


try:
    import nox
except ImportError:
    if __name__ != "__main__" or os.environ.get("UNRUT_SELF_STARTED"):
        raise
    start_in_own_environment()

nox.needs_version = ">=2024.4.15"
# Whoever started this installs: pip, with pip's own settings for mirrors and certificates, unless it was uv.
nox.options.default_venv_backend = "uv|virtualenv" if os.environ.get("UV") else "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.envdir = str(HOME)
nox.options.sessions = ["tests"]

ROOMS = ("emitter", "reference", "templates")
GROUPS = nox.project.load_toml(ROOT / "pyproject.toml")["dependency-groups"]


def link_rooms(session: nox.Session) -> None:
    """Make the git-ignored links by which static tools see the package mapping. Imports work without them."""
    for room in ROOMS:
        link = ROOT / "unrut" / room
        if link.is_symlink() or link.exists():
            continue
        try:
            link.symlink_to(Path("..") / room, target_is_directory=True)
        except OSError as error:
            session.warn(f"no link unrut/{room}: {error}; editors and mypy will not see this room")


@nox.session
def dev(session: nox.Session) -> None:
    """An environment for editors: the package in place with everything optional, and links for static tools."""
    link_rooms(session)
    session.install("-e", ".[dev]", *GROUPS["tests"], *GROUPS["lint"], *GROUPS["types"])
    session.log(f"interpreter for your editor: {Path(session.virtualenv.bin, 'python').relative_to(ROOT)}")


@nox.session
def tests(session: nox.Session) -> None:
    """pytest over tests/. `-- tests/language -k parse` runs a part."""
    session.install("-e", ".[testing,demo,onnx]", *GROUPS["tests"])
    session.run("pytest", *(session.posargs or ["-n", "auto", "--maxprocesses", "8"]))


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, with the rules that pyproject.toml argues for. `-- --fix` mends what can be mended."""
    session.install(*GROUPS["lint"])
    session.run("ruff", "check", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict, over the whole package through the links."""
    link_rooms(session)
    session.install("-e", ".", *GROUPS["types"])
    session.run("mypy", *(session.posargs or ["-p", "unrut"]))


@nox.session
def demo(session: nox.Session) -> None:
    """The main job on real images. `-- PART` runs one part, `-- --help` lists them."""
    session.install("-e", ".[demo]", silent=True)
    session.run("python", "-m", "unrut", "demo", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Execute every example of docs/ and README.md."""
    session.install("-e", ".[docs]", *GROUPS["tests"])
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Every workload beside its floor and its peers. `-- --only conv`, `-- unseen --count 20`, `-- invariance`."""
    session.install("-e", ".[bench]")
    parts = ("rates", "shares", "unseen", "invariance", "reference")
    part = session.posargs[0] if session.posargs and session.posargs[0] in parts else ""
    module = "bench.machine.rates" if part == "rates" else f"bench.{part}" if part else "bench"
    session.run("python", "-m", module, *session.posargs[1 if part else 0 :])


@nox.session
def mutants(session: nox.Session) -> None:
    """Plant mistakes in emitter and templates; the tests must find them. `-- --count 200 --seed 7`."""
    session.install("-e", ".[testing,demo]", *GROUPS["tests"])
    session.run("python", "tests/commands/mutants.py", *session.posargs)


@nox.session
def onnx(session: nox.Session) -> None:
    """Every node test of the onnx package through the reference and C; writes docs/onnx.md. `-- --only Conv`."""
    session.install("-e", ".[onnx]")
    session.run("python", "tests/onnx/table.py", *session.posargs)


@nox.session
def warnings(session: nox.Session) -> None:
    """Emitted C under every compiler at hand, as C and C++, with and without OpenMP: no warning. `-- --count 20`."""
    session.install("-e", ".[testing]")
    session.run("python", "tests/commands/warnings_matrix.py", *session.posargs)


@nox.session
def sanitizers(session: nox.Session) -> None:
    """Kernels of random programs under AddressSanitizer (gcc) and a race check (clang): `-- addresses`, `-- races`."""
    session.install("-e", ".[testing,demo]", *GROUPS["tests"])
    session.run("python", "tests/commands/sanitizers.py", *(session.posargs or ["all"]))


if __name__ == "__main__":
    sys.argv[1:1] = ["--noxfile", __file__]
    sys.exit(nox.main())

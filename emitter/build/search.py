# SPDX-License-Identifier: Apache-2.0
"""Finding a compiler: CC, cc, gcc, clang, then the one that `pip install ziglang` brings. The first that proves itself
is taken, remembered in this process, and in the cache folder for later ones.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from unrut.emitter.build import cpu, flags
from unrut.emitter.build.cache import Cache, open_cache
from unrut.emitter.build.entry import FORMAT
from unrut.emitter.build.notice import say_once
from unrut.emitter.build.probe import PROBE, Candidate, Verdict, prove
from unrut.emitter.build.toolchain import Toolchain, build_environment, toolchain_from
from unrut.errors import BuildError

INSTALL = (
    "install a C compiler: `apt install gcc libc6-dev`, `dnf install gcc`, `apk add gcc musl-dev`, "
    "or without administrator rights `pip install ziglang` (serial kernels)"
)
RECORD = "toolchain.json"

_found: dict[tuple[object, ...], Toolchain] = {}


def find_toolchain() -> Toolchain:
    """The first compiler that works here.

    Raises BuildError if there is none. Only successes are remembered, so a compiler installed meanwhile is found.
    """
    asked = (os.environ.get("CC"), os.environ.get("PATH"), tuple(build_environment().items()))
    if asked not in _found:
        _found[asked] = _find(open_cache())
    return _found[asked]


def candidates() -> tuple[Candidate, ...]:
    """What may be a compiler, in the order of preference; each program once."""
    found: dict[str, Candidate] = {}
    if words := os.environ.get("CC", "").strip():
        try:
            command = tuple(shlex.split(words))
        except ValueError:
            command = (words,)
        program = shutil.which(command[0]) if len(command) == 1 else None
        found[os.path.realpath(program) if program else words] = Candidate(command=command, origin="CC")
    for name in ("cc", "gcc", "clang"):
        if path := shutil.which(name):
            found.setdefault(os.path.realpath(path), Candidate(command=(path,), origin="PATH"))
    if importlib.util.find_spec("ziglang") is not None:
        found["ziglang"] = Candidate(command=(sys.executable, "-m", "ziglang", "cc"), origin="ziglang")
    return tuple(found.values())


def try_all() -> tuple[Verdict, ...]:
    """Prove every candidate anew: what `doctor` shows."""
    return tuple(_prove(candidate, open_cache()) for candidate in candidates())


def _find(cache: Cache) -> Toolchain:
    refused: list[Verdict] = []
    for candidate in candidates():
        key = _key(candidate)
        if key and (known := _recall(cache, key)):
            return _accept(Verdict(candidate=candidate, toolchain=known, serial="see `unrut doctor`"), refused)
        verdict = _prove(candidate, cache)
        if verdict.toolchain:
            if key:
                _remember(cache, key, verdict.toolchain)
            return _accept(verdict, refused)
        refused.append(verdict)
    tried = "; ".join(f"`{shlex.join(v.candidate.command)}`: {v.reason}" for v in refused)
    raise BuildError(f"no C compiler works here ({tried or 'none was found'})", remedy=INSTALL)


def _prove(candidate: Candidate, cache: Cache) -> Verdict:
    try:
        with cache.scratch() as folder:
            return prove(candidate, folder)
    except OSError as error:
        return Verdict(candidate=candidate, reason=f"there is no folder to try it in: {error}")


def _accept(verdict: Verdict, refused: list[Verdict]) -> Toolchain:
    """The toolchain, said aloud where it is not what the user asked for or could have."""
    toolchain = verdict.toolchain
    assert toolchain is not None
    name = shlex.join(toolchain.command)
    for other in refused:
        if other.candidate.origin == "CC":
            say_once(
                f"CC=`{shlex.join(other.candidate.command)}` does not work ({other.reason}); using `{name}` instead"
            )
    if not toolchain.parallel:
        say_once(f"`{name}` has no working OpenMP ({verdict.serial}): kernels run on one thread")
    return toolchain


def _key(candidate: Candidate) -> str | None:
    """What the proof depends on; None where that cannot be told, so that it is made anew in each process."""
    processor = cpu.identity()
    programs = [path for word in candidate.command if (path := shutil.which(word))]
    if processor is None or not programs:
        return None
    if candidate.origin == "ziglang" and (zig := importlib.util.find_spec("ziglang")) and zig.origin:
        programs.append(zig.origin)
    try:
        states = [
            (os.path.realpath(path), Path(path).stat().st_size, Path(path).stat().st_mtime_ns) for path in programs
        ]
    except OSError:
        return None
    parts = {
        "format": FORMAT,
        "probe": (PROBE, flags.SEMANTICS, flags.NATIVE, flags.OPENMP),
        "command": candidate.command,
        "programs": states,
        "cpu": processor,
        "environment": build_environment(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _recall(cache: Cache, key: str) -> Toolchain | None:
    entry = cache.read(key)
    if entry is None:
        return None
    try:
        known = toolchain_from(json.loads(entry.file(RECORD).read_text()))
    except (OSError, ValueError):
        return None
    # Kernels of this toolchain load the runtime: without it they are not what was proved.
    return None if known is None or (known.runtime and not Path(known.runtime).exists()) else known


def _remember(cache: Cache, key: str, toolchain: Toolchain) -> None:
    def write(folder: Path) -> dict[str, str]:
        (folder / RECORD).write_text(json.dumps(asdict(toolchain), indent=1))
        return {"name": "toolchain", "compiler": toolchain.release}

    try:
        cache.publish(key, write)
    except OSError as error:
        say_once(f"the compiler found is not remembered: {error}")

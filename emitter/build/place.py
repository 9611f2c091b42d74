# SPDX-License-Identifier: Apache-2.0
"""A folder of entries on disk: publishing, keeping failures, removing.

One entry is one folder, named by the SHA-256 of all that decides its content. It is filled under another name beside
its place and published by a single rename, so every reader sees all of it or nothing, and nothing published is written
again: no locks are needed. Whoever loses a race drops its own copy. A damaged entry is moved aside and made anew.
"""

from __future__ import annotations

import contextlib
import errno
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from unrut.emitter.build.entry import Entry, read_entry, seal

STALE = 3600.0  # seconds after which an unfinished folder has surely lost its maker

_PART = "part-"
_FAILED = "failed-"
_KEPT = re.compile(rf"(?:{_FAILED})?[0-9a-f]{{64}}")
_UNFINISHED = re.compile(rf"{_PART}[a-z0-9_]{{8}}")

Fill = Callable[[Path], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A folder that was published here: an entry, or the remains of a failed build."""

    path: Path
    size: int
    used: float
    failed: bool


def part(where: Path) -> Path:
    """A fresh folder of mode 0700 for something unfinished. Raises OSError."""
    return Path(tempfile.mkdtemp(prefix=_PART, dir=where))


def publish(where: Path, key: str, fill: Fill) -> Entry:
    """Make the entry and rename it to its place; or take the one that is there by then and whole. Raises OSError."""
    unfinished = part(where)
    target = where / key
    try:
        made = seal(unfinished, fill(unfinished))
        for _ in range(3):
            try:
                unfinished.rename(target)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    raise
                if winner := read_entry(target):
                    return winner
                _set_aside(target)
            else:
                return replace(made, folder=target)
        raise OSError(errno.EBUSY, "other processes keep putting damaged entries in its place", str(target))
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def keep_failed(unfinished: Path, key: str) -> Path | None:
    """Keep what a failed build leaves, under a name at which no entry is looked for. None if the disk refuses."""
    target = unfinished.parent / (_FAILED + key)
    try:
        _remove(target)
        unfinished.rename(target)
    except OSError:
        return None
    return target


def kept(where: Path) -> list[Kept]:
    """All that was published here, the least recently used first. Names that are not ours are passed over."""
    found = []
    for path in _children(where):
        if _KEPT.fullmatch(path.name):
            with contextlib.suppress(OSError):  # removed by somebody else just now
                size = sum(file.stat().st_size for file in path.iterdir() if file.is_file()) if path.is_dir() else 0
                failed = path.name.startswith(_FAILED)
                found.append(Kept(path=path, size=size, used=path.lstat().st_mtime, failed=failed))
    return sorted(found, key=lambda one: one.used)


def trim(where: Path, limit: int, spare: str) -> None:
    """Remove the least recently used entries, each as a whole, until at most `limit` bytes are left. Never raises."""
    sweep(where)
    found = kept(where)
    size = sum(one.size for one in found)
    for one in found:
        if size <= limit:
            break
        if one.path.name != spare:
            with contextlib.suppress(OSError):
                _remove(one.path)
                size -= one.size


def clear(where: Path) -> int:
    """Remove every entry and every failure; how many there were. Never raises."""
    sweep(where)
    gone = 0
    for one in kept(where):
        with contextlib.suppress(OSError):
            _remove(one.path)
            gone += 1
    return gone


def sweep(where: Path) -> None:
    """Remove what makers that were killed have left unfinished. Never raises."""
    for path in _children(where):
        if _UNFINISHED.fullmatch(path.name):
            with contextlib.suppress(OSError):
                if time.time() - path.lstat().st_mtime > STALE:
                    shutil.rmtree(path, ignore_errors=True)


def _children(where: Path) -> list[Path]:
    try:
        return list(where.iterdir())
    except OSError:
        return []


def _remove(path: Path) -> None:
    """Remove an entry without ever showing a half of it: it loses its name first."""
    if path.is_dir() and not path.is_symlink():
        aside = part(path.parent)
        try:
            path.rename(aside)  # a folder may replace an empty one
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _set_aside(path: Path) -> None:
    """Remove a damaged entry, unless it turns out to be a whole one that another process has just put in its place."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    aside = part(path.parent)
    try:
        path.rename(aside)
        if read_entry(aside):
            with contextlib.suppress(OSError):  # a third one was quicker: then that one counts
                aside.rename(path)
    except FileNotFoundError:
        pass  # somebody else has set it aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)

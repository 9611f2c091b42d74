# SPDX-License-Identifier: Apache-2.0
"""Where kernels may be kept: the user's cache folder if it is safe, else a private one for this process alone.

What lies there is loaded into the process as machine code. So a folder that others could have filled is refused.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
from pathlib import Path

import platformdirs

from unrut.emitter.build.notice import say_once

VARIABLE = "UNRUT_CACHE_DIR"

_private: Path | None = None


def wanted_folder() -> Path:
    """The folder of choice: UNRUT_CACHE_DIR, else the user's cache folder as the platform has it."""
    if named := os.environ.get(VARIABLE):
        return Path(os.path.abspath(named))
    try:
        return platformdirs.user_cache_path("unrut", appauthor=False)
    except RuntimeError:  # nobody knows this user's home; other versions leave the tilde
        return Path("~/.cache/unrut")


def prepare(folder: Path) -> str:
    """Make the folder if need be; the reason why it must not be used, or an empty text."""
    if not folder.is_absolute():
        return "there is no home folder"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        runnable = not os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0)
    except FileExistsError:
        return "it is not a folder"
    except OSError as error:
        return f"it cannot be made ({error.strerror})"
    if stat.S_ISLNK(found.st_mode):
        return "it is a symbolic link"
    if not stat.S_ISDIR(found.st_mode):
        return "it is not a folder"
    if found.st_uid != os.geteuid():
        return "it belongs to another user"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write to it"
    if not runnable:
        return "its file system does not let programs run (noexec)"
    return ""


def made_private_folder() -> Path | None:
    """The private folder of this process, if there was a need for one."""
    return _private


def private_folder(why: str) -> Path:
    """The private folder of this process, made at the first call with a warning that says why.

    Raises OSError if there is no place for it either.
    """
    global _private  # noqa: PLW0603  # one for the whole process, so that one kernel is compiled once
    if _private is None or not _private.is_dir():
        _private = Path(tempfile.mkdtemp(prefix="unrut-"))  # mode 0700, and never an existing one
        atexit.register(_remove, _private, os.getpid())
        say_once(
            f"kernels are kept in a temporary folder and compiled again in each process: {why}; "
            f"set {VARIABLE} to a folder of your own"
        )
    return _private


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked child shares the folder and must leave it to its parent
        shutil.rmtree(folder, ignore_errors=True)

# SPDX-License-Identifier: Apache-2.0
"""One entry of the cache: a folder of files with a manifest that says what their bytes must be.

The manifest is JSON and holds data only. It protects against truncation, bit rot and mixed versions, not against
somebody who may write to the folder: that is what `folder.prepare` is for.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FORMAT = 1
MANIFEST = "manifest.json"

# Network file systems answer so while another machine renames or removes the file: for a cache that is a miss.
TRANSIENT = frozenset({errno.ENOENT, errno.ESTALE, errno.EBUSY})


class DamagedError(Exception):  # never leaves this package: it becomes a miss
    """The entry is not what its manifest says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A checked entry: `notes` is what its maker wrote about it."""

    folder: Path
    names: tuple[str, ...]
    notes: Mapping[str, str]

    def file(self, name: str) -> Path:
        return self.folder / name


def seal(folder: Path, notes: Mapping[str, str]) -> Entry:
    """Write the manifest over all files of a finished folder."""
    files = {path.name: _digest(path) for path in sorted(folder.iterdir()) if path.is_file()}
    text = json.dumps({"format": FORMAT, "files": files, "notes": dict(notes)}, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return Entry(folder=folder, names=tuple(files), notes=dict(notes))


def read_entry(folder: Path) -> Entry | None:
    """The entry in this folder, or None if it is absent, damaged or cannot be read. Never raises."""
    for _ in range(2):  # one more try, for what a network file system takes back at once
        try:
            return open_entry(folder)
        except DamagedError:
            return None
        except OSError as error:
            if error.errno not in TRANSIENT or not folder.exists():
                return None
    return None


def open_entry(folder: Path) -> Entry:
    """Check every file against the manifest. Raises DamagedError or OSError."""
    try:
        manifest = json.loads(_read(folder / MANIFEST))
    except (ValueError, RecursionError) as error:  # also bytes that are no text
        raise DamagedError(str(error)) from None
    match manifest:
        case {"format": int(version), "files": dict(files), "notes": dict(notes)} if version == FORMAT and files:
            pass
        case _:
            raise DamagedError("the manifest has another form")
    for name, digest in files.items():
        if name != Path(name).name or name == MANIFEST:
            raise DamagedError("the manifest names a file elsewhere")
        if _digest(folder / name) != digest:
            raise DamagedError(f"{name} has other bytes than the manifest says")
    return Entry(folder=folder, names=tuple(files), notes={name: str(note) for name, note in notes.items()})


def _digest(path: Path) -> str:
    return hashlib.sha256(_read(path)).hexdigest()


def _read(path: Path) -> bytes:
    return path.read_bytes()

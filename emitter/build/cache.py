# SPDX-License-Identifier: Apache-2.0
"""The content-addressed cache of compiled kernels: the user's folder, or a private one where that cannot be used."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from unrut.emitter.build import place
from unrut.emitter.build.entry import Entry, read_entry
from unrut.emitter.build.folder import made_private_folder, prepare, private_folder, wanted_folder
from unrut.emitter.build.place import Fill

LIMIT = 1 << 30  # bytes

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInfo:
    """`folder` is where kernels are kept; `trouble` says why it is not used (then a private folder is)."""

    folder: str
    trouble: str
    writable: bool
    entries: int
    failed: int
    size: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """A folder of entries, or, where `trouble` says why it must not be used, this process's private folder instead."""

    folder: Path
    trouble: str = ""
    limit: int = LIMIT

    def read(self, key: str) -> Entry | None:
        """The entry of this key, checked byte by byte; None if it has to be made. Never raises."""
        for where in self._readable():
            if entry := read_entry(where / key):
                with contextlib.suppress(OSError):
                    os.utime(entry.folder)  # the least recently used are evicted first
                return entry
        return None

    def publish(self, key: str, fill: Fill) -> Entry:
        """Let `fill` write an entry's files into a fresh folder and return notes for its manifest, then publish it.

        What `fill` raises passes through, but OSError (a full or read-only disk) leads to another call of it in the
        private folder. Raises OSError where that fails too.
        """

        def work(where: Path) -> Entry:
            entry = place.publish(where, key, fill)
            place.trim(where, self.limit, spare=key)
            return entry

        return self._somewhere(work)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A fresh folder where entries are made, removed at the end. Raises OSError if there is no place for one."""
        folder = self._somewhere(place.part)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def info(self) -> CacheInfo:
        found = [] if self.trouble else place.kept(self.folder)
        entries = sum(1 for one in found if not one.failed)
        return CacheInfo(
            folder=str(self.folder),
            trouble=self.trouble,
            writable=not self.trouble and os.access(self.folder, os.W_OK),
            entries=entries,
            failed=len(found) - entries,
            size=sum(one.size for one in found),
            limit=self.limit,
        )

    def clear(self) -> int:
        """Remove all entries; what others put into the folder stays. Returns how many went."""
        return sum(place.clear(where) for where in self._readable())

    def verify(self) -> tuple[str, ...]:
        """The names of entries whose bytes are not what their manifests say. They are made anew when next asked for."""
        found = (one for where in self._readable() for one in place.kept(where) if not one.failed)
        return tuple(one.path.name for one in found if read_entry(one.path) is None)

    def _readable(self) -> list[Path]:
        private = made_private_folder()
        return ([] if self.trouble else [self.folder]) + ([private] if private else [])

    def _somewhere(self, work: Callable[[Path], T]) -> T:
        """Do the work in the lasting folder, or in the private one if the disk does not let us."""
        why = self.trouble
        if not why:
            try:
                return work(self.folder)
            except OSError as error:
                why = error.strerror or str(error)
        return work(private_folder(f"{self.folder} cannot be used ({why})"))


def open_cache() -> Cache:
    """The cache that the environment names now."""
    wanted = wanted_folder()
    return Cache(folder=wanted, trouble=prepare(wanted))


def info() -> str:
    """What `unrut cache info` prints."""
    told = open_cache().info()
    state = f"not used: {told.trouble}" if told.trouble else ("" if told.writable else "read-only")
    return (
        f"{told.folder}{f' ({state})' if state else ''}\n"
        f"{told.entries} entries, {told.failed} failed builds: {told.size / 2**20:.1f} of {told.limit / 2**20:.0f} MiB"
    )


def clear() -> str:
    """What `unrut cache clear` does and prints."""
    return f"{open_cache().clear()} removed"


def verify() -> str:
    """What `unrut cache verify` finds and prints."""
    damaged = open_cache().verify()
    remark = ": they are compiled again when needed" if damaged else ""
    return "\n".join([*damaged, f"{len(damaged)} damaged{remark}"])

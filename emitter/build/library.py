# SPDX-License-Identifier: Apache-2.0
"""From a Source to a loaded Library: the compiler runs at most once for the same text, flags and machine.

The compiler is called directly and the result opened by cffi, so exactly the file that users vendor is the one that
runs here, and neither Python's headers nor setuptools are needed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _cffi_backend
import cffi

from unrut.emitter.build import place
from unrut.emitter.build.cache import open_cache
from unrut.emitter.build.entry import FORMAT
from unrut.emitter.build.failure import lacks_space, refusal
from unrut.emitter.build.folder import VARIABLE
from unrut.emitter.build.fork import survive_fork
from unrut.emitter.build.process import run
from unrut.emitter.build.search import find_toolchain
from unrut.emitter.build.toolchain import Toolchain
from unrut.errors import BuildError, InternalError

if TYPE_CHECKING:
    from unrut.emitter.source import Source

CODE = "kernel.c"
OBJECT = "kernel.so"
COMPILING = 300.0  # seconds; unrolled sorting networks take ten


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Library:
    """A compiled Source, loaded into this process for as long as it lives. `fresh` says that the compiler had to
    run.
    """

    source: Source
    toolchain: Toolchain
    path: Path
    fresh: bool
    ffi: Any
    handle: Any

    @property
    def code_path(self) -> Path:
        """Where the C lies from which it was compiled."""
        return self.path.with_name(CODE)

    def function(self, name: str) -> Any:  # cffi has no types
        """A C function by its name, callable without the GIL. Raises InternalError if there is none."""
        try:
            return getattr(self.handle, name)
        except AttributeError:
            raise InternalError(f"the C of `{self.source.name}` has no function `{name}`") from None


from_buffer: Any = _cffi_backend.from_buffer
"""`ffi.from_buffer(type, object)`, without the way through Python, which takes longer than the function itself."""


def build(source: Source, toolchain: Toolchain | None = None) -> Library:
    """Compile a source, unless this was done before, and load it.

    Raises BuildError if there is no compiler, if it refuses the source, or if there is no place to write to.
    """
    chosen = toolchain or find_toolchain()
    cache = open_cache()
    key = content_key(source, chosen)
    ffi: Any = cffi.FFI()
    ffi.cdef(source.declarations)
    complaint = ""
    for _ in range(3):  # an entry may be evicted between its check and its loading
        known = cache.read(key)
        try:
            entry = known or cache.publish(key, lambda folder: _compile(folder, key, source, chosen))
        except OSError as error:
            raise BuildError(f"there is no place for compiled kernels: {error}", remedy=_ELSEWHERE) from None
        path = entry.file(OBJECT)
        try:
            # NODELETE: a library whose threads may wait inside it must never be unmapped. NOW: what is missing shows
            # here.
            handle = ffi.dlopen(str(path), ffi.RTLD_NOW | ffi.RTLD_LOCAL | ffi.RTLD_NODELETE)
        except OSError as error:
            complaint = str(error)
            if path.exists():
                break
            continue
        if chosen.parallel and "gomp" in Path(chosen.runtime).name:
            survive_fork(path)
        return Library(source=source, toolchain=chosen, path=path, fresh=known is None, ffi=ffi, handle=handle)
    raise BuildError(f"the compiled `{source.name}` cannot be loaded: {complaint}", remedy=_ELSEWHERE)


_ELSEWHERE = (
    f"set {VARIABLE} to a folder of your own that has space and from which programs may be run, or `unrut doctor`"
)


def content_key(source: Source, toolchain: Toolchain) -> str:
    """The SHA-256 over all that decides what is compiled: the text, the toolchain with its flags, features, runtime and
    environment, and the version of the cache's own format.
    """
    parts = {
        "format": FORMAT,
        "code": hashlib.sha256(source.code.encode()).hexdigest(),
        "toolchain": toolchain.identity(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _compile(folder: Path, key: str, source: Source, toolchain: Toolchain) -> dict[str, str]:
    """Fill an entry. The compiler's own temporary files go below it, so that a killed one leaves nothing elsewhere."""
    (folder / CODE).write_bytes(source.code.encode())
    temporary = folder / "tmp"
    temporary.mkdir()
    command = toolchain.compile_command(CODE, OBJECT)
    finished = run(command, limit=COMPILING, folder=folder, environment={"TMPDIR": str(temporary)})
    shutil.rmtree(temporary, ignore_errors=True)
    if not finished.ok:
        if lacks_space(finished):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise refusal(source, finished, place.keep_failed(folder, key), CODE)
    return {"name": source.name, "command": " ".join(command), "compiler": toolchain.release}

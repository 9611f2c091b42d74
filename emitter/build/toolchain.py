# SPDX-License-Identifier: Apache-2.0
"""A compiler that has proved itself, with everything that decides what it makes of a source."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from unrut.emitter.build import cpu, flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """A C compiler that was seen to compile, load and run a kernel on this machine.

    `command` starts it, `version` is the whole text of `--version`, `openmp` holds the flags of a parallel build
    (empty: serial), `runtime` the file of the OpenMP runtime that such a build loads, `features` what `-march=native`
    adds to the target, as the compiler's own predefined macros say.
    """

    command: tuple[str, ...]
    version: str
    target: str
    flags: tuple[str, ...]
    openmp: tuple[str, ...]
    runtime: str
    features: tuple[str, ...]

    @property
    def parallel(self) -> bool:
        return bool(self.openmp)

    @property
    def release(self) -> str:
        """The first line of the version text."""
        return self.version.partition("\n")[0]

    def compile_command(self, source: str, output: str) -> tuple[str, ...]:
        """The words that turn one C file into one shared library."""
        return (*self.command, *self.flags, *self.openmp, *flags.SHARED, source, "-o", output, *flags.LIBRARIES)

    def with_flags(self, *extra: str) -> Toolchain:
        """The same compiler with further flags, for instance a sanitizer's."""
        return replace(self, flags=(*self.flags, *extra))

    def portable(self) -> Toolchain:
        """The same compiler for any processor of its target, not this one's own instructions."""
        own = {word for words in flags.NATIVE for word in words}
        return replace(self, flags=tuple(word for word in self.flags if word not in own), features=())

    def serial(self) -> Toolchain:
        """The same compiler without OpenMP."""
        return replace(self, openmp=(), runtime="")

    def identity(self) -> dict[str, object]:
        """All that may change what this toolchain makes of the same source, as JSON can hold it.

        The processor is named beside `features`, because some compilers mean this very one without being told (zig's).
        """
        surroundings = {"processor": cpu.identity(), "environment": build_environment()}
        return {**asdict(self), **surroundings, "shared": flags.SHARED, "libraries": flags.LIBRARIES}


def build_environment() -> dict[str, str]:
    """The environment variables that change what a compiler finds, as they are now."""
    return {name: os.environ[name] for name in flags.ENVIRONMENT if name in os.environ}


def toolchain_from(record: object) -> Toolchain | None:
    """Read back what `dataclasses.asdict` and JSON made of a Toolchain; None if the record is anything else."""
    if not isinstance(record, Mapping) or set(record) != {field.name for field in fields(Toolchain)}:
        return None
    values: dict[str, str | tuple[str, ...]] = {}
    for name, value in record.items():
        if name in ("version", "target", "runtime"):
            if not isinstance(value, str):
                return None
            values[name] = value
        else:
            if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
                return None
            values[name] = tuple(value)
    return Toolchain(**values)  # type: ignore[arg-type]  # checked field by field above

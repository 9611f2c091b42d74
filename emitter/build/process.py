# SPDX-License-Identifier: Apache-2.0
"""Running another program: as a list of words, never through a shell, and never for longer than a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that has ended. `status` is its exit status, or minus the number of the signal that ended it."""

    command: tuple[str, ...]
    status: int
    output: str
    errors: str
    late: bool = False

    @property
    def ok(self) -> bool:
        return self.status == 0 and not self.late

    @property
    def complaint(self) -> str:
        """Why it failed, in one line."""
        if self.late:
            return "it did not end within its time limit"
        lines = [line.strip() for line in (self.errors or self.output).splitlines() if line.strip()]
        telling = [line for line in lines if "error" in line.lower()] or lines[-1:]
        if telling:
            return telling[0]
        if self.status < 0:
            return f"it was ended by signal {-self.status} ({signal.strsignal(-self.status) or 'unknown'})"
        return f"it ended with status {self.status} and no message"


def run(
    command: Sequence[str], *, limit: float, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Finished:
    """Run a program to its end or to its time limit in seconds. A program that cannot be started has status 127."""
    words = tuple(command)
    # English messages, because the first error and "No space left on device" are recognised in them.
    settings = {**os.environ, "LC_ALL": "C", **(environment or {})}
    try:
        started = subprocess.Popen(
            words,
            cwd=folder,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A compiler is a driver with children of its own: only a group can be stopped as a whole.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Finished(command=words, status=127, output="", errors=str(error))
    try:
        output, errors = started.communicate(timeout=limit)
        late = False
    except subprocess.TimeoutExpired:
        _stop(started)
        output, errors = started.communicate()
        late = True
    except BaseException:  # an interrupt from the keyboard does not reach the new session by itself
        _stop(started)
        started.wait()
        raise
    return Finished(
        command=words,
        status=started.returncode,
        output=output.decode(errors="replace"),
        errors=errors.decode(errors="replace"),
        late=late,
    )


def _stop(started: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)

# SPDX-License-Identifier: Apache-2.0
"""What to say when generated C is refused: the command, the first error, the line, the statement that it serves."""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from unrut.emitter.build.process import Finished
from unrut.errors import BuildError, Place
from unrut.spans import Span

if TYPE_CHECKING:
    from unrut.emitter.source import Source

_ERROR = re.compile(r"^[^\s:]+\.c:(\d+):(?:(\d+):)? (?:fatal )?error: (.*)$", re.MULTILINE)
_FULL = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS))


def lacks_space(finished: Finished) -> bool:
    """Whether the compiler failed because of where it had to write rather than of what it had to read."""
    killed = finished.status == -signal.SIGXFSZ or "File size limit exceeded" in finished.errors
    return killed or any(message in finished.errors for message in _FULL)


def refusal(source: Source, finished: Finished, kept: Path | None, file: str) -> BuildError:
    """The error for a compiler that failed or did not end; `kept` is the folder in which its input was left."""
    program = Path(finished.command[0]).name
    if finished.late:
        return BuildError(
            f"{program} did not end within its time limit on the C of `{source.name}`", remedy=_by_hand(finished, kept)
        )
    found = _ERROR.search(finished.errors)
    if not found:
        return BuildError(
            f"{program} failed on the C of `{source.name}`: {finished.complaint}", remedy=_by_hand(finished, kept)
        )
    line, column, said = int(found[1]), int(found[2] or 0), found[3]
    code = source.code.splitlines()
    statement = _statement(source, line)
    span = Span(
        file=str(kept / file) if kept else file,
        line=line,
        column=column - 1,
        text=code[line - 1] if line <= len(code) else "",
    )
    return BuildError(
        f"{program} refused the C of `{source.name}`: {said}",
        places=(Place(span=span, note=f"for  {statement}" if statement else ""),),
        remedy=_by_hand(finished, kept),
    )


def _by_hand(finished: Finished, kept: Path | None) -> str:
    command = shlex.join(finished.command)
    return f"cd {shlex.quote(str(kept))} && {command}" if kept else f"{command}  (the source could not be kept)"


def _statement(source: Source, line: int) -> str:
    """The statement that this line of C serves, or the last one before it, or an empty text in the file's head."""
    before = [number for number in source.lines if number <= line]
    return source.lines[max(before)] if before else ""

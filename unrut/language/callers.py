# SPDX-License-Identifier: Apache-2.0
"""Errors of ops that were written elsewhere: the user's own line, which called the op, stands before the op's lines."""

from __future__ import annotations

from unrut.errors import Place, UnrutError
from unrut.language.origin import caller, caller_span
from unrut.spans import Span

_NOBODYS_LINES = "unrut.cli"  # a command has no line of its own to show


def point_at_caller(error: UnrutError, op: str, home: Span | None = None) -> None:
    """Put the line that called an op before the places of an error, unless they are in the caller's own file already.

    `home` is where the op was written. Texts are no files: they belong to whoever reads them.
    """
    files = {place.span.file for place in error.places if not place.span.text}
    files |= {home.file} if home is not None and not home.text else set()
    frame, span = caller(), caller_span()
    if not files or frame is None or span is None or span.file in files:
        return
    if frame.f_globals.get("__name__") != _NOBODYS_LINES:
        error.places = (Place(span=span, note=f"calls `{op}`"), *error.places)


class Telling:
    """`with Telling("matmul", home): ...`: errors from within show who called."""

    __slots__ = ("home", "op")

    def __init__(self, op: str, home: Span | None = None) -> None:
        self.op, self.home = op, home

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnrutError):
            point_at_caller(error, self.op, self.home)

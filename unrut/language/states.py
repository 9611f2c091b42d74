# SPDX-License-Identifier: Apache-2.0
"""The states of a monoid: how they may be named, and what its functions see of them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from unrut.errors import NotationError
from unrut.language.names import LONGEST
from unrut.language.notation import Component
from unrut.language.operators import Expression
from unrut.language.origin import caller_span
from unrut.language.recorder import place

OPTIONS = ("identity", "combine", "finish", "where")
_SHAPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def state_fault(name: str) -> str:
    """Why a state can't have a name, or an empty string. States are nobody's neighbours: most words are free."""
    if not _SHAPE.match(name) or len(name) > LONGEST:
        return f"is not made of at most {LONGEST} ASCII letters, digits and underscores, starting with a letter"
    if name in OPTIONS:
        return "is a word of `fold`"
    return "is a keyword of Python" if keyword.iskeyword(name) else ""


class States:
    """All states on one side, as `combine` and `finish` take them: `a.mean`, `a["mean"]`, `a[1]`, or `n, mean = a`."""

    __slots__ = ("_names", "_side")

    def __init__(self, side: str, names: tuple[str, ...]) -> None:
        self._side = side
        self._names = names

    def __repr__(self) -> str:
        return f"<states {', '.join(self._names)}>"

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[Expression]:
        return iter([state(self._side, name) for name in self._names])

    def __getitem__(self, which: int | str) -> Expression:
        if isinstance(which, int) and -len(self._names) <= which < len(self._names):
            return state(self._side, self._names[which])
        return self.__getattr__(str(which))

    def __getattr__(self, name: str) -> Expression:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._names:
            message = f"there is no state `{name}`"
            raise NotationError(message, places=place(caller_span()), remedy=f"one of {', '.join(self._names)}")
        return state(self._side, name)


def state(side: str, name: str) -> Expression:
    """One state as an expression."""
    return Expression(Component(side=side, state=name, span=caller_span()))

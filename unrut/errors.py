# SPDX-License-Identifier: Apache-2.0
"""Every error that unrut raises: one small tree, each class with its manual page as docstring.

A user error says what is wrong in one line with the user's names, shows every place that takes part in it, and ends with
a line `try: ...`. All errors of a stage are gathered and raised together by `raise_all`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from unrut.spans import Span, calls_around, point_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place that takes part in an error, with what it contributes (`k = 4, last extent of P (8, 32, 15, 15, 4, 4)`)."""

    span: Span
    note: str = ""


def with_calls(places: Sequence[Place]) -> tuple[Place, ...]:
    """The places, and before them those of the calls that they are within: who reads it knows those lines best."""
    calls = (call for place in places for call in calls_around(place.span))
    return tuple(dict.fromkeys([*(Place(span=c.span, note=f"calls `{c.name}`") for c in calls), *places]))


class UnrutError(Exception):
    """Whatever unrut raises. Catch this one to catch all.

    Attributes: `message` (one line), `places` (where), `remedy` (what to try), `others` (further errors of the same stage).
    """

    def __init__(self, message: str, *, places: Sequence[Place] = (), remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.places = with_calls(places)
        self.remedy = remedy
        self.others: tuple[UnrutError, ...] = ()

    def paragraph(self) -> str:
        """This error alone, without the others of its stage."""
        lines = [self.message]
        for place in self.places:
            lines += point_at(place.span, place.note)
        if self.remedy:
            lines.append(f"  try: {self.remedy}")
        return "\n".join(lines)

    def __str__(self) -> str:
        rest = [f"{type(other).__name__}: {other.paragraph()}" for other in self.others]
        return "\n".join([self.paragraph(), *rest])


class NotationError(UnrutError):
    """The notation can't be read as a program: a spelling, a missing return, `if` on an expression, a NumPy function."""


class NameClashError(UnrutError):
    """A name is reserved, unsafe in C, used for two things, or a tensor is defined twice."""


class AxisError(UnrutError):
    """An axis is unknown where it stands, bound twice, or has no range that could be inferred."""


class ShapeError(UnrutError):
    """Extents or ranks disagree: one axis has two extents, or an operand has another number of subscripts than dimensions."""


class RangeError(UnrutError):
    """A read may leave its operand and has no policy that says what to read outside."""


class DTypeError(UnrutError):
    """An expression has no meaning for its dtypes, or a dtype is not one of unrut's."""


class BindError(UnrutError):
    """The arrays or parameters given do not fit the op: number, dtype, rank, extents, strides, overlap, writability."""


class PlanError(UnrutError):
    """A plan is not legal for the program it is given for."""


class BuildError(UnrutError):
    """There is no working compiler, or it refused the generated source."""


class InternalError(UnrutError):
    """A stage broke its own contract: a bug in unrut, never the user's fault. Please report it with the text shown."""


def combine(errors: Sequence[UnrutError]) -> UnrutError:
    """One error that stands for all of a stage: the first, carrying the others; doubled paragraphs are dropped."""
    first, *rest = errors
    seen = {first.paragraph()}
    first.others = tuple(e for e in rest if e.paragraph() not in seen and not seen.add(e.paragraph()))  # type: ignore[func-returns-value]
    return first


def raise_all(errors: Sequence[UnrutError]) -> NoReturn:
    """Raise all errors of a stage at once."""
    raise combine(errors)

# SPDX-License-Identifier: Apache-2.0
"""What follows from an immutable node is found out once, and kept with the node: its hash, and results of pure functions.

Trees are keys of many tables and are asked the same things at every stage; each answer anew would walk the whole tree.
Answers belong to one object, not to all equal ones: so they go when it goes, and never carry over what does not count in
a comparison, such as where in a source a node came from.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

N = TypeVar("N", bound="Remembering")
T = TypeVar("T")


class Remembering:
    """Base of immutable dataclasses with slots. What `dataclass` made as `__hash__` runs at the first call alone."""

    __slots__ = ("_answers", "_hash")
    _hash: int
    _answers: dict[object, Any]

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Called for the class as written, and once more for the one with slots, which has its `__hash__` by then."""
        super().__init_subclass__(**arguments)
        compute = cls.__dict__.get("__hash__")
        if compute is None:
            return

        def __hash__(self: Remembering) -> int:  # noqa: N807
            try:
                return self._hash
            except AttributeError:
                found: int = compute(self)
                object.__setattr__(self, "_hash", found)
                return found

        cls.__hash__ = __hash__  # type: ignore[assignment, method-assign]


def remembered(function: Callable[[N], T]) -> Callable[[N], T]:
    """A pure function of one node that gives the same object again for the same node. Nobody may change what it gives."""

    @wraps(function)
    def answered(node: N, /) -> T:
        try:
            found: T = node._answers[answered]
        except AttributeError:
            object.__setattr__(node, "_answers", {})
        except KeyError:
            pass
        else:
            return found
        found = node._answers[answered] = function(node)
        return found

    return answered

# SPDX-License-Identifier: Apache-2.0
"""A call of a kernel with everything settled: arrays checked, pointers taken, workspace at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from unrut.emitter.binding import Array
from unrut.errors import UnrutError


class Raw:
    """`raw()` runs the kernel over the arrays that it was made with, and gives the results; see `Kernel.raw`.

    `results` are the arrays that it writes. It holds on to them, to the operands and to a workspace of its own. Two calls of
    one at once would write to the same results; several of one kernel, over results of their own, may run at once.
    """

    __slots__ = ("_answer", "_arguments", "_function", "_name", "_refusal", "results")

    def __init__(
        self,
        *,
        function: Any,
        arguments: Sequence[Any],
        refusal: Callable[[int], UnrutError],
        name: str,
        results: tuple[Array, ...],
    ) -> None:
        self._function = function
        self._arguments = tuple(arguments)
        self._refusal = refusal
        self._name = name
        self.results = results
        self._answer: Any = results[0] if len(results) == 1 else results

    def __call__(self) -> Any:
        """The results, written anew. Raises RangeError where the data leads outside of a tensor."""
        code = self._function(*self._arguments)
        if code:
            raise self._refusal(code)
        return self._answer

    def __repr__(self) -> str:
        return f"<raw call of {self._name}>"

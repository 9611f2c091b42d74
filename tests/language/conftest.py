# SPDX-License-Identifier: Apache-2.0
"""How errors of traced functions are judged: class, sentence, place, proposal."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import unrut as ur
from unrut.errors import UnrutError


@pytest.fixture
def judge() -> Callable[..., None]:
    """Traces `function(x, y, i, j)` with x of f32[5, 6], and holds its error against what is expected.

    The comment at the end of one of its lines is the stretch of that line which the caret must mark.
    """

    def judge(function: Callable[..., Any], kind: type[UnrutError], message: str, remedy: str) -> None:
        def op(x: Any) -> Any:
            i, j = ur.axes("i j")
            return function(x, ur.tensor("y"), i, j)

        with pytest.raises(UnrutError) as caught:
            ur.op(op).program("f32[5, 6]")
        error = caught.value
        assert type(error) is kind
        assert message in error.message
        assert "\n" not in error.message
        assert remedy in str(error)
        spans = [place.span for place in error.places]
        assert spans[-1].file == inspect.getsourcefile(function)
        marked = [line.strip() for line in inspect.getsource(function).splitlines() if "  # " in line]
        assert len(marked) == 1
        stretches = [(s.source_line().strip(), s.source_line()[s.column : s.end]) for s in spans]
        assert (marked[0], marked[0].split("  # ")[1]) in stretches

    return judge

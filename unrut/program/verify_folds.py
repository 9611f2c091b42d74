# SPDX-License-Identifier: Apache-2.0
"""What a valid fold is, given that its children are valid."""

from __future__ import annotations

from collections.abc import Iterator

from unrut.program.fold_nodes import Fold, Local, Side
from unrut.program.nodes import Call, Cast, Const, ExtentValue, Scalar, Where
from unrut.program.types import DType
from unrut.program.walk import subexpressions


def fold_faults(node: Fold | Local) -> Iterator[str]:
    """What is wrong with a fold itself, or with one of its states where it is used."""
    if isinstance(node, Fold):
        yield from _shape(node)
        yield from _parts(node)
    elif node.weak and node.dtype not in (DType.bool, DType.i64, DType.f64):
        yield f"the state `{node.state}` of {node.dtype} is weak"


def _shape(fold: Fold) -> Iterator[str]:
    names, dtypes = [state.name for state in fold.states], [state.dtype for state in fold.states]
    if not fold.axes or not names or len(set(names)) < len(names):
        yield f"a fold over {len(fold.axes)} axes keeps the states {', '.join(names) or 'none'}"
    for what, parts in (("identity", fold.identity), ("lift", fold.lift), ("combine", fold.combine)):
        if [part.dtype for part in parts] != dtypes:
            yield f"{what} of a fold gives {', '.join(p.dtype.name for p in parts)}, its states are {dtypes}"
    if fold.finish.dtype is not fold.dtype:
        yield f"finish of a fold of {fold.dtype} gives {fold.finish.dtype}"
    if fold.where is not None and fold.where.dtype is not DType.bool:
        yield f"where= of a fold is {fold.where.dtype}"


def _parts(fold: Fold) -> Iterator[str]:
    """`identity`, `combine` and `finish` are functions of their own states and of numbers."""
    known = {state.name: state.dtype for state in fold.states}
    allowed = {"identity": (), "combine": (Side.left, Side.right), "finish": (Side.whole,)}
    for what, parts in (("identity", fold.identity), ("combine", fold.combine), ("finish", (fold.finish,))):
        for part in (inner for expr in parts for inner in subexpressions(expr)):
            if isinstance(part, Local):
                if part.side not in allowed[what] or known.get(part.state) is not part.dtype:
                    yield f"{what} of a fold takes {part.side.value}.{part.state} of {part.dtype}"
            elif not isinstance(part, Const | ExtentValue | Scalar | Call | Where | Cast):
                yield f"{what} of a fold has a {type(part).__name__}, which is no function of states and numbers"

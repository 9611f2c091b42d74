# SPDX-License-Identifier: Apache-2.0
"""Random expressions of complex numbers, and what makes real numbers and conditions of them."""

from __future__ import annotations

from collections.abc import Callable

from unrut.testing.drafts import EXACT_LIMIT, Draft, Scope, Term

FUNCTIONS = "exp log sqrt sin cos tan sinh cosh tanh square reciprocal".split()
Grow = Callable[[str, int], Term]
"""A random expression of a kind, to a depth."""


def complex_expression(draft: Draft, scopes: list[Scope], grow: Grow, depth: int) -> Term:
    """A complex number of other numbers. In exact mode a term's size bounds each of its parts."""
    axes = [axis for scope in scopes for axis in scope.axes]
    form = draft.pick(
        ("arithmetic", "arithmetic", "arithmetic", "choice", "alone", "power", "cast", "function", "divide", "line")
    )
    if form == "cast":
        inner = grow(draft.pick(("complex", "float", "int", "bool")), depth - 1)
        return Term(text=f"cast({inner.text}, {draft.pick(('c64', 'c128'))})", kind="complex", size=max(1, inner.size))
    left = grow("complex", depth - 1)
    if form == "line" and axes:
        axis = draft.pick(axes)
        size = left.size * max(1, draft.extents[axis])
        if not draft.exact or size <= EXACT_LIMIT:
            name = "cumsum" if draft.exact else draft.pick(("cumsum", "cumprod"))
            return Term(text=f"{name}({left.text}, along={axis})", kind="complex", size=size)
    if form == "alone":
        return Term(text=f"{draft.pick(('conj', '-'))}({left.text})", kind="complex", size=left.size)
    if form == "power" and 2 * left.size**2 <= EXACT_LIMIT:
        exponent = 2 if draft.exact else draft.pick((0, 1, 2, 3, 5, -1, -2))
        return Term(text=f"({left.text})**{exponent}", kind="complex", size=2 * left.size**2)
    if form == "function" and not draft.exact:
        return Term(text=f"{draft.pick(FUNCTIONS)}({left.text})", kind="complex")
    if form == "choice":
        condition, right = grow("bool", depth - 2), grow(draft.pick(("complex", "float")), depth - 2)
        size = max(left.size, right.size)
        return Term(text=f"where({condition.text}, {left.text}, {right.text})", kind="complex", size=size)
    right = grow(draft.pick(("complex", "complex", "float", "int")), depth - 2)
    one, other = draft.pick(((left, right), (right, left)))
    if form == "divide" and not draft.exact:
        return Term(text=f"({one.text} / {other.text})", kind="complex")
    operator = draft.pick("*+-")
    size = 2 * one.size * other.size if operator == "*" else one.size + other.size
    if draft.exact and size > EXACT_LIMIT:
        return left
    return Term(text=f"({one.text} {operator} {other.text})", kind="complex", size=size)


def part(draft: Draft, grow: Grow, depth: int) -> Term:
    """A real number of a complex one."""
    inner = grow("complex", depth - 1)
    function = draft.pick(("real", "imag") if draft.exact else ("real", "imag", "abs", "angle"))
    return Term(text=f"{function}({inner.text})", kind="float", size=inner.size)


def condition(draft: Draft, grow: Grow, depth: int) -> Term:
    """A condition on complex numbers."""
    inner = grow("complex", depth - 1)
    if draft.chance(30):
        return Term(text=f"{draft.pick(('isnan', 'isinf', 'isfinite'))}({inner.text})", kind="bool", size=1)
    other = grow(draft.pick(("complex", "float")), depth - 2)
    return Term(text=f"({inner.text} {draft.pick(('==', '!='))} {other.text})", kind="bool", size=1)

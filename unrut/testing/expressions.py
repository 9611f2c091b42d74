# SPDX-License-Identifier: Apache-2.0
"""Random expressions: leaves, scalar functions, choices, nested reductions, softmax."""

from __future__ import annotations

from math import prod

from unrut.testing.complex_expressions import complex_expression, condition, part
from unrut.testing.drafts import EXACT_LIMIT, KINDS, Draft, Scope, Term
from unrut.testing.monoids import fold
from unrut.testing.places import computed_read
from unrut.testing.ragged import give_range
from unrut.testing.ranks import NAMES as ORDER_STATISTICS
from unrut.testing.ranks import second_argument
from unrut.testing.scales import SMALL
from unrut.testing.subscripts import guarded_read, new_read, old_read, readable

SMOOTH = (
    "exp log sqrt sin cos tanh log1p expm1 erf arctan sigmoid logsigmoid square cbrt exp2 log2 log10 reciprocal tan arcsin "
    "arccos sinh cosh arcsinh"
).split()
STEPPED = ("floor", "ceil", "rint", "trunc", "sign", "abs")
PAIRED = ("fmax", "fmin", "arctan2", "hypot", "copysign", "logaddexp")
PREDICATES = ("isnan", "isinf", "isfinite", "signbit")


def expression(draft: Draft, scopes: list[Scope], kind: str, depth: int) -> Term:
    """A random expression of a kind over the axes in scope."""
    if depth <= 0 or draft.chance(15):
        return leaf(draft, scopes, kind)
    if draft.chance(30):
        return reduction(draft, scopes, kind, depth)

    def grow(other: str, below: int) -> Term:
        return expression(draft, scopes, other, below)

    if kind == "complex":
        return complex_expression(draft, scopes, grow, depth)
    if kind == "float" and draft.chance(8):
        return part(draft, grow, depth)
    if kind == "bool" and draft.chance(8):
        return condition(draft, grow, depth)
    match kind:
        case "bool":
            return _bool(draft, scopes, depth)
        case "int" | "uint":
            return _int(draft, scopes, kind, depth)
        case _:
            return _float(draft, scopes, depth)


def leaf(draft: Draft, scopes: list[Scope], kind: str) -> Term:
    """A read, a number, an axis value or a scalar parameter."""
    if draft.chance(12):
        return _weak(draft, scopes, kind)
    names = [n for n in readable(draft) if (draft.defined.get(n) or draft.operands[n]).kind == kind]
    if names and draft.chance(55):
        return old_read(draft, scopes, draft.pick(reversed(names)))
    if any(s.axes for s in scopes) and draft.chance(12):
        return computed_read(draft, scopes, kind)
    return (
        guarded_read(draft, scopes, kind)
        if any(s.axes for s in scopes) and draft.chance(10)
        else new_read(draft, scopes, kind)
    )


def _weak(draft: Draft, scopes: list[Scope], kind: str) -> Term:
    axes = [a for s in scopes for a in s.axes]
    if kind == "bool":
        return Term(text=f"({draft.pick(axes)} % 2 == 0)" if axes else "True", kind=kind)
    if kind == "complex":
        return Term(text=draft.pick(("1j", "2j", "(-1j)", "(1 - 2j)")), kind=kind, size=3)
    if axes and draft.chance(50):
        axis = draft.pick(axes)
        return Term(text=axis, kind=kind, size=max(1, draft.extents[axis]))
    if kind == "float" and not draft.exact:
        if draft.chance(30):
            draft.scalars.append(f"tau{len(draft.scalars)}")
            return Term(text=draft.scalars[-1], kind=kind)
        return Term(text=draft.pick(("0.5", "1.0", "-2.25", "0.1", "1e-3", "(1/3)")), kind=kind)
    return Term(text=draft.pick(("1", "2", "3") if kind == "uint" else ("1", "2", "3", "(-1)")), kind=kind, size=3)


def _pair(draft: Draft, scopes: list[Scope], kind: str, depth: int) -> tuple[Term, Term]:
    left = expression(draft, scopes, kind, depth - 1)
    alone = draft.exact or kind == "uint"
    return left, expression(draft, scopes, kind if alone or draft.chance(85) else "int", depth - 2)


def _arithmetic(draft: Draft, left: Term, right: Term, kind: str) -> Term:
    operator = draft.pick("*+-")
    size = left.size * right.size if operator == "*" else left.size + right.size
    if draft.exact and size > EXACT_LIMIT:
        return Term(text=f"maximum({left.text}, {right.text})", kind=kind, size=max(left.size, right.size))
    return Term(text=f"({left.text} {operator} {right.text})", kind=kind, size=size)


def _choice(draft: Draft, scopes: list[Scope], kind: str, depth: int) -> Term:
    condition = expression(draft, scopes, "bool", depth - 2)
    yes, no = _pair(draft, scopes, kind, depth)
    return Term(text=f"where({condition.text}, {yes.text}, {no.text})", kind=kind, size=max(yes.size, no.size))


def _float(draft: Draft, scopes: list[Scope], depth: int) -> Term:
    form = draft.pick(("arithmetic", "arithmetic", "choice", "extreme", "function", "line", "power", "cast", "paired"))
    if form == "choice":
        return _choice(draft, scopes, "float", depth)
    if form == "power":
        inner = expression(draft, scopes, "float", depth - 1)
        squared = inner.size**2
        return Term(text=f"({inner.text} ** 2)", kind="float", size=squared) if squared <= EXACT_LIMIT else inner
    if form == "cast":
        kinds = ("float", "int", "bool") if draft.exact else ("float", "int", "bool", "uint")
        inner = expression(draft, scopes, draft.pick(kinds), depth - 1)
        return Term(text=f"cast({inner.text}, {draft.pick(KINDS['float'])})", kind="float", size=max(1, inner.size))
    if form == "function" and not draft.exact:
        inner = expression(draft, scopes, "float", depth - 1)
        function = draft.pick((*SMOOTH, *STEPPED))
        argument = f"abs({inner.text})" if function in ("log", "sqrt", "log1p") and draft.chance(80) else inner.text
        return Term(text=f"{function}({argument})", kind="float")
    if form == "line" and any(s.axes for s in scopes) and (draft.exact or draft.chance(50)):
        return _scan(draft, scopes, "float", depth)
    if form == "line" and not draft.exact and any(s.axes for s in scopes):
        inner = expression(draft, scopes, "float", depth - 1)
        return Term(
            text=f"softmax({inner.text}, along={draft.pick([a for s in scopes for a in s.axes])})", kind="float"
        )
    left, right = _pair(draft, scopes, "float", depth)
    if form == "paired" and not draft.exact:
        if draft.chance(30):
            return Term(text=f"({left.text} {draft.pick(('//', '%'))} {right.text})", kind="float")
        return Term(text=f"{draft.pick(PAIRED)}({left.text}, {right.text})", kind="float")
    if form == "extreme":
        return Term(
            text=f"{draft.pick(('maximum', 'minimum'))}({left.text}, {right.text})",
            kind="float",
            size=max(left.size, right.size),
        )
    if not draft.exact and draft.chance(15):
        return Term(text=f"({left.text} / {right.text})", kind="float")
    return _arithmetic(draft, left, right, "float")


def _int(draft: Draft, scopes: list[Scope], kind: str, depth: int) -> Term:
    form = draft.pick(("arithmetic", "arithmetic", "choice", "division", "extreme", "cast", "bits", "shift", "alone"))
    if form == "choice":
        return _choice(draft, scopes, kind, depth)
    if form == "cast":
        inner = expression(draft, scopes, draft.pick(("float", "bool")) if not draft.exact else "bool", depth - 1)
        return Term(text=f"cast({inner.text}, {draft.pick(KINDS[kind])})", kind=kind, size=max(1, inner.size))
    left = expression(draft, scopes, kind, depth - 1)
    if form == "alone":
        return Term(text=f"{draft.pick(('abs', 'sign', '-'))}({left.text})", kind=kind, size=max(1, left.size))
    if form == "shift" and 4 * left.size <= EXACT_LIMIT:
        return Term(
            text=f"({left.text} {draft.pick(('>>', '<<'))} {draft.pick((0, 1, 2))})", kind=kind, size=4 * left.size
        )
    right = expression(draft, scopes, kind, depth - 2)
    if form == "bits" and 2 * max(left.size, right.size) <= EXACT_LIMIT:
        operator = draft.pick(("&", "|", "^"))  # of two numbers below 2**k: below 2**k in magnitude, or -2**k
        return Term(text=f"({left.text} {operator} {right.text})", kind=kind, size=2 * max(left.size, right.size))
    if form == "extreme":
        function = draft.pick(("maximum", "minimum"))
        return Term(text=f"{function}({left.text}, {right.text})", kind=kind, size=max(left.size, right.size))
    if form == "division":
        return Term(
            text=f"({left.text} {draft.pick(('//', '%'))} {right.text})", kind=kind, size=max(left.size, right.size)
        )
    return _arithmetic(draft, left, right, kind)


def _scan(draft: Draft, scopes: list[Scope], kind: str, depth: int) -> Term:
    """A scan along an axis in scope."""
    inner = expression(draft, scopes, kind, depth - 1)
    axis = draft.pick([a for s in scopes for a in s.axes])
    total = inner.size * max(1, draft.extents[axis])
    kinds = ["cummax", "cummin", *(["cumsum"] if total <= EXACT_LIMIT else []), *([] if draft.exact else ["cumprod"])]
    name = draft.pick(kinds)
    return Term(text=f"{name}({inner.text}, along={axis})", kind=kind, size=total if name == "cumsum" else inner.size)


def _bool(draft: Draft, scopes: list[Scope], depth: int) -> Term:
    form = draft.pick(("compare", "compare", "and", "or", "not", "predicate"))
    if form == "predicate":
        inner = expression(draft, scopes, "float", depth - 1)
        return Term(text=f"{draft.pick(PREDICATES)}({inner.text})", kind="bool", size=1)
    if form == "compare":
        kind, other = draft.pick((("float", "float"), ("int", "int"), ("uint", "uint"), ("uint", "int")))
        left, right = expression(draft, scopes, kind, depth - 1), expression(draft, scopes, other, depth - 2)
        return Term(
            text=f"({left.text} {draft.pick(('<', '<=', '>', '>=', '==', '!='))} {right.text})", kind="bool", size=1
        )
    left = expression(draft, scopes, "bool", depth - 1)
    if form == "not":
        return Term(text=f"(~{left.text})", kind="bool", size=1)
    right = expression(draft, scopes, "bool", depth - 2)
    return Term(
        text=f"({left.text} {'&' if form == 'and' else draft.pick(('|', '^'))} {right.text})", kind="bool", size=1
    )


def reduction(draft: Draft, scopes: list[Scope], kind: str, depth: int) -> Term:
    """A reduction over one to three fresh axes, with the kinds that give `kind`; sometimes over part of its range."""
    kinds = {
        "bool": ("any", "all"),
        "int": ("count", "sum", "max", "min", "argmax", "argmin", "kth_smallest", "arg_kth_smallest"),
        "uint": ("sum", "max", "min", "kth_smallest"),
        "float": ("sum", "sum", "max", "min", "logsumexp", "prod", "median", "quantile", "kth_smallest"),
        "complex": ("sum", "sum", "prod"),
    }[kind]
    if draft.exact:
        kinds = tuple(k for k in kinds if k not in ("logsumexp", "prod", "median", "quantile"))
    name = draft.pick(kinds)
    needs_one = name in ("max", "min", "argmax", "argmin", *ORDER_STATISTICS)
    size = 5 if name == "prod" else _room(draft, scopes)
    axes = [draft.new_axis(zero=not needs_one, limit=None if draft.scale is SMALL else size)]
    while len(axes) < 3 and draft.chance(40):
        size //= max(1, draft.extents[axes[-1]])
        axes.append(draft.new_axis(zero=not needs_one, limit=max(1, size)))
    scope = Scope(axes=tuple(axes))
    if draft.chance(15):
        give_range(draft, scopes, axes)
    if kind != "complex" and draft.chance(12):
        inner = [*scopes, scope]
        found = fold(
            draft, axes, kind, lambda k: expression(draft, inner, k, depth - 1), lambda: _domain(draft, inner, depth)
        )
        draft.close(scope)
        return found
    body_kind = {"any": "bool", "all": "bool", "count": "bool"}.get(name) or (
        "float"
        if name.startswith("arg") and draft.chance(50)
        else "bool"
        if kind == "int" and name == "sum" and draft.chance(20)
        else kind
    )
    body = expression(draft, [*scopes, scope], body_kind, depth - 1)
    where = f", where={_domain(draft, [*scopes, scope], depth)}" if draft.chance(20) else ""
    starts = ("0", "1") if kind == "uint" else ("0", "1", "(-2)")
    has_initial = name in ("sum", "max", "min") and draft.chance(15)
    initial = f", initial={draft.pick(starts)}" if has_initial else ""
    initial += ", dtype=f64" if kind == "float" and name == "sum" and draft.chance(10) else ""
    initial += ", dtype=c128" if kind == "complex" and name == "sum" and draft.chance(10) else ""
    draft.close(scope)
    terms = 1
    for axis in axes:
        terms *= max(1, draft.extents[axis])
    rank = second_argument(draft, scopes, name, terms, lambda: leaf(draft, scopes, "int"))
    magnitude = {"sum": (body.size or 1) * terms + 2, "count": terms}.get(
        name, max(body.size, 2, *(draft.extents[a] for a in axes))
    )
    if draft.exact and kind == "complex" and magnitude > EXACT_LIMIT:
        return Term(text=f"cast(any[{', '.join(axes)}]({body.text}{where}), c64)", kind=kind, size=1)
    if draft.exact and magnitude > EXACT_LIMIT:
        name, magnitude = "max", max(body.size, 2)
        initial, rank = ", initial=0", ""
    component = "" if not name.startswith("arg") or len(axes) == 1 else f"[{draft.pick(range(len(axes)))}]"
    return Term(
        text=f"{name}[{', '.join(axes)}]({body.text}{rank}{where}{initial}){component}", kind=kind, size=magnitude
    )


def _room(draft: Draft, scopes: list[Scope]) -> int:
    """How many terms a reduction may have inside of these loops."""
    places = prod(max(1, draft.extents[axis]) for scope in scopes for axis in scope.axes)
    return max(1, min(draft.scale.terms, draft.scale.work // places))


def _domain(draft: Draft, scopes: list[Scope], depth: int) -> str:
    """A `where=`: affine, by divisibility, or any condition."""
    axes = [a for s in scopes for a in s.axes]
    one, other = draft.pick(tuple(reversed(axes))), draft.pick(axes)
    form = draft.pick(("order", "residue", "any"))
    if form == "order":
        return f"({one} {draft.pick(('<=', '<', '>='))} {other}{draft.pick(('', ' + 1', ' - 2'))})"
    if form == "residue":
        return f"(({one} + {other}) % {draft.pick((2, 3))} == {draft.pick((0, 1))})"
    return expression(draft, scopes, "bool", depth - 2).text

# SPDX-License-Identifier: Apache-2.0
"""Where two versions of an op part, as data, as text and for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unrut.markup import element, page, pre, table, text, words
from unrut.reference.explanation import Explanation, number


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One tensor in both versions. `difference` is the largest, at `place`, where `allowed` is the sum of both bounds;
    `beyond` counts elements that differ by more than their bounds. `doubt` is the larger bound over the size of the
    value at the worst element of the middle half: how many digits rounding may take.

    `relation` says how all of the first comes from the second, where that is simple: a factor, exchanged axes, a shift.
    Where tensors are computed step by step, `place` is of the earliest `step` at which they differ.
    `problem` says why nothing could be compared: shapes, or a tensor that only one version has.
    """

    first: str
    second: str
    dtypes: tuple[str, str]
    size: int = 0
    difference: float = 0.0
    allowed: float = 0.0
    place: tuple[int, ...] = ()
    step: tuple[int, ...] = ()
    values: tuple[float, float] = (0.0, 0.0)
    beyond: int = 0
    doubt: float = 0.0
    relation: str = ""
    problem: str = ""

    @property
    def parts(self) -> bool:
        """Whether the two differ by more than rounding can do."""
        return self.beyond > 0 or bool(self.problem and self.first and self.second)

    @property
    def name(self) -> str:
        """Both names, or the one."""
        return self.first if self.first == self.second else f"{self.first or '-'} / {self.second or '-'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing at the parting place that is another in the two versions: what it is, and both spellings of it."""

    what: str
    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two versions on the same data. `parting` is the first pair, in the order of computation, that differs by more than
    rounding can do; None if there is none. `explanations` are of its worst element, `differences` what is not the same there.
    `operands` says which operands of one name the two were given with other values: what follows may be no more than that.
    """

    names: tuple[str, str]
    pairs: tuple[Pair, ...]
    parting: Pair | None
    operands: tuple[str, ...] = ()
    statements: tuple[str, str] = ("", "")
    sources: tuple[str, str] = ("", "")
    differences: tuple[Difference, ...] = ()
    explanations: tuple[Explanation, ...] = ()

    def __str__(self) -> str:
        return self.show()

    @property
    def agrees(self) -> bool:
        """Whether everything that could be compared is the same, up to rounding."""
        return self.parting is None

    def pair(self, name: str) -> Pair:
        """The pair of the tensor that the first version calls so."""
        return next(pair for pair in self.pairs if pair.first == name)

    def show(self, *, terms: int = 12) -> str:
        """Where they part and why, then every tensor."""
        lines = [*self.operands, self.verdict()]
        if self.parting is not None and self.parting.relation:
            lines.append(f"  {self.parting.relation}")
        for name, statement, source in zip(("first ", "second"), self.statements, self.sources, strict=True):
            lines += [f"  {name}  {statement}" + (f"   ({source})" if source else "")] if statement else []
        shown = self.differences[:terms]
        width = max((len(d.what) for d in shown), default=0)
        across = max((len(d.first) for d in shown), default=0)
        lines += [f"  {d.what.ljust(width)}   {d.first.ljust(across)} | {d.second}" for d in shown]
        if len(self.differences) > terms:
            lines.append(f"  and {len(self.differences) - terms} more")
        if len(self.explanations) == 1:
            lines += ["", self.explanations[0].show(terms=terms)]
        return "\n".join([*lines, "", *_aligned([_HEAD, *map(_row, self.pairs)])])

    def verdict(self) -> str:
        """One line: where they part, by how much, against what rounding can do."""
        first, second = self.names
        versions = f"`{first}` and `{second}`" if first != second else f"the two versions of `{first}`"
        pair = self.parting
        if pair is None:
            return f"{versions} agree within the bounds on rounding{_doubtful(self.pairs)}"
        if pair.problem:
            return f"{versions} part at `{pair.name}`: {pair.problem}"
        at = f"[{', '.join(map(str, pair.place))}]" if pair.place else ""
        before = "the first tensor" if pair is self.pairs[0] else "all before it agree"
        return (
            f"{versions} part at `{pair.name}{at}` ({before}): {number(pair.values[0])} and {number(pair.values[1])}; "
            f"they differ by {number(pair.difference)}, rounding can do {number(pair.allowed)}; "
            f"so at {pair.beyond} of {pair.size} elements"
        )

    def _repr_html_(self) -> str:
        rows = [[words(d.what), words(d.first), words(d.second)] for d in self.differences[:40]]
        statements = "\n".join(s for s in self.statements if s)
        return page(
            *(element("p", text(said)) for said in self.operands),
            element("p", text(self.verdict())),
            element("p", text(self.parting.relation)) if self.parting is not None else "",
            pre(statements) if statements else "",
            table(("", "first", "second"), rows) if rows else "",
            table(_HEAD, list(map(_row, self.pairs))),
        )


_HEAD = ("tensor", "dtypes", "differ at most", "rounding can do", "elements beyond", "rounding may be")


def _row(pair: Pair) -> list[str]:
    kinds = pair.dtypes[0] if pair.dtypes[0] == pair.dtypes[1] else "/".join(filter(None, pair.dtypes))
    if pair.problem:
        return [pair.name, kinds, pair.problem, "", "", ""]
    doubt = _part(pair.doubt) if pair.doubt else "nothing"
    counted = f"{pair.beyond} of {pair.size}"
    return [pair.name, kinds, number(pair.difference), number(pair.allowed), counted, doubt]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    whole = [row for row in rows if len(row[2]) < 40]
    widths = [max(len(row[c]) for row in whole) for c in range(len(rows[0]))]
    return ["  ".join(cell.ljust(widths[c]) for c, cell in enumerate(row)).rstrip() for row in rows]


def _doubtful(pairs: Sequence[Pair]) -> str:
    """Agreement within bounds that allow anything is worth little: say from where on."""
    worst = next((pair for pair in pairs if pair.doubt > 0.01), None)
    if worst is None:
        return ""
    return f", but from `{worst.name}` on these are wide: {_part(worst.doubt)} may be rounding"


def _part(doubt: float) -> str:
    return "all of a value" if doubt >= 1 else f"{100 * doubt:.2g}% of a value"


def differences(one: Explanation, two: Explanation) -> tuple[Difference, ...]:
    """What is not the same behind two elements: sizes of reductions, reads outside of them, terms."""
    found = [
        Difference(what="read", first=a, second=b)
        for a, b in _unlike([p.show() for p in one.parts], [p.show() for p in two.parts])
    ]
    for k in range(max(len(one.foldings), len(two.foldings))):
        if k >= len(one.foldings) or k >= len(two.foldings):
            there = (one if k < len(one.foldings) else two).foldings[k]
            sides = (f"{there.text} = {number(there.value)}", "")
            found.append(
                Difference(what="reduction", first=sides[k >= len(one.foldings)], second=sides[k < len(one.foldings)])
            )
            continue
        a, b = one.foldings[k], two.foldings[k]
        if a.value != b.value:
            found.append(Difference(what=f"{a.kind}", first=number(a.value), second=number(b.value)))
        if (a.places, a.included) != (b.places, b.included):
            counts = [f"{f.included} terms ({_over(f.axes)})" for f in (a, b)]
            found.append(Difference(what="terms", first=counts[0], second=counts[1]))
        terms = {_place(t.axes): t for t in a.terms}
        others = {_place(t.axes): t for t in b.terms}
        same_axes = list(a.axes) == list(b.axes)
        for place in dict.fromkeys((*terms, *others)) if same_axes else ():
            made = [_made(side.get(place)) for side in (terms, others)]
            if made[0] != made[1]:
                found.append(Difference(what=place, first=made[0], second=made[1]))
    return tuple(found)


def _unlike(one: Sequence[str], two: Sequence[str]) -> list[tuple[str, str]]:
    only, other = [p for p in one if p not in two], [p for p in two if p not in one]
    length = max(len(only), len(other))
    return [(only[k] if k < len(only) else "", other[k] if k < len(other) else "") for k in range(length)]


def _made(term: object) -> str:
    parts = getattr(term, "parts", None)
    if parts is None:
        return "no such term"
    return f"{number(getattr(term, 'value', 0.0))} of " + ", ".join(part.show() for part in parts)


def _place(axes: Mapping[str, int]) -> str:
    return ", ".join(f"{axis}={k}" for axis, k in axes.items())


def _over(axes: Mapping[str, range]) -> str:
    return ", ".join(
        f"{axis} < {r.stop}" if r.start == 0 else f"{r.start} <= {axis} < {r.stop}" for axis, r in axes.items()
    )

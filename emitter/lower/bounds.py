# SPDX-License-Identifier: Apache-2.0
"""Conditions of a reduction as bounds of its loops.

Before:  for j in 0 .. n:  where j <= i                      with i = i_block + p, p in 0 .. 6 looped over further inside
After:   for j in 0 .. i_block + 1:  always                  for j in i_block + 1 .. i_block + 6:  where j <= i
         (y - k) % 2 == 0 becomes `for k from y % 2 by 2`
Because: places that contribute nothing should cost nothing, and the full part should have no test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd

from unrut.emitter.graph.linear import Linear, call, constant, expression, linear
from unrut.emitter.graph.ranges import difference
from unrut.emitter.graph.simplify import simplify
from unrut.emitter.lower.regions import end_place, extreme, first_place, larger, smaller
from unrut.emitter.lower.site import Context, Piece, Site
from unrut.program.nodes import Call, Const, Expr
from unrut.program.walk import reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """Places p with `factor * p + form = value (mod modulus)`; `inverse` is that of the factor."""

    form: Linear
    factor: int
    inverse: int
    value: int
    modulus: int

    def after(self, first: Linear) -> Residue:
        """The same places, counted from `first` on."""
        return replace(self, form=self.form + first * self.factor)

    def skipped(self) -> Linear:
        """The first such place."""
        gap = (constant(self.value) - self.form) * self.inverse
        if gap.is_number:
            return constant(gap.constant.value() % self.modulus)
        return linear(call("remainder", expression(gap), expression(constant(self.modulus))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The parts of an axis that have to be looped over, the conditions still to be tested, the residue class to step by."""

    pieces: tuple[Piece, ...]
    pending: tuple[Expr, ...]
    residue: Residue | None = None


def cut(site: Site, axis: str, pending: tuple[Expr, ...], context: Context, *, residues: bool = True) -> Cut:
    """Use conditions that are affine in an axis, opened next, as bounds; inner variables are taken at their worst and best.

    Conditions that turn into facts stay in `pending`: they are found true by the simplifier where the facts say so.
    """
    span, known = site.spans[axis], context.known
    p = span.variable
    inner = frozenset(s.variable for s in site.spans.values() if not s.is_single) - context.opened - {p}
    first, last = constant(0), span.size
    full_first: list[Linear] = []
    full_last: list[Linear] = []
    always: list[Linear] = []
    middle: list[Linear] = []
    residue: Residue | None = None
    left: list[Expr] = []
    for condition in pending:
        placed = simplify(site.place(condition), known)
        compared = difference(placed, known)
        left.append(condition)
        if compared is None or any(read.tensor not in known.elements for read in reads(placed)):
            continue  # only what is in variables already can bound a loop
        relation, form = compared
        if relation == "==" and residues and residue is None:
            residue = _residue(form, p, inner)
            if residue is not None:
                left.pop()
                continue
        for side in (form,) if relation == ">=" else (form, form * -1) if relation == "==" else ():
            c, rest = side.coefficient(p), side.without(p)
            best = extreme(rest, inner, known, smallest=False)
            worst = extreme(rest, inner, known, smallest=True)
            if c == 0 or best is None or worst is None or p in rest.axes():
                continue
            always.append(side - rest + best)
            middle.append(side - rest + worst)
            if c > 0:
                first = larger(first, first_place(best, c), known)
                full_first.append(first_place(worst, c))
            else:
                last = smaller(last, end_place(best, c), known)
                full_last.append(end_place(worst, c))
    last = larger(last, first, known)
    if always == middle:  # inner variables have no say: the bounds are where the conditions begin and cease to hold
        whole = Piece(first=first, size=last - first, facts=tuple(always))
        return Cut(pieces=(whole,) if whole.size != constant(0) else (), pending=tuple(left), residue=residue)
    pieces = _pieces(first, last, full_first, full_last, always, middle, context)
    return Cut(pieces=pieces, pending=tuple(left), residue=residue)


def _pieces(
    first: Linear,
    last: Linear,
    full_first: list[Linear],
    full_last: list[Linear],
    always: list[Linear],
    middle: list[Linear],
    context: Context,
) -> tuple[Piece, ...]:
    known = context.known
    begin, end = first, last
    for place in full_first:
        begin = larger(begin, place, known)
    begin = smaller(begin, last, known)
    for place in full_last:
        end = smaller(end, place, known)
    end = larger(end, begin, known)
    found = (
        Piece(first=first, size=begin - first, facts=tuple(always)),
        Piece(first=begin, size=end - begin, facts=(*always, *middle)),
        Piece(first=end, size=last - end, facts=tuple(always)),
    )
    return tuple(piece for piece in found if piece.size != constant(0))


def _residue(form: Linear, variable: str, inner: frozenset[str]) -> Residue | None:
    """`remainder(L, m) - v == 0` as a residue class of `variable`, if L depends on no inner variable."""
    if len(form.terms) != 1 or not form.constant.is_fixed:
        return None
    sign, atom = form.terms[0]
    match atom:
        case Call(function="remainder", arguments=(dividend, Const(value=modulus))) if abs(sign) == 1 and modulus > 0:
            content = linear(dividend)
            factor, rest = content.coefficient(variable), content.without(variable)
            value = -sign * form.constant.value()
            m = int(modulus)
            alone = variable not in rest.axes() and not rest.axes() & inner
            if factor and alone and gcd(factor, m) == 1 and 0 <= value < m:
                return Residue(form=rest, factor=factor, inverse=pow(factor, -1, m), value=value, modulus=m)
        case _:
            pass
    return None

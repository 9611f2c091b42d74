# SPDX-License-Identifier: Apache-2.0
"""The Graph as text: each computation with domain, body, reads, reduction law and classes of axes; then its cycles."""

from __future__ import annotations

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.classes import classes
from unrut.emitter.graph.computation import Computation, Folded, Graph
from unrut.emitter.graph.laws import law
from unrut.emitter.graph.linear import expression
from unrut.emitter.graph.text import text
from unrut.program.cycles import Cycle
from unrut.program.extents import extent_text
from unrut.program.nodes import Axis


def show(graph: Graph) -> str:
    """The Graph as text, one paragraph for each computation, one line for each cycle."""
    lines = [line for c in graph.computations for line in _paragraph(graph, c)]
    return "\n".join([*lines, *(f"cycle {_cycle(cycle)}" for cycle in graph.cycles)])


def _cycle(cycle: Cycle) -> str:
    """`t: u (i: h)`: along t step by step, in each step u and then h, which goes along i."""
    return f"{cycle.axis}: {' '.join(m if isinstance(m, str) else f'({_cycle(m)})' for m in cycle.members)}"


def _domain(axes: tuple[Axis, ...]) -> str:
    return " ".join(f"{a.name}:{extent_text(a.extent)}" for a in axes) or "one place"


def _paragraph(graph: Graph, c: Computation) -> list[str]:
    lines = [
        f"{c.name}  {c.dtype.name}  domain {_domain(c.axes)}" + (f" | {_domain(c.reduced)}" if c.reduction else "")
    ]
    place = f"{c.name}[{', '.join(a.name for a in c.axes)}]"
    if c.update is not None and c.reduction is not None:
        place = f"{c.update.target}[{', '.join(map(text, c.update.places))}]"
        lines.append("".join(f"  where {text(w)}" for w in c.update.where))
    if c.update is not None and c.reduction is None:
        place = f"{c.update.target}[{', '.join(map(text, c.update.places))}]"
        value = text(c.body) if c.update.function == "store" else f"{c.update.function}({place}, {text(c.body)})"
        where = "".join(f", where {text(w)}" for w in c.update.where)
        lines.append(f"  {place} = {value}{where}")
    elif c.reduction is None:
        lines.append(f"  {place} = {text(c.body)}")
    else:
        kind, names = c.reduction.kind.value, ", ".join(a.name for a in c.reduced)
        where = "".join(f", where={text(w)}" for w in c.reduction.where)
        initial = f", initial={text(c.reduction.initial)}" if c.reduction.initial is not None else ""
        rank = f", {text(c.reduction.rank)}" if c.reduction.rank is not None else ""
        terms = ", ".join(map(text, c.terms))
        lines.append(f"  {place} = {kind}[{names}]({terms}{rank}{where}{initial})")
        if isinstance(c.reduction.kind, Folded):
            lines += _states(c.reduction.kind)
        rule = law(c.reduction.kind)
        words = [w for w, holds in (("associative", rule.associative), ("commutative", rule.commutative)) if holds]
        lines.append(f"  law {kind}: {', '.join(words) or 'none'}")
    found = classes(c)
    if found is not None:
        parts = (("M", found.m), ("N", found.n), ("K", found.k), ("batch", found.batch))
        lines.append("  classes " + "   ".join(f"{name} = {' '.join(axes) or 'none'}" for name, axes in parts))
    for access in dict.fromkeys(
        (a.tensor, tuple(text(expression(s)) for s in a.subscripts), a.is_affine) for a in accesses(c)
    ):
        tensor, subscripts, affine = access
        lines.append(f"  read {tensor}[{', '.join(subscripts)}]" + ("" if affine else "   not affine"))
    producers = graph.producers(c)
    if producers:
        lines.append(f"  after {' '.join(producers)}")
    return lines


def _states(folded: Folded) -> list[str]:
    rows = zip(folded.states, folded.identity, folded.combine, strict=True)
    lines = [f"    {s.name}: {s.dtype.name} from {text(first)}, a with b gives {text(step)}" for s, first, step in rows]
    return [*lines, f"    in the end {text(folded.finish)}"]

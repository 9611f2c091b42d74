# SPDX-License-Identifier: Apache-2.0
"""Specs for an op that was given none, so that it can be shown: extents by name; i64 for places and ranks, bool for
conditions, f32 for everything else."""

from __future__ import annotations

from collections.abc import Sequence

from unrut.errors import BindError
from unrut.language.notation import (
    Applied,
    Choice,
    Definition,
    Folding,
    Name,
    Parameter,
    Reduction,
    Size,
    Spec,
    Subscripted,
    Term,
)
from unrut.language.recorder import place
from unrut.language.renaming import mentioned

RANKED = ("kth_smallest", "arg_kth_smallest")


def placeholder_specs(definition: Definition) -> tuple[Spec, ...]:
    """One spec for each parameter. An extent is what the signature says, or named as the first axis that reads it bare.

    Otherwise it is named by operand and dimension, `P2`. What stands in subscripts, in ranges by data, as a rank or beside a
    shift, without a cast, is i64; what stands as a condition is bool. Raises BindError if the number of dimensions can't be
    known.
    """
    bounds = [t for axis in definition.axes for bound in axis.bounds for t in mentioned(bound)]
    terms = [t for s in definition.statements for whole in (*s.subscripts, s.body) for t in mentioned(whole)]
    names = {p.name for p in definition.parameters} | set(definition.scalars)
    names |= {s.target for s in definition.statements}
    given = {axis.name for axis in definition.axes}
    subscripts = (s for t in (*terms, *bounds) if isinstance(t, Subscripted) for s in t.subscripts)
    left = (s for statement in definition.statements for s in statement.subscripts)
    places = _through(ARITHMETIC, [*bounds, *subscripts, *left, *_whole_numbers(terms)])
    truths = _through(LOGIC, _conditions(terms))
    found = []
    for parameter in definition.parameters:
        reads = [t for t in terms if isinstance(t, Subscripted) and t.tensor == parameter.name]
        elsewhere = [t for t in bounds if isinstance(t, Subscripted) and t.tensor == parameter.name]
        rank = _rank(parameter, reads or elsewhere, terms)
        dimensions: list[int | str] = []
        for d in range(rank):
            said = parameter.dimensions[d] if parameter.dimensions is not None else None
            bare = (t.subscripts[d] for t in reads if len(t.subscripts) == rank)
            axes = [s.name for s in bare if isinstance(s, Name) and s.name not in names and s.name not in given]
            free = [n for n in axes if n not in dimensions]
            dimensions.append(said if said is not None else (free[0] if free else _numbered(parameter.name, d, names)))
        usual = "i64" if parameter.name in places else "bool" if parameter.name in truths else "f32"
        found.append(Spec(dtype=parameter.dtype or usual, dimensions=tuple(dimensions)))
    return tuple(found)


ARITHMETIC = frozenset(
    "add subtract multiply floor_divide remainder maximum minimum negative left_shift right_shift".split()
)
LOGIC = frozenset("bitwise_and bitwise_or bitwise_xor invert".split())


def _whole_numbers(terms: Sequence[Term]) -> list[Term]:
    """What has to be an integer beside subscripts: ranks, and both sides of a shift."""
    ranks = [t.rank for t in terms if isinstance(t, Reduction) and t.rank is not None and t.kind in RANKED]
    shifts = [t for t in terms if isinstance(t, Applied) and t.function in ("left_shift", "right_shift")]
    return [*ranks, *shifts]


def _conditions(terms: Sequence[Term]) -> list[Term]:
    """What has to be true or false."""
    found: list[Term | None] = [t.condition for t in terms if isinstance(t, Choice)]
    found += [t.where for t in terms if isinstance(t, Reduction | Folding)]
    found += [t.body for t in terms if isinstance(t, Reduction) and t.kind in ("any", "all", "count")]
    return [t for t in found if t is not None]


def _through(functions: frozenset[str], terms: Sequence[Term]) -> set[str]:
    """The tensors that stand in terms by themselves or as arguments of some functions, not by way of others or a cast."""
    found: set[str] = set()
    waiting = list(terms)
    while waiting:
        match waiting.pop():
            case Subscripted(tensor=tensor):
                found.add(tensor)
            case Applied(function=function, arguments=arguments) if function in functions:
                waiting += arguments
            case Choice(then=then, otherwise=otherwise):
                waiting += (then, otherwise)
            case _:
                pass
    return found


def _rank(parameter: Parameter, reads: list[Subscripted], terms: Sequence[Term]) -> int:
    if parameter.dimensions is not None:
        return len(parameter.dimensions)
    if reads:
        return len(reads[0].subscripts)
    if any(isinstance(t, Name) and t.name == parameter.name for t in terms):
        return 0
    sizes = [t.dimension for t in terms if isinstance(t, Size) and t.tensor == parameter.name]
    if sizes:
        return max(sizes) + 1
    raise BindError(
        f"nothing tells the number of dimensions of `{parameter.name}`",
        places=place(parameter.span),
        remedy=f"a spec for each tensor, or a signature: {parameter.name}: f32[n, m]",
    )


def _numbered(name: str, dimension: int, names: set[str]) -> str:
    plain = f"{name}{dimension}"
    return plain if plain not in names else f"{name}_{dimension}_size"

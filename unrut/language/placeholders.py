# SPDX-License-Identifier: Apache-2.0
"""Specs for an op that was given none, so that it can be shown: extents by name; i64 for places, f32 for everything else."""

from __future__ import annotations

from collections.abc import Sequence

from unrut.errors import BindError
from unrut.language.notation import Applied, Choice, Definition, Name, Parameter, Size, Spec, Subscripted, Term
from unrut.language.recorder import place
from unrut.language.renaming import mentioned


def placeholder_specs(definition: Definition) -> tuple[Spec, ...]:
    """One spec for each parameter. An extent is what the signature says, or named as the first axis that reads it bare.

    Otherwise it is named by operand and dimension, `P2`. What stands in subscripts and in ranges by data, without a cast, is
    i64. Raises BindError if the number of dimensions can't be known.
    """
    bounds = [t for axis in definition.axes for bound in axis.bounds for t in mentioned(bound)]
    terms = [t for s in definition.statements for whole in (*s.subscripts, s.body) for t in mentioned(whole)]
    names = {p.name for p in definition.parameters} | set(definition.scalars)
    names |= {s.target for s in definition.statements}
    given = {axis.name for axis in definition.axes}
    places = _places([*bounds, *(s for t in (*terms, *bounds) if isinstance(t, Subscripted) for s in t.subscripts)])
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
        usual = "i64" if parameter.name in places else "f32"
        found.append(Spec(dtype=parameter.dtype or usual, dimensions=tuple(dimensions)))
    return tuple(found)


def _places(terms: Sequence[Term]) -> set[str]:
    """The tensors whose elements make an integer, not by way of a cast or a comparison."""
    found: set[str] = set()
    waiting = list(terms)
    while waiting:
        match waiting.pop():
            case Subscripted(tensor=tensor):
                found.add(tensor)
            case Applied(function="add" | "subtract" | "multiply" | "floor_divide" | "remainder", arguments=arguments):
                waiting += arguments
            case Applied(function="maximum" | "minimum" | "negative", arguments=arguments):
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

# SPDX-License-Identifier: Apache-2.0
"""Arrays against the program: names, element types, ranks and extents, run-time sizes, preconditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from unrut.errors import BindError, InternalError, Place, UnrutError, raise_all
from unrut.program.extents import Extent, Named, as_extent, evaluate, names, substitute
from unrut.program.nodes import Operand, Precondition, Program, Relation
from unrut.program.types import dtype_of
from unrut.reference.places import Array, Scene, Tensor


def bind(program: Program, arrays: Mapping[str, Array], scalars: Mapping[str, float]) -> Scene:
    """The operands as tensors, and the sizes that their shapes say. Raises BindError, all faults at once."""
    errors: list[UnrutError] = [*_names(program, arrays, scalars)]
    fitting = [o for o in program.operands if o.name in arrays]
    for operand in fitting:
        errors += _kind(operand, arrays[operand.name])
    if errors:
        raise_all(errors)
    sizes = _sizes(program, arrays, errors)
    if errors:
        raise_all(errors)
    errors += [_unmet(p, sizes) for p in program.preconditions if not _holds(p, sizes)]
    if errors:
        raise_all(errors)
    tensors = {o.name: whole_tensor(np.asarray(arrays[o.name])) for o in program.operands}
    return Scene(tensors=tensors, scalars={name: float(scalars[name]) for name in program.scalars}, sizes=sizes)


def whole_tensor(array: Array) -> Tensor:
    """A tensor that is held whole."""
    return Tensor(array=array, origin=(0,) * array.ndim, shape=array.shape)


def _places(operand: Operand, note: str = "") -> Sequence[Place]:
    return [Place(span=operand.span, note=note)] if operand.span is not None else []


def _names(program: Program, arrays: Mapping[str, Array], scalars: Mapping[str, float]) -> Iterator[BindError]:
    for operand in program.operands:
        if operand.name not in arrays:
            yield BindError(
                f"`{program.name}` needs an array for `{operand.name}`, and none was given",
                places=_places(operand),
                remedy=f'pass {{"{operand.name}": an array of {_spec(operand)}}}',
            )
    known = [o.name for o in program.operands]
    for name in arrays:
        if name not in known:
            yield BindError(
                f"`{program.name}` has no operand `{name}`",
                remedy=f"leave it out; its operands are {', '.join(known) or 'none'}",
            )
    for name in program.scalars:
        if name not in scalars:
            message = f"`{program.name}` needs a number for `{name}`, and none was given"
            yield BindError(message, remedy=f"pass {name}=1.0")
    for name in scalars:
        if name not in program.scalars:
            yield BindError(
                f"`{program.name}` has no run-time scalar `{name}`",
                remedy=f"leave it out; its scalars are {', '.join(program.scalars) or 'none'}",
            )


def _kind(operand: Operand, given: Array) -> Iterator[BindError]:
    array = np.asarray(given)
    if dtype_of(array.dtype) is not operand.dtype or not array.dtype.isnative:
        native = "" if array.dtype.isnative else " in foreign byte order"
        yield BindError(
            f"`{operand.name}` holds {array.dtype.name}{native}, the op takes {operand.dtype.value}",
            places=_places(operand),
            remedy=f"{operand.name}.astype({operand.dtype.spelled}), or bind the op to {array.dtype.name}",
        )
    if array.ndim != len(operand.shape):
        yield BindError(
            f"`{operand.name}` has {array.ndim} dimensions, its shape being {array.shape}; "
            f"the op takes {len(operand.shape)}: {_spec(operand)}",
            places=_places(operand),
            remedy="add the missing dimensions with [None], or drop those too many with an index",
        )


def _spec(operand: Operand) -> str:
    return f"{operand.dtype!r}[{', '.join(map(str, operand.shape))}]"


def _sizes(program: Program, arrays: Mapping[str, Array], errors: list[UnrutError]) -> dict[str, int]:
    """Every named size from the dimensions that are it, up to one factor and one constant; then all dimensions are held
    against what they should be."""
    dimensions = [(o, d, e, np.shape(arrays[o.name])[d]) for o in program.operands for d, e in enumerate(o.shape)]
    sizes: dict[str, int] = {}
    source: dict[str, str] = {}
    pending = dimensions
    while pending:
        later = []
        for operand, d, extent, length in pending:
            unknown = names(extent) - sizes.keys()
            solved = _solve(extent, length, sizes) if len(unknown) == 1 else None
            if solved is not None:
                sizes[solved[0]] = solved[1]
                source[solved[0]] = f"from dimension {d} of `{operand.name}`"
            elif unknown:
                later.append((operand, d, extent, length))
        if len(later) == len(pending):
            missing = ", ".join(sorted(names(later[0][2]) - sizes.keys()))
            raise InternalError(f"no dimension of an operand of `{program.name}` says the size {missing}")
        pending = later
    for operand, d, extent, length in dimensions:
        wanted = evaluate(extent, sizes)
        if wanted != length:
            why = ", ".join(f"{n} = {sizes[n]} {source[n]}" for n in sorted(names(extent)))
            errors.append(
                BindError(
                    f"`{operand.name}` has extent {length} in dimension {d}, the op takes {wanted}"
                    + (f" ({extent} with {why})" if why and str(extent) not in source else f" ({why})" if why else ""),
                    places=_places(operand),
                    remedy=f"an array of {_spec(operand)}; the one given has shape {np.shape(arrays[operand.name])}",
                )
            )
    return sizes


def _solve(extent: Extent, length: int, sizes: Mapping[str, int]) -> tuple[str, int] | None:
    """`length = constant + c * name` for its name, once every other size is known; None if it has another form."""
    known = substitute(extent, {name: as_extent(n) for name, n in sizes.items()})
    match known.terms:
        case ((c, Named(name=name)),) if (length - known.constant) % c == 0:
            return name, max(0, (length - known.constant) // c)
        case ((_, Named(name=name)),):
            return name, 0
        case _:
            return None


def _holds(condition: Precondition, sizes: Mapping[str, int]) -> bool:
    if any(evaluate(extent, sizes) <= 0 for extent in condition.unless_empty):
        return True
    left, right = evaluate(condition.left, sizes), evaluate(condition.right, sizes)
    return left == right if condition.relation is Relation.equal else left <= right


def _unmet(condition: Precondition, sizes: Mapping[str, int]) -> BindError:
    left, right = evaluate(condition.left, sizes), evaluate(condition.right, sizes)
    involved = sorted(names(condition.left) | names(condition.right))
    found = f"it is {left} {condition.relation.value} {right}"
    return BindError(
        f"{condition.left} {condition.relation.value} {condition.right} does not hold: {found} "
        f"with {', '.join(f'{n} = {sizes[n]}' for n in involved)}; needed because {condition.because}",
        remedy=f"arrays for which {condition.left} {condition.relation.value} {condition.right}",
    )

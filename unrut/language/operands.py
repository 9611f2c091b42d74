# SPDX-License-Identifier: Apache-2.0
"""Operands from what a signature says and what specs give: dtypes, ranks, extents, sizes that bear one name.

A signature's name of a size stands for what the specs give there: a number, or a run-time size's name. Sizes that
bear one name in the signature are one size; where the specs name it in two ways, the first operand's name is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from unrut.errors import BindError, DTypeError, Place, ShapeError, UnrutError
from unrut.language.notation import Definition, Parameter, Spec
from unrut.language.spelling import counted
from unrut.program.extents import Extent, as_extent, named
from unrut.program.nodes import Operand
from unrut.program.types import DType

Dimension = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a size was when it was first met, and where."""

    value: Dimension
    parameter: Parameter
    dimension: int


def operands_of(definition: Definition, specs: tuple[Spec, ...], errors: list[UnrutError]) -> tuple[Operand, ...]:
    """One operand for each parameter. Without specs the signature itself must say everything."""
    parameters = definition.parameters
    if specs and len(specs) != len(parameters):
        names = ", ".join(f"`{p.name}`" for p in parameters)
        errors.append(
            BindError(
                f"`{definition.name}` takes {counted(len(parameters), 'tensor')}, {names or 'none'}, and got {len(specs)}",
                places=[Place(span=definition.span)] if definition.span else [],
                remedy="one array or spec for each parameter, in the order of the signature",
            )
        )
        return ()
    given: tuple[Spec | None, ...] = specs or tuple(_own_spec(p, errors) for p in parameters)
    equal = _Sizes()
    for parameter, spec in zip(parameters, given, strict=True):
        if spec is not None:
            _check(parameter, spec, equal, errors)
    return tuple(
        Operand(
            name=parameter.name,
            dtype=_dtype(spec.dtype, parameter, errors),
            shape=tuple(equal.extent(d) for d in spec.dimensions),
            span=parameter.span,
        )
        for parameter, spec in zip(parameters, given, strict=True)
        if spec is not None
    )


def _own_spec(parameter: Parameter, errors: list[UnrutError]) -> Spec | None:
    if parameter.dtype is not None and parameter.dimensions is not None:
        return Spec(dtype=parameter.dtype, dimensions=parameter.dimensions)
    missing = "dtype" if parameter.dtype is None else "extents"
    errors.append(
        BindError(
            f"the {missing} of `{parameter.name}` are not known" if missing == "extents"
            else f"the dtype of `{parameter.name}` is not known",
            places=_place(parameter),
            remedy=f'bind with arrays or specs, or write the signature: {parameter.name}: f32[n, m]',
        )
    )  # fmt: skip
    return None


class _Sizes:
    """Union-find over names of sizes; a number wins over names, the earlier name over the later."""

    def __init__(self) -> None:
        self.stands_for: dict[str, Dimension] = {}
        self.seen: dict[str, Seen] = {}

    def find(self, size: Dimension) -> Dimension:
        while isinstance(size, str) and size in self.stands_for:
            size = self.stands_for[size]
        return size

    def equate(self, first: Dimension, second: Dimension) -> bool:
        """Make two sizes one; False if they are different numbers."""
        one, other = self.find(first), self.find(second)
        if one == other:
            return True
        if isinstance(other, str):
            self.stands_for[other] = one
        elif isinstance(one, str):
            self.stands_for[one] = other
        else:
            return False
        return True

    def extent(self, size: Dimension) -> Extent:
        found = self.find(size)
        return named(found) if isinstance(found, str) else as_extent(found)


def _check(parameter: Parameter, spec: Spec, sizes: _Sizes, errors: list[UnrutError]) -> None:
    """Hold a spec against the signature; names of the signature are remembered with what they stand for."""
    if parameter.dtype is not None and spec.dtype != parameter.dtype:
        errors.append(
            BindError(
                f"`{parameter.name}` is {parameter.dtype} in the signature and {spec.dtype} here",
                places=_place(parameter),
                remedy=f"convert the array: {parameter.name}.astype(...), or change the signature",
            )
        )
    for k, dimension in enumerate(spec.dimensions):
        if isinstance(dimension, int) and dimension < 0:
            errors.append(
                BindError(
                    f"extent {k} of `{parameter.name}` is {dimension}",
                    places=_place(parameter),
                    remedy="an extent of 0 or more",
                )
            )
    written = parameter.dimensions
    if written is None:
        return
    if len(written) != len(spec.dimensions):
        errors.append(
            ShapeError(
                f"`{parameter.name}` has {counted(len(spec.dimensions), 'dimension')} here and {len(written)} in the signature",
                places=_place(parameter, f"({', '.join(map(str, spec.dimensions))}) was given"),
                remedy="an array of the signature's rank, or change the signature",
            )
        )
        return
    for k, (wanted, found) in enumerate(zip(written, spec.dimensions, strict=True)):
        # A size's own name and the signature's live in two worlds: `n` of a spec is not `n` of the signature.
        if isinstance(wanted, int):
            fits = sizes.equate(found, wanted)
            before: Seen | None = None
        else:
            before = sizes.seen.setdefault(wanted, Seen(value=found, parameter=parameter, dimension=k))
            fits = sizes.equate(before.value, found)
        if not fits:
            other = _place(before.parameter, _says(before)) if before is not None else []
            this = Seen(value=found, parameter=parameter, dimension=k)
            was = sizes.find(before.value) if before is not None else wanted
            errors.append(
                ShapeError(
                    f"size `{wanted}` is {was} in the one and {found} in the other" if before is not None
                    else f"extent {k} of `{parameter.name}` is {wanted} in the signature and {found} here",
                    places=[*other, *_place(parameter, _says(this))],
                    remedy="arrays whose extents agree, or another name for one of the sizes",
                )
            )  # fmt: skip


def _says(seen: Seen) -> str:
    return f"extent {seen.dimension} of {seen.parameter.name} is {seen.value}"


def _dtype(name: str, parameter: Parameter, errors: list[UnrutError]) -> DType:
    found = next((dtype for dtype in DType if dtype.name == name), None)
    if found is None:
        errors.append(
            DTypeError(
                f"`{parameter.name}` has dtype {name}, which unrut does not have",
                places=_place(parameter),
                remedy="one of " + ", ".join(dtype.name for dtype in DType),
            )
        )
    return found or DType.f32


def _place(parameter: Parameter, note: str = "") -> list[Place]:
    return [Place(span=parameter.span, note=note)] if parameter.span is not None else []

# SPDX-License-Identifier: Apache-2.0
"""Several Nests of one program -> one Source: a part for each set of instructions, and a choice between them when it is called.

Before: a nest for AVX-512, one for AVX2, one for anything.
After:  NAME_avx512, NAME_avx2, NAME_baseline, each as if by itself, with one vocabulary; NAME calls the first that can run.
Because: tiles are as wide as vectors are, so no single plan is good everywhere, and who ships a library does not know where
it will run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from unrut.emitter.layout import Layout
from unrut.emitter.machine import AVX2, AVX512, BASELINE, NEON, Machine
from unrut.emitter.nest import Nest
from unrut.emitter.render.dialect import C
from unrut.emitter.render.frames import folded, frame
from unrut.emitter.render.render import Part, rendered, sourced
from unrut.emitter.render.views import BODY, PathView
from unrut.emitter.render.vocabulary import needed
from unrut.emitter.source import Source

X86 = "defined(__x86_64__) && defined(__GNUC__)"
ARM = "defined(__aarch64__)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A set of instructions: the machine to plan for, where it can be compiled, what functions may use, how it is found."""

    machine: Machine
    condition: str = ""
    features: tuple[str, ...] = ()
    wide: str = ""
    always: bool = False

    @property
    def name(self) -> str:
        return self.machine.name

    @property
    def test(self) -> str:
        """A condition in C; empty for what runs everywhere."""
        return "1" if self.always else " && ".join(f'__builtin_cpu_supports("{f}")' for f in self.features)


_AVX2 = ("avx2", "fma")
PATHS = (
    Path(
        machine=AVX512,
        condition=X86,
        features=("avx512f", "avx512bw", "avx512dq", "avx512vl", *_AVX2),
        wide=",prefer-vector-width=512",  # what gcc is tuned for otherwise uses half of each register
    ),
    Path(machine=AVX2, condition=X86, features=_AVX2),
    Path(machine=NEON, condition=ARM, always=True),
    Path(machine=BASELINE),
)
"""The widest first; the last one runs everywhere."""


def render_portable(nests: Mapping[str, Nest], layouts: Mapping[str, Layout], *, note: str = "") -> Source:
    """The source of a program with a nest for each of PATHS, by its machine's name."""
    whole = rendered(nests[PATHS[-1].name], layouts, note=note)
    parts = {path.name: _part(path, nests[path.name], layouts) for path in PATHS}
    bodies = {_mark(name): frame("c/part.c.j2", part.unit, {BODY: part.functions}) for name, part in parts.items()}
    unit = replace(
        whole.unit,
        paths=tuple(_view(path, parts[path.name], number) for number, path in enumerate(PATHS, 1)),
        has_paths=True,
        plain=parts[PATHS[-1].name].unit.name,
    )
    text = "\n".join(line.text for lines in bodies.values() for line in lines)
    unit = replace(unit, vocabulary=needed(text, C))
    return sourced(replace(whole, unit=unit), folded(frame("c/portable.c.j2", unit, bodies)))


def _part(path: Path, nest: Nest, layouts: Mapping[str, Layout]) -> Part:
    target = f"UR_{path.name.upper()}" if path.features else ""
    return rendered(replace(nest, name=f"{nest.name}_{path.name}"), layouts, path=path.name, target=target)


def _view(path: Path, part: Part, number: int) -> PathView:
    return PathView(
        name=part.unit.name,
        number=number,
        condition=path.condition,
        target=f"UR_{path.name.upper()}",
        features=",".join(path.features),
        wide=path.wide,
        test=path.test,
        body=_mark(path.name),
        has_condition=bool(path.condition),
        has_target=bool(path.features),
        has_test=bool(path.test),
    )


def _mark(name: str) -> str:
    """Stands where a part goes. No generated text can hold it."""
    return f"@{name}@"

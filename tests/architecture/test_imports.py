# SPDX-License-Identifier: Apache-2.0
"""Who may know of whom. One table; every import statement of the project is held against it, lazy ones included."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

import pytest

# Room -> what it may import of ours. A longer name wins over a shorter one. Rooms that are not named may import any.
OURS = {
    "unrut.spans": set(),
    "unrut.markup": set(),
    "unrut.errors": {"unrut.spans"},
    "unrut.program": {"unrut.program", "unrut.errors", "unrut.spans"},
    "unrut.derive": {"unrut.derive", "unrut.program", "unrut.errors", "unrut.spans"},
    "unrut.reference": {"unrut.reference", "unrut.program", "unrut.errors", "unrut.spans", "unrut.markup"},
    "unrut.emitter": {
        "unrut.emitter",
        "unrut.program",
        "unrut.errors",
        "unrut.spans",
        "unrut.templates",
        "unrut.markup",
    },
    "unrut.templates": set(),
}

# Room -> what it may import of others', beyond the standard library.
THEIRS = {
    "unrut.spans": set(),
    "unrut.errors": set(),
    "unrut.program": {"numpy", "ml_dtypes"},  # the second for arrays of bf16 alone
    "unrut.reference": {"numpy", "ml_dtypes"},
    "unrut.templates": set(),
}

# Module -> the only rooms of the package that may import it.
RESERVED = {
    "jinja2": {"unrut.emitter.render"},
    "cffi": {"unrut.emitter.build"},
    "ctypes": {"unrut.emitter.build", "unrut.testing.guard_pages"},  # the second protects pages around arrays
    "_cffi_backend": {"unrut.emitter.build"},
    "pycuda": {"unrut.emitter.build"},
    "subprocess": {"unrut.emitter.build"},
    "platformdirs": {"unrut.emitter.build"},
    **{name: {"unrut.adapters"} for name in ("torch", "jax", "dask", "tensorflow", "cupy", "triton")},
    **{name: {"unrut.testing"} for name in ("hypothesis", "pytest")},
    **{name: {"unrut.demo"} for name in ("sklearn", "matplotlib")},
    "rich": {"unrut.demo", "unrut.progress"},
}

# Inside the emitter, files belong to `build` alone.
FILES = ("os", "pathlib", "shutil", "tempfile", "io", "glob")

BARE = ("reference", "emitter", "templates", "generated")
OUTSIDE = ("tests", "bench", "docs", "examples", "noxfile")


def imports(source: str, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports, inside functions and through `import_module` too."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=target, names=names, level=level):
                start = package[: len(package) - level + 1] if level else []
                origin = ".".join([*start, *([target] if target else [])])
                yield from ((node.lineno, f"{origin}.{alias.name}") for alias in names)
            case ast.Call(func=ast.Name(id="__import__" | "import_module"), args=[ast.Constant(value=str(name)), *_]):
                yield node.lineno, name
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name)), *_]):
                yield node.lineno, name


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def rule_for(table: dict[str, set[str]], module: str) -> set[str] | None:
    rooms = [room for room in table if within(module, room)]
    return table[max(rooms, key=len)] if rooms else None


def broken_rules(source: str, module: str, *, is_package: bool = False, in_package: bool = True) -> list[str]:
    """Every import of a module that the tables forbid, as `line: reason`."""
    found = []
    for line, name in imports(source, module, is_package):
        top = name.split(".")[0]
        reasons = []
        if top in BARE:
            reasons.append(f"imports {name} by its bare folder name: write unrut.{name}")
        if in_package:
            if top in OUTSIDE:
                reasons.append(f"imports {name}, which is no part of the package")
            if top == "unrut":
                allowed = rule_for(OURS, module)
                if allowed is not None and not any(within(name, room) for room in allowed):
                    reasons.append(f"may not know of {name}")
            elif top not in sys.stdlib_module_names:
                permitted = rule_for(THEIRS, module)
                if permitted is not None and top not in permitted:
                    reasons.append(f"may not use {name}")
            if top in RESERVED and not any(within(module, room) for room in RESERVED[top]):
                reasons.append(f"uses {name}, which is left to {', '.join(sorted(RESERVED[top]))}")
            if within(module, "unrut.emitter") and not within(module, "unrut.emitter.build") and top in FILES:
                reasons.append(f"uses {name}: files are left to unrut.emitter.build")
        found += [f"{line}: {module} {reason}" for reason in reasons]
    return found


def test_rooms_keep_to_the_table(checkout):
    found = []
    for file in checkout.files:
        if file.endswith(".py") and not file.startswith("generated/"):
            broken = broken_rules(
                checkout.text(file),
                checkout.module_of(file),
                is_package=file.endswith("__init__.py"),
                in_package=checkout.in_package(file),
            )
            found += [f"{file}:{reason}" for reason in broken]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("unrut.emitter.lower", "from unrut.reference import interpret"),
        ("unrut.emitter.lower", "def f():\n    import unrut.reference.bounds"),
        ("unrut.emitter.lower", "from ..reference import interpret"),
        ("unrut.emitter.lower", "import importlib\nimportlib.import_module('unrut.reference')"),
        ("unrut.emitter.lower", "import jinja2"),
        ("unrut.emitter.schedule.choose", "from pathlib import Path"),
        ("unrut.emitter.kernel", "import cffi"),
        ("unrut.emitter.lower", "from unrut import language"),
        ("unrut.emitter.lower", "import unrut"),
        ("unrut.reference.expression", "import unrut.emitter"),
        ("unrut.reference.expression", "import scipy"),
        ("unrut.reference.expression", "from unrut.language import trace"),
        ("unrut.program.nodes", "from unrut.language import trace"),
        ("unrut.errors", "from unrut.program import nodes"),
        ("unrut.language.trace", "import torch"),
        ("unrut.testing.validate", "import cffi"),
        ("unrut.ops.capsules", "import reference"),
        ("unrut.ops.capsules", "from tests import anything"),
    ],
)
def test_a_planted_import_is_found(module, source):
    assert broken_rules(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("unrut.emitter.render.environment", "import jinja2\nfrom unrut.program import nodes"),
        ("unrut.emitter.build.cache", "import os, cffi, subprocess"),
        ("unrut.reference.expression", "import math\nimport numpy as np\nfrom unrut.program import nodes"),
        ("unrut.testing.validate", "import hypothesis\nimport unrut.reference\nimport unrut.emitter"),
        ("unrut.adapters.torch", "import torch"),
    ],
)
def test_a_rightful_import_passes(module, source):
    assert broken_rules(source, module) == []


def test_outside_the_package_only_bare_names_are_forbidden():
    assert broken_rules("from reference import interpret", "tests.reference.test_interpret", in_package=False)
    assert not broken_rules("import torch, cffi, unrut.emitter", "tests.build.test_cache", in_package=False)

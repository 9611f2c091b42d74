# SPDX-License-Identifier: Apache-2.0
"""What is imported, and when: counted, since times depend on the machine. `import unrut` is NumPy and a little."""

from __future__ import annotations

import json
import subprocess
import sys

LOADED = "import json, sys{before}; known = set(sys.modules){then}; print(json.dumps(sorted(set(sys.modules) - known)))"

# What nobody needs who only describes an op: the way to C, the reference, debugging, the libraries behind them.
LATER = (
    "unrut.emitter",
    "unrut.reference",
    "unrut.ops",
    "unrut.testing",
    "unrut.demo",
    "unrut.cli",
    "cffi",
    "jinja2",
    "subprocess",
    "ml_dtypes",
    "numpy.testing",
    "multiprocessing",
    "asyncio",
    "html",
)
MOST = 65


def loaded(then: str, before: str = "") -> list[str]:
    """The modules that `then` adds to those of `before`, in a fresh process."""
    text = LOADED.format(before=f", {before}" if before else "", then=f"; {then}")
    return list(json.loads(subprocess.run([sys.executable, "-c", text], check=True, capture_output=True).stdout))


def test_importing_loads_little():
    found = loaded("import unrut", "numpy")
    too_early = [name for name in found if name.startswith(tuple(f"{late}." for late in LATER)) or name in LATER]
    assert not too_early
    assert len(found) <= MOST, found


def test_describing_an_op_loads_no_emitter():
    found = loaded('unrut.parse("f(x: f32[n]) -> y\\ny[i] = x[i] + 1").show()', "unrut")
    assert not [name for name in found if name.startswith(("unrut.emitter", "unrut.reference", "cffi", "jinja2"))]


def test_a_planted_import_is_found():
    assert "jinja2" in loaded("import unrut, jinja2", "numpy")

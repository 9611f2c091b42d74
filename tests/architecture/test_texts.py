# SPDX-License-Identifier: Apache-2.0
"""Every source names its licence; no tracked text names a place on somebody's machine."""

from __future__ import annotations

import re

import pytest

SOURCES = (".py", ".c", ".h", ".cu", ".cuh", ".j2")
USERS_OWN = ("templates/", "generated/")  # what ends up in a user's project is 0BSD
# Written so that this file does not match itself.
MACHINE = re.compile(r"(?<![\w.])/(?:[r]oot|[w]ork|[h]ome/\w+|[U]sers/\w+|[m]nt/\w+|[t]mp/\w+)(?:/|\b)|[A-Z]:\\[U]sers")


def licence_fault(file: str, text: str) -> str | None:
    """What is wrong with the SPDX line, which stands among the first three lines."""
    if not text.strip() or "/golden/" in file:  # golden texts are what was printed, often only in part
        return None
    wanted = "0BSD" if file.startswith(USERS_OWN) else "Apache-2.0"
    found = re.findall(r"SPDX-License-Identifier: ([\w.-]+)", "\n".join(text.splitlines()[:3]))
    return None if set(found) == {wanted} else f"{file}: SPDX line should say {wanted}, found {found or 'none'}"


def machine_paths(file: str, text: str) -> list[str]:
    return [
        f"{file}:{number}: {line.strip()}" for number, line in enumerate(text.splitlines(), 1) if MACHINE.search(line)
    ]


def test_every_source_names_its_licence(checkout):
    faults = [licence_fault(file, checkout.text(file)) for file in checkout.files if file.endswith(SOURCES)]
    assert not [fault for fault in faults if fault], "\n".join(fault for fault in faults if fault)


def test_licence_texts_are_there(checkout):
    assert {"LICENSE", "LICENSES/Apache-2.0.txt", "LICENSES/0BSD.txt"} <= set(checkout.files)
    assert checkout.text("LICENSE") == checkout.text("LICENSES/Apache-2.0.txt")


def test_no_text_names_a_machine(checkout):
    found = []
    for file in checkout.files:
        data = (checkout.root / file).read_bytes()
        if b"\0" not in data:
            found += machine_paths(file, data.decode("utf-8"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("emitter/lower.py", '"""No line."""\n'),
        ("emitter/lower.py", "# SPDX-License-Identifier: 0BSD\n"),
        ("templates/c/unit.c.j2", "// SPDX-License-Identifier: Apache-2.0\n"),
        ("templates/c/unit.c.j2", "// SPDX-License-Identifier: 0BSD\n// SPDX-License-Identifier: Apache-2.0\n"),
        ("unrut/late.py", "\n\n\n# SPDX-License-Identifier: Apache-2.0\n"),
    ],
)
def test_a_planted_licence_fault_is_found(file, text):
    assert licence_fault(file, text)


@pytest.mark.parametrize("folder", ["ro" + "ot/x", "wo" + "rk/main", "ho" + "me/ada/src", "t" + "mp/unrut"])
def test_a_planted_machine_path_is_found(folder):
    assert machine_paths("docs/tour.md", f"written to /{folder}")
    assert not machine_paths("docs/tour.md", f"see example.org/{folder}")

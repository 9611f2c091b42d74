# SPDX-License-Identifier: Apache-2.0
"""No file outgrows one job: 350 lines of Python or C, 150 of template. A longer one wants to be two."""

from __future__ import annotations

LIMITS = {".py": 350, ".c": 350, ".h": 350, ".cuh": 350, ".cu": 350, ".j2": 150}


def too_long(file: str, text: str) -> str | None:
    limit = next((limit for suffix, limit in LIMITS.items() if file.endswith(suffix)), None)
    lines = text.count("\n")
    return f"{file}: {lines} lines, at most {limit}" if limit is not None and lines > limit else None


def test_files_stay_small(checkout):
    kept = [file for file in checkout.files if not file.startswith("generated/")]
    assert len(kept) > 20
    found = [
        reason for file in kept if file.endswith(tuple(LIMITS)) and (reason := too_long(file, checkout.text(file)))
    ]
    assert not found, "\n".join(found)


def test_a_planted_long_file_is_found():
    assert too_long("emitter/lower.py", "x = 1\n" * 351)
    assert too_long("templates/c/unit.c.j2", "x\n" * 151)
    assert not too_long("emitter/lower.py", "x = 1\n" * 350)

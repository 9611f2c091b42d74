# SPDX-License-Identifier: Apache-2.0
"""Each file of examples/ runs by itself and says what it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
SAYS = {
    "first_op.py": ("reference: (2, 16, 4, 4, 4, 4) float32", "288 places"),
    "debug_a_wrong_index.py": ("X[3, 5] = 0 (outside, nothing read)", "X is read from row 3"),
}


def test_every_example_is_run():
    assert {file.name for file in FOLDER.glob("*.py")} == set(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_example(name, tmp_path):
    environment = {**os.environ, "COLUMNS": "120"}
    command = [sys.executable, str(FOLDER / name)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for piece in SAYS[name]:
        assert piece in done.stdout

# SPDX-License-Identifier: Apache-2.0
"""What somebody is told who writes an op in Python and errs, and whether the remedy works when it is typed.

`cases/NAME.txt` holds a program that is refused and, below `# Remedied.`, the same with what was to be tried; `golden/` the
whole of each message. `pytest --accept` writes these anew; then read them as somebody who has never seen the language.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from unrut.errors import UnrutError

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


def halves(case):
    refused, remedied = case.read_text(encoding="utf-8").split("\n# Remedied.\n")
    return refused, remedied


def run(code, file):
    """In a file of its own, as carets need the lines."""
    file.write_text(code, encoding="utf-8")
    exec(compile(code, str(file), "exec"), {"__name__": file.stem})  # noqa: S102  # our own cases


def error_of(case, tmp_path):
    with pytest.raises(UnrutError) as found:
        run(halves(case)[0], tmp_path / f"{case.stem}.py")
    return found.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_message(case, golden, tmp_path):
    error = error_of(case, tmp_path)
    golden(case.name, f"{type(error).__name__}: {error}\n".replace(f"{tmp_path}/", ""))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_error_has_a_place_in_the_users_file_and_a_remedy(case, tmp_path):
    error = error_of(case, tmp_path)
    for each in (error, *error.others):
        assert each.remedy, each
        assert each.places, each
        assert all(Path(place.span.file).stem == case.stem for place in each.places)
        assert "#" not in each.message
        assert "\n" not in each.message


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_remedy_works(case, tmp_path):
    run(halves(case)[1], tmp_path / f"{case.stem}.py")

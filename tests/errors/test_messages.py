# SPDX-License-Identifier: Apache-2.0
"""Bad programs, each beside the whole of what it is told: `cases/NAME.txt` and `golden/NAME.txt`.

`pytest --accept` writes the messages anew; then read them as somebody who has never seen the language.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from unrut.errors import UnrutError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


def message(case: Path) -> str:
    """What a user reads."""
    try:
        elaborate(parse(case.read_text(encoding="utf-8"), file=case.name))
    except UnrutError as error:
        return f"{type(error).__name__}: {error}\n"
    raise AssertionError(f"{case.name} is not refused")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_message(case, golden):
    golden(case.name, message(case))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_error_has_a_place_and_a_remedy(case):
    with pytest.raises(UnrutError) as found:
        elaborate(parse(case.read_text(encoding="utf-8"), file=case.name))
    for error in (found.value, *found.value.others):
        assert error.remedy, error
        assert error.places, error
        assert all(place.span.file == case.name for place in error.places)
        assert "#" not in error.message
        assert "\n" not in error.message

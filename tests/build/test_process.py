# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time

from unrut.emitter.build.process import run


def test_words_are_not_read_by_a_shell(tmp_path):
    finished = run(("echo", "$HOME; touch x", "`id`"), limit=10, folder=tmp_path)
    assert finished.output == "$HOME; touch x `id`\n"
    assert not list(tmp_path.iterdir())


def test_what_does_not_end_is_stopped_with_its_children(tmp_path):
    begun = time.monotonic()
    finished = run(("sh", "-c", "sleep 30 | sleep 30"), limit=0.2)  # the pipes stay open while any child lives
    assert finished.late
    assert not finished.ok
    assert time.monotonic() - begun < 10


def test_what_cannot_be_started_has_a_reason():
    finished = run(("no-such-program-anywhere",), limit=1)
    assert not finished.ok
    assert "No such file" in finished.complaint


def test_the_first_error_is_the_complaint():
    finished = run(
        ("sh", "-c", "echo warning: x >&2; echo 'a.c:1: error: y' >&2; echo 'error: z' >&2; exit 1"), limit=9
    )
    assert finished.complaint == "a.c:1: error: y"
    assert "signal 9" in run(("sh", "-c", "kill -9 $$"), limit=9).complaint

# SPDX-License-Identifier: Apache-2.0
"""A bar on standard error for work of seconds, where somebody watches a terminal and `rich` is installed; else nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def shown(title: str) -> Iterator[Callable[[str, float], None]]:
    """Gives a function of what is being done and which part of all is done by then (0 to 1); it may be called by any thread."""
    if not sys.stderr.isatty():
        yield lambda what, part: None
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    except ModuleNotFoundError:
        yield lambda what, part: None
        return
    columns = (TextColumn(title), BarColumn(bar_width=28), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=1.0)
        yield lambda what, part: progress.update(task, completed=part, description=what)

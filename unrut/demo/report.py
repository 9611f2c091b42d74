# SPDX-License-Identifier: Apache-2.0
"""What the demo says: plain text, with colours and a progress bar where there is a terminal and `rich`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class Report:
    """Everything goes to standard output. `terminal` is whether somebody is watching."""

    def __init__(self) -> None:
        self.console: Any = None
        self.advance: Any = None
        if sys.stdout.isatty():
            try:
                from rich.console import Console
            except ModuleNotFoundError:
                return
            self.console = Console(highlight=False, soft_wrap=True)

    def heading(self, text: str) -> None:
        """A line that starts a section."""
        if self.console is None:
            print(f"\n{text}\n{'-' * len(text)}")
        else:
            self.console.print(f"\n[bold cyan]{text}[/bold cyan]")

    def line(self, text: str = "") -> None:
        """One line, or several."""
        if self.console is None:
            print(text)
        else:
            self.console.print(text, markup=False)

    def code(self, text: str, language: str) -> None:
        """A listing, indented."""
        indented = "\n".join(f"    {line}".rstrip() for line in text.splitlines())
        if self.console is None:
            print(indented)
            return
        from rich.syntax import Syntax

        painter = Syntax("", language, theme="ansi_dark", background_color="default")
        self.console.print(painter.highlight(indented), end="")  # as text: it wraps where the terminal ends

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Columns, the first one flush left, the others flush right; the first row names them."""
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        for number, row in enumerate(rows):
            cells = [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
            text = "    " + "   ".join(cells).rstrip()
            if self.console is None:
                print(text)
            else:
                self.console.print(text, style="dim" if number == 0 else "", markup=False)

    @contextmanager
    def working(self, steps: int) -> Iterator[None]:
        """A bar over `steps` calls of `step`; without a terminal each step is a line of its own."""
        if self.console is None:
            yield
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(bar_width=28), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task("", total=steps)
            started = [False]

            def advance(text: str) -> None:
                progress.update(task, advance=1 if started[0] else 0, description=text)
                started[0] = True

            self.advance = advance
            yield
            self.advance = None

    def step(self, text: str) -> None:
        """What is being done from now on."""
        if self.advance is not None:
            self.advance(text)
        else:
            print(f"... {text}", flush=True)


def in_bytes(number: float) -> str:
    """A number of bytes in the unit that gives one to three digits before the point."""
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if number >= 10 or unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.2f} GB"


def in_seconds(seconds: float) -> str:
    """A time with two or three digits."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{1e3 * seconds:.1f} ms" if seconds < 0.1 else f"{1e3 * seconds:.0f} ms"

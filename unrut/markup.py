# SPDX-License-Identifier: Apache-2.0
"""HTML as text, for notebooks: escaped, well-formed, all in one piece, readable on light and on dark pages.

Nothing is loaded from anywhere and no script runs. Colours are the page's own, in different strengths.
"""

from __future__ import annotations

from collections.abc import Sequence

STYLE = (
    ".unrut{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.9em;line-height:1.35;color:inherit}"
    ".unrut pre{margin:.4em 0;white-space:pre;overflow-x:auto;background:transparent;color:inherit;font:inherit}"
    ".unrut table{border-collapse:collapse;margin:.4em 0;color:inherit;background:transparent}"
    ".unrut th,.unrut td{padding:.1em .6em;text-align:right;border-bottom:1px solid rgba(128,128,128,.35);"
    "color:inherit;background-color:transparent}"
    ".unrut th:first-child,.unrut td:first-child,.unrut .words{text-align:left}"
    ".unrut summary{cursor:pointer;font-weight:bold}"
    ".unrut .remedy{font-style:italic}"
)


def text(value: object) -> str:
    """Any text as it should be read; what no page may hold (control characters) becomes a replacement character."""
    import html  # its table of entities is large, and nobody needs it before the first notebook

    printable = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in str(value))
    return html.escape(printable, quote=True)


def element(tag: str, *inner: str, **attributes: str) -> str:
    """One element around what is HTML already. Values of attributes are escaped; `class_` is `class`."""
    said = "".join(f' {name.rstrip("_")}="{text(value)}"' for name, value in attributes.items())
    return f"<{tag}{said}>{''.join(inner)}</{tag}>"


def pre(lines: str) -> str:
    """Text as it stands."""
    return element("pre", text(lines))


def words(value: object) -> str:
    """A cell of words, at the left."""
    return element("td", text(value), class_="words")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of plain cells; a cell that is made already (`words`) may stand among them."""
    top = element("tr", *(element("th", text(h)) for h in head))
    return element("table", element("thead", top), element("tbody", *(element("tr", *map(_cell, r)) for r in rows)))


def _cell(value: object) -> str:
    made = isinstance(value, str) and value.startswith("<td") and value.endswith("</td>")
    return str(value) if made else element("td", text(value))


def foldable(summary: str, *inner: str, is_open: bool = False) -> str:
    """A part that opens at a click."""
    said = {"open": "open"} if is_open else {}
    return element("details", element("summary", text(summary)), *inner, **said)


def page(*parts: str) -> str:
    """The whole, with its style."""
    return element("div", element("style", STYLE), *parts, class_="unrut")

# SPDX-License-Identifier: Apache-2.0
"""The rules that keep templates text: small, strict, no logic, one macro for each kind of node."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import fields, make_dataclass
from importlib.resources import files
from typing import get_args

import pytest
from jinja2 import UndefinedError

from unrut.emitter.nest import Node
from unrut.emitter.render import views
from unrut.emitter.render.dialect import C
from unrut.emitter.render.frames import Line, frame, macro, splice
from unrut.emitter.render.vocabulary import needed, read_vocabulary
from unrut.errors import InternalError

ROOT = files("unrut.templates")
TEMPLATES = ("statements.j2", "provenance.j2", "c/unit.c.j2", "c/part.c.j2", "c/portable.c.j2", "c/header.h.j2")
HEADERS = C.vocabulary
ALLOWED = r"(macro|endmacro|if|else|elif|endif|for|endfor|include)\b"


def text_of(name: str) -> str:
    return ROOT.joinpath(name).read_text(encoding="utf-8")


def statements_of(text: str) -> list[str]:
    return [row[3:].strip() for row in text.splitlines() if row.startswith("//%")]


def broken_rules(text: str) -> list[str]:
    """What a template's statements and holes do beside holding text."""
    found = [hole for hole in re.findall(r"\$\{(.*?)\}", text) if not re.fullmatch(r"\w+(\.\w+)?", hole)]
    for statement in statements_of(text):
        conditions = {
            "if": r"if (not )?\w+\.(has|is|uses)_\w+",
            "for": r"for \w+ in \w+\.\w+",
            "macro": r"macro \w+\(node\)",
            "include": r'include "[\w./]+"',
        }
        word = statement.split()[0]
        if not re.match(ALLOWED, statement) or not re.fullmatch(conditions.get(word, word), statement):
            found.append(statement)
    return found + re.findall(r"<%.*?%>|<#", text)


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_hold_text_only(name):
    assert not broken_rules(text_of(name))
    assert text_of(name).count("\n") <= 150


@pytest.mark.parametrize(
    "text",
    [
        "${a + b}",
        "${a | upper}",
        "//% set x = 1",
        "//% if a.size > 1",
        "//% for k in range(3)",
        "<% if x %>",
        "${f(x)}",
    ],
)
def test_planted_logic_is_found(text):
    assert broken_rules(text)


def test_macros_are_named_as_nodes():
    macros = re.findall(r"^//% macro (\w+)\(node\)", text_of("statements.j2"), re.MULTILINE)
    assert macros == "loop guard declare store accumulate move fetch select sort invoke routine kernel".split()
    assert {node.__name__.lower() for node in get_args(Node)} == set(macros) - {"kernel", "routine"}
    for name in macros:
        assert hasattr(views, f"{name.capitalize()}View")
    for body in text_of("statements.j2").split("//% macro ")[1:]:
        assert body.count("\n") <= 25


def test_every_field_of_a_view_is_used():
    text = "".join(map(text_of, TEMPLATES))
    used = set(re.findall(r"\w+\.(\w+)", text))
    for name in dir(views):
        view = getattr(views, name)
        if name.endswith("View") and dataclasses.is_dataclass(view):
            assert {f.name for f in fields(view)} <= used, name


@pytest.mark.parametrize("value", [None, True, 1.5, ["x"]])
def test_holes_take_text_and_integers_only(value):
    view = make_dataclass("View", ["statement", "remark"])(statement=value, remark="")
    with pytest.raises(InternalError, match="neither text nor an integer"):
        macro("store", view)
    assert macro("store", dataclasses.replace(view, statement=3)) == (Line(text="3;"),)


def test_a_missing_name_is_told():
    view = make_dataclass("View", ["statement"])(statement="x = 1")
    with pytest.raises(UndefinedError, match="remark"):
        macro("store", view)
    with pytest.raises(UndefinedError, match="provenance"):
        frame("c/header.h.j2", object())


def test_bodies_are_spliced_with_their_indentation():
    inner = (Line(text="a;", note="n"), Line(text=""), Line(text="  b;"))
    found = splice("head {\n    @body@\n}\n", {"@body@": inner}, "outer")
    assert [line.text for line in found] == ["head {", "    a;", "", "      b;", "}"]
    assert [line.note for line in found] == ["outer", "n", "", "", "outer"]


def test_the_vocabulary_is_sorted_into_functions():
    head, entries = read_vocabulary(HEADERS)
    assert "#define UR_OMP" in head
    assert "UR_INLINE int" not in head
    defined = [entry.defines for entry in entries if entry.defines]
    assert len(defined) == len(set(defined)) > 80
    written = "".join(map(text_of, HEADERS))
    assert set(re.findall(r"UR_INLINE \w+ (ur_\w+)\(|typedef \w+ (ur_\w+);", written)) == {
        ("", name) if name in ("ur_f16", "ur_bf16") else (name, "") for name in defined
    }


def test_only_what_is_used_is_written():
    text = needed("x = ur_log_f32(y);", C)
    assert "ur_log_normal_f32" in text
    assert "ur_bits_f32" in text
    assert "ur_exp" not in text
    assert "f64" not in text
    assert "// ---- elementary functions" in text
    assert "// ---- integers" not in text


def test_every_function_of_the_tables_is_there():
    _, entries = read_vocabulary(HEADERS)
    defined = {entry.defines for entry in entries}
    tables = [*C.functions.values(), *C.mixed.values(), *C.casts.values(), *C.saturating.values()]
    assert {name for s in tables for name in re.findall(r"ur_\w+", s.pattern)} <= defined

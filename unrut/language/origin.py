# SPDX-License-Identifier: Apache-2.0
"""Where in the user's source a call came from, and which construct of Python it stands in."""

from __future__ import annotations

import ast
import linecache
import sys
from itertools import islice
from types import FrameType

from unrut.spans import Span

# Frames of these modules are the machinery between the user's line and us. Ops of the library are users' code here.
_OURS = ("unrut.language.", "unrut.debugging.")
_OURS_ALONE = ("unrut.op", "unrut.bound", "unrut.specialise", "unrut.debugging")


def caller() -> FrameType | None:
    """The innermost frame that is not ours."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    return frame


def _is_ours(module: str) -> bool:
    return module.startswith(_OURS) or module in _OURS_ALONE


def caller_span() -> Span | None:
    """The stretch of the user's source that is being evaluated (PEP 657 positions)."""
    frame = caller()
    if frame is None:
        return None
    file = frame.f_code.co_filename
    found = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), (None,) * 4)
    line, end_line, column, end = found
    if line is None or column is None or end is None:
        return Span(file=file, line=line or frame.f_lineno)
    source = linecache.getline(file, line, frame.f_globals).rstrip("\n")
    if end_line != line:
        end = len(source.encode())
    return Span(file=file, line=line, column=_characters(source, column), end=_characters(source, end))


def _characters(line: str, column: int) -> int:
    """A column in characters; Python counts bytes of UTF-8."""
    return column if line.isascii() else len(line.encode()[:column].decode(errors="ignore"))


def definition_span(file: str, line: int, name: str) -> Span:
    """The `def` line of a function whose first line, perhaps that of a decorator, is given."""
    for number in range(line, line + 50):
        text = linecache.getline(file, number)
        if text.lstrip().startswith(f"def {name}"):
            column = text.index(name)
            return Span(file=file, line=number, column=column, end=column + len(name))
    return Span(file=file, line=line)


def assigned_name() -> str | None:
    """The variable that the value of the current call is assigned to: `V = ur.tensor()`, `V, W = ur.tensor(), ...`."""
    frame = caller()
    span = caller_span()
    if frame is None or span is None:
        return None
    for node in _nodes(span):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as value) if _starts(value, span):
                return name
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
                for target, called in zip(names, values, strict=True):
                    if isinstance(target, ast.Name) and isinstance(called, ast.Call) and _starts(called, span):
                        return target.id
            case _:
                pass
    return None


def called_name(span: Span | None) -> str:
    """The last part of the name of the function that is called at a place: `exp` of `math.exp(...)`."""
    for node in _nodes(span) if span is not None else []:
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if _starts(node, span):
                return name
            case _:
                pass
    return ""


def construct(span: Span | None) -> str:
    """What asks for the truth of the expression at a place: `and`, `not`, `chain`, `if`, `max`, ..., or nothing."""
    if span is None or span.column < 0:
        return ""
    best, best_size = "", (sys.maxsize, sys.maxsize)
    for node in _nodes(span):
        tested, word = _tested(node)
        if tested is not None and _contains(tested, span):
            size = ((tested.end_lineno or 0) - tested.lineno, (tested.end_col_offset or 0) - tested.col_offset)
            if size < best_size or (size == best_size and word not in ("if", "while", "assert")):
                best, best_size = word, size
    return best


def _tested(node: ast.AST) -> tuple[ast.expr | None, str]:
    """The part of a node in which truth is asked for, and a word for it."""
    match node:
        case ast.BoolOp(op=op):
            return node, "and" if isinstance(op, ast.And) else "or"
        case ast.UnaryOp(op=ast.Not()):
            return node, "not"
        case ast.Compare(ops=[ast.In() | ast.NotIn()]):
            return node, "in"
        case ast.Compare(ops=[_, _, *_]):
            return node, "chain"
        case ast.IfExp():
            return node, "if"
        case ast.If(test=test):
            return test, "if"
        case ast.While(test=test):
            return test, "while"
        case ast.Assert(test=test):
            return test, "assert"
        case ast.Call(func=ast.Name(id="max" | "min" | "any" | "all" | "sorted" | "bool" as name)):
            return node, name
        case _:
            return None, ""


def _nodes(span: Span) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse("".join(linecache.getlines(span.file)))))
    except (SyntaxError, ValueError, RecursionError):
        return []


def _contains(node: ast.expr, span: Span) -> bool:
    start, end = (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return start <= (span.line, span.column) and (span.line, span.column) < end


def _starts(node: ast.expr, span: Span | None) -> bool:
    return span is not None and (node.lineno, node.col_offset) == (span.line, span.column)

# SPDX-License-Identifier: Apache-2.0
"""Mechanical mutations of Python and template text: where they may strike, and the text after each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One change: in `file` (relative), line `line`, `before` becomes `after`; `text` is the whole file afterwards."""

    file: str
    line: int
    kind: str
    before: str
    after: str
    text: str

    @property
    def key(self) -> str:
        """What names the mutation in the list of explained survivors: stable when lines move."""
        return f"{self.file}: {self.kind}: {' '.join(self.before.split())} -> {' '.join(self.after.split())}"


def mutations(root: Path, file: Path) -> list[Mutation]:
    """Every mutation of one file."""
    text = file.read_text(encoding="utf-8")
    name = file.relative_to(root).as_posix()
    found = _python(text) if file.suffix == ".py" else _template(text)
    return [Mutation(file=name, line=line, kind=kind, before=b, after=a, text=t) for line, kind, b, a, t in found]


Found = Iterator[tuple[int, str, str, str, str]]

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
}  # fmt: skip


def _python(text: str) -> Found:
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    raw = text.encode()
    silent = _annotations_and_docstrings(tree)
    for node in ast.walk(tree):
        if id(node) in silent or not hasattr(node, "lineno"):
            continue
        for kind, changed in _changes(node):
            begin = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            before, after = raw[begin:end].decode(), ast.unparse(changed)
            if isinstance(node, ast.expr):
                after = f"({after})"
            yield node.lineno, kind, before, after, (raw[:begin] + after.encode() + raw[end:]).decode()


def _annotations_and_docstrings(tree: ast.Module) -> set[int]:
    """Nodes whose change changes no behaviour: annotations, docstrings, imports."""
    silent: set[int] = set()

    def hush(node: ast.AST | None) -> None:
        if node is not None:
            silent.update(id(inner) for inner in ast.walk(node))

    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef():
                hush(node.returns)
                for argument in [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs]:
                    hush(argument.annotation)
                for decorator in node.decorator_list:
                    hush(decorator)
            case ast.AnnAssign():
                hush(node.annotation)
            case ast.ClassDef():
                for decorator in node.decorator_list:
                    hush(decorator)
            case ast.Import() | ast.ImportFrom() | ast.Assert() | ast.Raise():
                hush(node)
            case ast.Expr(value=ast.Constant()):
                hush(node)
            case _:
                pass
    return silent


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            yield "offset by one", ast.Constant(number + 1)
        case ast.Constant(value=bool() as truth):
            yield "opposite constant", ast.Constant(not truth)
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARISONS:
            changed = deepcopy(node)
            changed.ops = [_COMPARISONS[type(operator)]()]
            yield "other comparison", changed
        case ast.BinOp(op=operator) if type(operator) in _OPERATORS:
            changed_operation = deepcopy(node)
            changed_operation.op = _OPERATORS[type(operator)]()
            yield "other operator", changed_operation
        case ast.BoolOp():
            changed_logic = deepcopy(node)
            changed_logic.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
            yield "and for or", changed_logic
        case ast.IfExp():
            yield "swapped branches", ast.IfExp(test=node.test, body=node.orelse, orelse=node.body)
        case ast.Call(args=[first, second, *rest]) if not any(isinstance(a, ast.Starred) for a in node.args):
            yield "swapped arguments", ast.Call(func=node.func, args=[second, first, *rest], keywords=node.keywords)
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield "dropped statement", ast.Pass()
        case ast.Tuple(elts=[first, second, *rest], ctx=ast.Load()):
            yield "swapped elements", ast.Tuple(elts=[second, first, *rest], ctx=ast.Load())
        case _:
            return


_TOKENS = (
    (re.compile(r"(?<![<\-])<(?![<=])"), "<=", "< becomes <="),
    (re.compile(r"<="), "<", "<= becomes <"),
    (re.compile(r"(?<=[\w)\]] )\+(?= [\w(])"), "-", "+ becomes -"),
    (re.compile(r"(?<=[\w)\]] )-(?= [\w(])"), "+", "- becomes +"),
    (re.compile(r"(?<=[\w)\]] )\*(?= [\w(])"), "+", "* becomes +"),
    (re.compile(r"&&"), "||", "&& becomes ||"),
    (re.compile(r"=="), "!=", "== becomes !="),
    (re.compile(r"(?<![\w.])0(?![\w.])"), "1", "0 becomes 1"),
    (re.compile(r"(?<![\w.])1(?![\w.])"), "2", "1 becomes 2"),
)


def _template(text: str) -> Found:
    """C text and templates: tokens changed one at a time, and whole statements dropped. Comments and directives stay."""
    lines = text.splitlines(keepends=True)
    comment = False
    for number, line in enumerate(lines):
        bare = line.strip()
        inside, comment = comment, (comment or "/*" in bare) and "*/" not in bare
        if inside or not bare or bare.startswith(("//", "/*", "{#", "*", "#include", "#ifdef", "#endif", "#else")):
            continue
        code = line.split("//")[0] if not bare.startswith("//%") else ""
        for pattern, replacement, kind in _TOKENS:
            for hit in pattern.finditer(code):
                after = line[: hit.start()] + replacement + line[hit.end() :]
                yield (
                    number + 1,
                    kind,
                    line.rstrip("\n"),
                    after.rstrip("\n"),
                    "".join([*lines[:number], after, *lines[number + 1 :]]),
                )
        if bare.endswith(";") and not bare.startswith(("typedef", "return", "static")):
            yield (
                number + 1,
                "dropped line",
                line.rstrip("\n"),
                "",
                "".join([*lines[:number], "\n", *lines[number + 1 :]]),
            )

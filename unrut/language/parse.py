# SPDX-License-Identifier: Apache-2.0
"""The text front end.

    text      = header, then one logical line for each
                "axis" name ":" extent | "axis" name ":" [ extent "," ] [ start ] ".." [ stop ]
                name "[" axes "]" "=" expression
                name "[" expressions "]" "+=" expression
    comments  from # to the end of the line; a line goes on inside brackets

Expressions are Python's, read through `ast` with an allow-list; nothing is evaluated.
"""

from __future__ import annotations

import ast
import re
import warnings

from unrut.errors import NotationError, UnrutError, raise_all
from unrut.language.later import refuse_later_features
from unrut.language.names import name_fault
from unrut.language.notation import Assignment, Definition, GivenAxis, Subscripted, Term
from unrut.language.signature import parse_header
from unrut.language.source import LogicalLine, Text, line_starts, logical_lines
from unrut.language.terms import TermReader
from unrut.program.nodes import Role
from unrut.spans import Span

_AXIS = re.compile(r"axis\s+(\w+)\s*:\s*")
# Python refuses integers of thousands of digits by itself, and speaks of its own limits.
_HUGE = re.compile(r"(?<![\w.])\d[\d_]{999,}(?![\w.])")


def parse(text: str, file: str = "<text>") -> Definition:
    """Read one op from text. `file` is the name that errors show.

    Raises NotationError, NameClashError or DTypeError with all faults of the text, whatever the text is.
    """
    if not isinstance(text, str):
        raise NotationError("a text is expected", remedy='ur.parse("f(x: f32[n]) -> y\\ny[i] = 2*x[i]")')
    whole = Text(file=file, text=text.replace("\r\n", "\n"))
    lines = logical_lines(whole)
    if not lines:
        raise NotationError("the text holds no op", remedy="f(x: f32[n]) -> y, then a line y[i] = ...")
    header = parse_header(lines[0])
    errors: list[UnrutError] = []
    axes: list[GivenAxis] = []
    statements: list[Assignment] = []
    nodes = 0
    for line in lines[1:]:
        reader = _LineReader(line, nodes)
        try:
            given = reader.given_axis()
            if given is not None:
                axes.append(given)
            else:
                statements.append(reader.statement())
        except UnrutError as error:
            errors.append(error)
        nodes = reader.terms.nodes
    if errors:
        raise_all(errors)
    return Definition(
        name=header.name,
        parameters=header.parameters,
        scalars=header.scalars,
        axes=tuple(axes),
        statements=tuple(statements),
        results=header.results,
        span=header.span,
    )


def range_parts(code: str) -> dict[str, tuple[int, str]]:
    """The parts of a range, `[extent ,] [start] .. [stop]` or an extent alone, by name: offset and code of each."""
    depth, dots, comma = 0, -1, -1
    for k, c in enumerate(code):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0 and c == "," and comma < 0 and dots < 0:
            comma = k
        elif depth == 0 and code.startswith("..", k) and dots < 0:
            dots = k
    cuts = {"extent": (0, len(code))}
    if dots >= 0:
        cuts = {"extent": (0, max(comma, 0)), "start": (comma + 1, dots), "stop": (dots + 2, len(code))}
    found: dict[str, tuple[int, str]] = {}
    for name, (begin, end) in cuts.items():
        whole = code[begin:end]
        if whole.strip():
            found[name] = (begin + len(whole) - len(whole.lstrip()), whole.strip())
    return found


class _LineReader:
    """Reads one logical line through `ast`, which counts lines and columns from the start of what it is given."""

    def __init__(self, line: LogicalLine, nodes: int) -> None:
        self.line = line
        self.origin = line.start
        self.code = line.code
        self.starts = line_starts(line.code)
        self.terms = TermReader(span=self.span, point=self.fault, nodes=nodes)

    def offset(self, line: int, column: int) -> int:
        """The place in the whole text of a position that `ast` gives."""
        return self.origin + self.starts[min(line, len(self.starts)) - 1] + column

    def stretch(self, node: ast.AST) -> tuple[int, int]:
        if not isinstance(node, ast.expr | ast.stmt):
            return self.line.start, self.line.end
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset + 1
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column)

    def span(self, node: ast.AST) -> Span:
        return self.line.text.span(*self.stretch(node))

    def fault(self, message: str, node: ast.AST, remedy: str = "") -> NotationError:
        return self.line.text.fault(message, *self.stretch(node), remedy=remedy)

    def tree(self) -> list[ast.stmt]:
        huge = _HUGE.search(self.code)
        if huge is not None:
            start, end = self.origin + huge.start(), self.origin + huge.end()
            raise self.line.text.fault("the number does not fit 64 bits", start, end, remedy="a float, such as 1e30")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)  # what Python tells authors of Python
                warnings.simplefilter("ignore", DeprecationWarning)
                return ast.parse(self.code).body
        except SyntaxError as error:
            start = self.offset(error.lineno or 1, max(0, (error.offset or 1) - 1))
            start = min(start, self.line.end - 1)
            message = f"this can't be read: {error.msg}"
        except (RecursionError, MemoryError):
            start, message = self.line.start, "the statement is nested too deeply"
        except (ValueError, OverflowError) as error:
            start, message = self.line.start, f"this can't be read: {error}"
        remedy = "tensors of their own for parts of it" if "deep" in message else "V[i, j] = an expression"
        raise self.line.text.fault(message, start, start + 1, remedy=remedy) from None

    def given_axis(self) -> GivenAxis | None:
        head = _AXIS.match(self.code)
        if head is None:
            return None
        name, start = head[1], self.line.start + head.start(1)
        span = self.line.text.span(start, start + len(name))
        fault = name_fault(name, "axis", span)
        if fault is not None:
            raise fault
        range_ = range_parts(self.code[head.end() :])
        written = {part: self.part(head.end() + at, code) for part, (at, code) in range_.items()}
        if not written:
            message = "an axis is given as `axis t: 3`, or by data as `axis e: ptr[i] .. ptr[i + 1]`"
            raise self.line.text.fault(message, self.line.start, self.line.end, remedy="axis t: 3")
        return GivenAxis(name=name, span=span, **written)

    def part(self, at: int, code: str) -> Term:
        """The expression that stands at an offset of the line."""
        self.origin, self.code = self.line.start + at, code
        self.starts = line_starts(code)
        match self.tree():
            case [ast.Expr(value=value)]:
                return self.terms.read(value)
        start = self.line.start + at
        message, remedy = "an expression is expected here", "axis e: 3, or by data axis e: ptr[i] .. ptr[i + 1]"
        raise self.line.text.fault(message, start, start + len(code), remedy=remedy)

    def statement(self) -> Assignment:
        match self.tree():
            case [ast.Assign(targets=[target], value=value) as whole]:
                name, subscripts = self.target(target)
                body = self.terms.read(value)
                found = Assignment(target=name, subscripts=subscripts, body=body, span=self.span(whole))
                refuse_later_features(found)
                return found
            case [ast.AugAssign(target=target, op=ast.Add(), value=value) as whole]:
                name, subscripts = self.target(target)
                body = self.terms.read(value)
                return Assignment(target=name, subscripts=subscripts, body=body, role=Role.adds, span=self.span(whole))
            case [ast.AugAssign() as whole]:
                raise self.fault("only `+=` changes a tensor", whole, "V[i] += -x[i] to subtract")
            case _:
                message, remedy = "this is no statement", "V[i, j] = an expression, one for each line"
                raise self.line.text.fault(message, self.line.start, self.line.end, remedy=remedy)

    def target(self, node: ast.expr) -> tuple[str, tuple[Term, ...]]:
        match node:
            case ast.Name(id=name):
                return self.terms.identifier(name, node, "tensor"), ()
            case ast.Subscript(value=ast.Name()):
                found = self.terms.read(node)
                assert isinstance(found, Subscripted)
                return found.tensor, found.subscripts
            case _:
                raise self.fault("only a tensor can be defined", node, "V[i, j] = ...")

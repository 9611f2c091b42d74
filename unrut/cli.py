# SPDX-License-Identifier: Apache-2.0
"""The command `unrut`: reads arguments, calls one function, prints. Nothing is decided here.

Exit status: 0 done, 1 not done (the reason is one paragraph on stderr), 2 not understood. Each command imports what it
needs when it runs, so that `unrut --help` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import importlib.util
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from unrut.errors import BindError, NotationError, UnrutError

STAGES = ("program", "graph", "plan", "nest", "tree", "source")

ABOUT = """\
Tensor ops in index notation: one readable reference, C that others can build,
and tests that hold the two together.
"""

MADE_UP = """\
Every term behind one element. The operands are made up: each holds 1, 2, ... 9, 1, ... in row-major order (True, False, ...
for bool), run-time sizes are 5. For your own numbers call op.bind(arrays).explain(...) in Python.
"""

EXAMPLES = """\
examples:
  unrut demo                                     capsules on real images, as reference and as C
  unrut doctor                                   what was found on this machine, and what to install
  unrut show unrut.ops:matmul "f32[64, 32]" "f32[32, 48]"
                                                 the op with everything inferred
  unrut show caps.py:votes "f32[n, 4]" --stage source
                                                 the C it becomes; graph, plan and nest lie between
  unrut lint caps.py:votes                       what looks like a mistake
  unrut explain caps.py:votes "f32[8, 4]" "f32[4, 4]" --at i=0 --at j=1
                                                 every term behind one element, on made-up numbers
  unrut cache clear                              forget every compiled kernel"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (`sys.argv[1:]` if none is given) and return its exit status."""
    parser = parser_of_everything()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["demo"]:  # its parts have options of their own
        options = argparse.Namespace(command="demo", run=run_demo, arguments=arguments[1:])
    else:
        options, rest = parser.parse_known_args(arguments)
        if any(text.startswith("-") for text in rest) or (rest and not hasattr(options, "specs")):
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        if rest:
            options.specs = [*options.specs, *rest]  # those behind an option
    if options.run is None:
        parser.print_help()
        return 0
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except UnrutError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        if isinstance(error, BindError) and hasattr(options, "specs"):
            print(f"  in a shell: {shell_form(options)}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "unrut":
            raise
        print(f"unrut {options.command} needs the package {error.name}", file=sys.stderr)
        print(f"  try: pip install 'unrut[{extra_for(options.command)}]'", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130


def parser_of_everything() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="unrut", description=ABOUT, epilog=EXAMPLES, formatter_class=form)
    parser.add_argument("--version", action="version", version=f"unrut {importlib.metadata.version('unrut')}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    commands.add_parser("demo", help="the main job on real images; `unrut demo --help` lists its parts", add_help=False)

    doctor = commands.add_parser("doctor", help="what works on this machine, and what to install")
    doctor.add_argument("--json", action="store_true", help="the same for machines")
    doctor.set_defaults(run=run_doctor)

    show = commands.add_parser("show", help="an op's text, or what it becomes on the way to C", formatter_class=form)
    add_op(show)
    show.add_argument("--stage", choices=STAGES, default="program", help="how far to go (default: %(default)s)")
    show.set_defaults(run=run_show)

    told = "every term behind one element, on small made-up numbers"
    explain = commands.add_parser("explain", help=told, description=MADE_UP)
    add_op(explain)
    explain.add_argument("--of", default=None, metavar="TENSOR", help="another tensor than the first result")
    explain.add_argument("--at", action="append", default=[], metavar="AXIS=PLACE", help="the element; 0 if not said")
    explain.add_argument("--picture", action="store_true", help="draw what is read of each tensor")
    explain.set_defaults(run=run_explain)

    lint = commands.add_parser("lint", help="what looks like a mistake in an op")
    add_op(lint)
    lint.set_defaults(run=run_lint)

    cache = commands.add_parser("cache", help="the folder of compiled kernels")
    cache.add_argument("action", choices=("info", "clear", "verify"))
    cache.set_defaults(run=run_cache)
    return parser


def add_op(parser: argparse.ArgumentParser) -> None:
    """The arguments that name an op and fix its operands and parameters."""
    parser.add_argument(
        "target",
        metavar="FILE_OR_MODULE:OP",
        help="caps.py:votes or package.module:votes, which is run; or a file that holds a text",
    )
    parser.add_argument(
        "specs", nargs="*", metavar="SPEC", help='one for each operand, as "f32[8, 32]" or "f32[n, 32]"'
    )
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter: --set stride=2")


def shell_form(options: argparse.Namespace) -> str:
    """How a command names what an op is bound to, for errors that speak of calls."""
    place = " --at AXIS=PLACE" if options.command == "explain" else ""
    return f'unrut {options.command} {options.target} "f32[8, 32]" ... --set NAME=VALUE{place}'


def extra_for(command: str) -> str:
    """The extra that a command's optional packages come with."""
    return command if command == "demo" else "dev"


def run_demo(options: argparse.Namespace) -> int:
    from unrut import demo

    return int(demo.main(options.arguments) or 0)


def run_doctor(options: argparse.Namespace) -> int:
    from unrut.emitter.build import doctor

    report = doctor.diagnose()
    print(report.to_json() if options.json else report.show())
    return 0 if report.toolchain else 1


def run_cache(options: argparse.Namespace) -> int:
    from unrut.emitter.build import cache

    print(getattr(cache, options.action)())
    return 0


def run_show(options: argparse.Namespace) -> int:
    op = find_op(options)
    if options.stage == "program" and not options.specs and not options.set:
        print(op.show().rstrip())
        return 0
    bound = op.bind(*options.specs, **parameters(options.set))
    text = bound.tree().show() if options.stage == "tree" else bound.show(options.stage)
    print(text.rstrip())
    return 0


def run_lint(options: argparse.Namespace) -> int:
    import unrut

    found = unrut.lint(find_op(options), *options.specs, **parameters(options.set))
    print(found.show(shell=options.target))
    return 1 if found.mistakes else 0


def run_explain(options: argparse.Namespace) -> int:
    from unrut.debugging.samples import SAMPLES, SIZE, sample_arrays

    bound = find_op(options).bind(*options.specs, **parameters(options.set))
    place = parameters(options.at, "--at")
    result = options.of or bound.program.results[0]
    axes = next((s.axes for s in bound.program.defining() if s.target == result), ())
    known = {axis.name: place.get(axis.name, 0) for axis in axes}
    explanation = bound.with_arrays(*sample_arrays(bound.program)).explain(result, **{**known, **place})
    made_up = f"operands are made up: {SAMPLES.format(size=SIZE)}" if bound.program.operands else ""
    print("\n".join(filter(None, (made_up, str(explanation)))))
    if options.picture:
        print("\n" + explanation.picture())
    return 0


def parameters(settings: Sequence[str], option: str = "--set") -> dict[str, int | float | bool | str]:
    """`["stride=2", "mode=edge"]` as keyword arguments: integers, floats, True and False, otherwise text."""
    found: dict[str, int | float | bool | str] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.isidentifier():
            raise BindError(f"`{option} {setting}` is no parameter", remedy=f"{option} NAME=VALUE")
        found[name] = value_of(text)
    return found


def value_of(text: str) -> int | float | bool | str:
    if text in ("True", "False"):
        return text == "True"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def find_op(options: argparse.Namespace) -> Any:
    """The op that `caps.py:votes` or `package.module:votes` names; errors name the ops that are there."""
    target = options.target
    if Path(target).suffix != ".py" and Path(target).is_file():
        from unrut.op import parse

        return parse(Path(target).read_text(encoding="utf-8"), target)
    place, _, name = target.rpartition(":") if ":" in target else (target, "", "")
    module = load(place)
    ops = {key: value for key, value in vars(module).items() if is_op(value)}
    if name in ops:
        return ops[name]
    there = ", ".join(sorted(ops)) or "none: an op is a function below `@ur.op`"
    remedy = f"unrut {options.command} {place}:{min(ops)}" if ops else ""
    raise NotationError(f"no op {f'`{name}`' if name else 'named'} in {place}; ops there: {there}", remedy=remedy)


def is_op(value: object) -> bool:
    return not isinstance(value, type) and all(callable(getattr(value, m, None)) for m in ("program", "bind", "show"))


def load(place: str) -> ModuleType:
    """A module by file or by import name, seen from here as `python FILE` and `python -m MODULE` see it.

    What goes wrong inside it is told with its line, not with ours.
    """
    path = Path(place)
    is_file = path.suffix == ".py"
    if is_file and not path.is_file():
        raise NotationError(f"there is no file {place}", remedy="give the path as seen from here")
    sys.path.insert(0, str(path.parent.resolve() if is_file else Path.cwd()))
    try:
        return run_file(path) if is_file else importlib.import_module(place)
    except UnrutError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (place + ".").startswith(error.name + "."):
            raise NotationError(f"there is no module {place}", remedy="for a file add .py, as caps.py:votes") from None
        raise NotationError(f"{place} imports {error.name}, which is not installed") from None
    except Exception as error:
        raise NotationError(f"{place} fails: {type(error).__name__}: {error} ({place_of(error)})") from None


def run_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def place_of(error: Exception) -> str:
    """Where the user's code failed, as file:line."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"

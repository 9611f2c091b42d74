# SPDX-License-Identifier: Apache-2.0
"""Ops: what `@ur.op` makes of a function, and `ur.parse` of a text."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from threading import get_ident
from typing import TYPE_CHECKING, Any, overload

from unrut.arrays import is_array, spec_of, take, take_results, wrong_number
from unrut.bound import Bound, only_or_all
from unrut.errors import BindError, NotationError, UnrutError
from unrut.language.arguments import Options
from unrut.language.callers import Telling, point_at_caller
from unrut.language.front import Front, Traced, Written, missing_scalars
from unrut.language.inline import inline
from unrut.language.notation import Definition, Spec
from unrut.language.origin import caller_span
from unrut.language.parse import parse as parse_definition
from unrut.language.placeholders import placeholder_specs
from unrut.language.recorder import Recorder, current, place
from unrut.markup import page, pre
from unrut.seen import Key, Seen
from unrut.specialise import Kernels

if TYPE_CHECKING:
    from unrut.program.nodes import Program


class Op:
    """A tensor op: called with arrays it is compiled, kept and run; `bind` gives everything else.

    Positional arguments are the tensors, keyword arguments the options of the op. Where a method takes specs, arrays,
    `ur.spec(...)` and texts such as "f32[8, n]" may be mixed.
    """

    def __init__(self, front: Front) -> None:
        self._front = front
        self._definitions: dict[tuple[object, ...], Definition] = {}
        self._being_traced: set[tuple[int, tuple[object, ...]]] = set()
        self._kernels = Kernels()
        self._seen = Seen()
        self.__name__ = self.__qualname__ = front.face.name

    def __repr__(self) -> str:
        face = self._front.face
        options = [name if _absent(value) else f"{name}={value!r}" for name, value in face.options.items()]
        return f"<op {face.name}({', '.join([*face.tensors, *(['*', *options] if options else [])])})>"

    def __reduce__(self) -> str | tuple[Callable[..., Op], tuple[str, str]]:
        """Ops go to other processes as functions do, by the name that they bear in their module; those of texts as text."""
        return (parse, (self._front.text, self._front.file)) if isinstance(self._front, Written) else self.__qualname__

    @property
    def name(self) -> str:
        """The name, also that of the C function."""
        return self._front.face.name

    @property
    def options(self) -> dict[str, Any]:
        """The options that have a default, with it."""
        return {name: value for name, value in self._front.face.options.items() if not _absent(value)}

    def definition(self, /, **params: Any) -> Definition:
        """What the op says for these options, as an untyped tree. Traced once for each set of options."""
        return self._define(self._front.options(params))

    def program(self, /, *specs: Any, **params: Any) -> Program:
        """The typed Program for specs or arrays; without any, the op's own signature must say every dtype and extent.

        Raises BindError, DTypeError, NotationError, NameClashError, AxisError, ShapeError, RangeError.
        """
        with self._telling():
            given, options = self._arguments(specs, params)
            return self._program(self._specs(given) if given else (), options)

    def bind(self, /, *specs: Any, **params: Any) -> Bound:
        """The op with specs or arrays and options fixed. Arrays are remembered and used where none are given later."""
        with self._telling():
            given, options = self._arguments(specs, params)
            program = self._program(self._specs(given) if given else (), options)
            arrays = take(self.name, self._front.face.tensors, given) if given and all(map(is_array, given)) else None
            named = {name: value for name, value in params.items() if name not in self._front.face.tensors}
            return Bound(program, arrays, options.scalars, op=self, options=named)

    def reference(self, /, *arrays: Any, **params: Any) -> Any:
        """The results by the reference, in plain NumPy: an array, or a tuple of them."""
        with self._telling():
            given, options = self._arguments(arrays, params)
            return self._bound(given, options).reference()

    def show(self, /, *specs: Any, **params: Any) -> str:
        """The text. Without specs, extents bear the names of the axes that read them, and unknown dtypes are f32."""
        from unrut.program.show import show

        return show(self.sketch(*specs, **params))

    def sketch(self, /, *specs: Any, **params: Any) -> Program:
        """The typed Program for specs; without any, for sizes that bear the names of axes, dtypes that nothing says f32."""
        with self._telling():
            given, options = self._arguments(specs, params)
            return self._program(self._specs(given) if given else placeholder_specs(self._define(options)), options)

    def _repr_html_(self) -> str:
        """For notebooks: the text, or what it needs to have one: a required option, shapes."""
        try:
            return page(pre(self.show()))
        except UnrutError as error:
            return page(pre(f"{self!r}\n{error}"))

    def __call__(self, /, *arrays: Any, out: Any = None, threads: int | None = None, **params: Any) -> Any:
        """The results, by a kernel that is compiled for this machine at the first call and kept in the process.

        `out` is an array, or a tuple of them for several results, to write to. `threads` is how many it uses at most; it
        never changes a result. Among the tensors of an op that is being traced, the call becomes part of that op, and the
        results are tensors of it.

        Raises BuildError where there is no working C compiler, and what `program` raises.
        """
        recorder = current()
        key = self._seen.key(arrays, out, params) if recorder is None else None
        known = self._seen.find(key, params) if key is not None else None
        try:
            if known is not None:
                return known[0](*arrays, out=out, threads=threads, **known[1])
            return self._called(recorder, key, arrays, out, threads, params)
        except UnrutError as error:
            point_at_caller(error, self.name, self._front.face.span)
            raise

    def _called(
        self,
        recorder: Recorder | None,
        key: Key | None,
        arrays: tuple[Any, ...],
        out: Any,
        threads: int | None,
        params: dict[str, Any],
    ) -> Any:
        """A call of a new kind, remembered by its key."""
        given, options = self._arguments(arrays, params)
        if recorder is not None:
            for word, value, remedy in (("out", out, "the results"), ("threads", threads, "threads= where it is run")):
                if value is not None:
                    message = f"`{word}=` has no meaning while an op is traced"
                    raise NotationError(message, places=place(caller_span()), remedy=remedy)
            return self._inlined(recorder, given, options)
        named = take(self.name, self._front.face.tensors, given)
        self._check_scalars(options)
        results = take_results(out, self._define(options).results)
        program = functools.partial(self._program, options=options)
        kernel = self._kernels.kernel(program, options.key, named, results)
        if key is not None:
            self._seen.keep(key, kernel, options.scalars)
        return kernel(*named.values(), out=results, threads=threads, **options.scalars)

    def _telling(self) -> Telling:
        return Telling(self.name, self._front.face.span)

    def _bound(self, given: tuple[Any, ...], options: Options) -> Bound:
        named = take(self.name, self._front.face.tensors, given)
        self._check_scalars(options)
        return Bound(self._program(self._specs(tuple(named.values())), options), named, options.scalars)

    def _arguments(self, given: Sequence[Any], params: dict[str, Any]) -> tuple[tuple[Any, ...], Options]:
        """Tensors by position, those that were given by name put in their place; options sorted."""
        tensors = list(given)
        twice = [name for name in self._front.face.tensors[: len(given)] if name in params]
        if twice:
            message = f"`{twice[0]}` of `{self.name}` is given by its place and by its name"
            raise BindError(
                message, places=place(caller_span()), remedy=f"{self.name}({', '.join(self._front.face.tensors)})"
            )
        for name in self._front.face.tensors[len(given) :]:
            if name not in params:
                break
            tensors.append(params[name])
        late = self._front.face.tensors[len(given) : len(tensors)]
        return tuple(tensors), self._front.options({k: v for k, v in params.items() if k not in late})

    def _define(self, options: Options) -> Definition:
        found = self._definitions.get(options.key)
        if found is None:
            mine = (get_ident(), options.key)
            if mine in self._being_traced:
                message = f"op `{self.name}` calls itself with the same options"
                raise NotationError(message, places=place(caller_span()), remedy="an option that counts down to 0")
            self._being_traced.add(mine)
            try:
                found = self._definitions[options.key] = self._front.define(options)
            except RecursionError:
                message = f"op `{self.name}` calls itself, or others, without end"
                raise NotationError(message, remedy="an option that counts down to 0") from None
            finally:
                self._being_traced.discard(mine)
        return found

    def _specs(self, given: Sequence[Any]) -> tuple[Spec, ...]:
        names = self._front.face.tensors
        if len(given) != len(names):
            raise wrong_number(self.name, names, len(given))
        return tuple(spec_of(value, name) for value, name in zip(given, names, strict=True))

    def _program(self, specs: tuple[Spec, ...], options: Options) -> Program:
        from unrut.language.elaborate import elaborate

        return elaborate(self._define(options), specs)

    def _check_scalars(self, options: Options) -> None:
        missing = [name for name in self._define(options).scalars if name not in options.scalars]
        if missing:
            raise missing_scalars(self._front.face, missing)

    def _inlined(self, recorder: Recorder, given: tuple[Any, ...], options: Options) -> Any:
        names = self._front.face.tensors
        if len(given) != len(names):
            raise wrong_number(self.name, names, len(given))
        self._check_scalars(options)
        return only_or_all(inline(recorder, self._define(options), given, options.scalars))


def _absent(value: object) -> bool:
    return getattr(value, "__name__", "") == "_empty"


@overload
def op(function: Callable[..., Any], /) -> Op: ...
@overload
def op(signature: str | None = None, /) -> Callable[[Callable[..., Any]], Op]: ...
def op(what: Callable[..., Any] | str | None = None, /) -> Op | Callable[[Callable[..., Any]], Op]:
    """Make an op of a function, with or without a signature.

        @ur.op
        def scaled(x, *, by=2): ...

        @ur.op("x: f32[n, 3], table: i32[n]")
        def looked_up(x, table): ...

    Raises NotationError, NameClashError, DTypeError.
    """
    if callable(what):
        return _wrapped(what, None)
    if what is not None and not isinstance(what, str):
        raise NotationError("@ur.op takes a function or a signature", remedy='@ur.op("x: f32[n, 3]")')
    return functools.partial(_wrapped, signature=what)


def _wrapped(function: Callable[..., Any], signature: str | None) -> Op:
    made = Op(Traced(function, signature))
    functools.update_wrapper(made, function, updated=())
    return made


def parse(text: str, file: str = "<text>") -> Op:
    """An op from text, the notation that `show` prints. `file` is the name that errors show.

    Raises NotationError, NameClashError, DTypeError, whatever the text is.
    """
    return Op(Written(parse_definition(text, file), text, file))

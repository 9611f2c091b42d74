# SPDX-License-Identifier: Apache-2.0
"""Whole sources: golden texts, warnings, names, comments, checks, layouts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrut.emitter.layout import Layout, layout_of
from unrut.emitter.nest import Guard, Kernel, Loop, Nest, Space, Store, TaskAxis
from unrut.emitter.render import render
from unrut.emitter.render.dialect import C
from unrut.emitter.render.fold import fold
from unrut.emitter.render.frames import read_template, remark
from unrut.errors import BindError
from unrut.program.types import DType
from unrut.testing.nest_interpreter import run

NAMES = ("matmul", "smooth", "choose", "scaled")
UNALIGNED = Layout(strides=(None, None), aligned=False)
LAYOUTS = {
    "scaled": {"X": UNALIGNED, "Y": Layout(strides=(None, 1))},
    "smooth": {"X": Layout(strides=(None, None))},
}

WARNINGS = (
    "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wdouble-promotion -Wfloat-conversion -Wcast-qual "
    "-Wundef -Wvla -Wnull-dereference -Werror"
).split()
LANGUAGES = {
    "c": ["-x", "c", "-std=c11", "-Wstrict-prototypes", "-Wmissing-prototypes"],
    "c++": ["-x", "c++", "-std=c++17"],
}


def source(nests, name: str):
    return render(nests[name], LAYOUTS.get(name), note=f"{name}(...)")


def inner(code: str) -> str:
    """A source without the vocabulary, which has its own tests."""
    return code[code.index("#ifdef __cplusplus\nextern") :]


@pytest.mark.parametrize("name", NAMES)
def test_golden(nests, golden, name):
    golden(f"{name}.c", inner(source(nests, name).code))


def test_golden_header(nests, golden):
    golden("smooth.h", source(nests, "smooth").header)


def compilers() -> list[str]:
    named = os.environ.get("CC", "").split()[:1]
    return [c for c in dict.fromkeys([*named, "gcc", "clang"]) if shutil.which(c)]


@pytest.mark.compiler
@pytest.mark.parametrize("flags", [["-O3", "-fopenmp"], ["-O2"]], ids=["openmp", "serial"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_no_warnings(nests, tmp_path, name, language, flags):
    found = source(nests, name)
    (tmp_path / "a.c").write_text(found.code)
    (tmp_path / f"{name}.h").write_text(found.header)
    (tmp_path / "b.c").write_text(
        f'#include "{name}.h"\n#include "{name}.h"\nint used(void);\nint used(void) {{ return 0; }}\n'
    )
    for compiler in compilers():
        for file in ("a.c", "b.c"):
            command = [compiler, *LANGUAGES[language], *WARNINGS, *flags, "-c", file, "-o", "o.o"]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            if "cc1plus" in done.stderr and "No such file" in done.stderr:
                pytest.skip(f"{compiler} comes without C++")
            assert done.returncode == 0, done.stderr


@pytest.mark.compiler
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_warnings_in_the_vocabulary(tmp_path, language):
    (tmp_path / "a.c").write_text("".join(map(read_template, C.vocabulary)))
    for compiler in compilers():
        command = [compiler, *LANGUAGES[language], *WARNINGS, "-O2", "-c", "a.c", "-o", "o.o"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or "cc1plus" in done.stderr, done.stderr


@pytest.mark.compiler
def test_an_operand_that_the_c_does_not_need_is_no_warning(make, tmp_path):
    """Integers are never NaN, so nothing is read."""
    i = make.axis("i")
    value = make.call("isnan", make.read("x", i, dtype=DType.i64), dtype=DType.bool)
    loop = Loop(
        axis="i", start=make.number(0), stop=make.size("n"), body=(Store(buffer="r", subscripts=(i,), value=value),)
    )
    shapes = (("x", DType.i64, Space.operand), ("r", DType.bool, Space.result))
    buffers = tuple(make.buffer(name, dtype, ("n",), space) for name, dtype, space in shapes)
    kernels = (Kernel(name="x", tasks=(), body=(loop,), note="x"),)
    (tmp_path / "a.c").write_text(
        render(Nest(name="f", sizes=("n",), scalars=(), buffers=buffers, kernels=kernels)).code
    )
    for compiler in compilers():
        command = [compiler, *LANGUAGES["c"], *WARNINGS, "-c", "a.c", "-o", "o.o"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.compiler
def test_kernels_that_do_nothing_compile(make, compiled):
    empty = Loop(axis="i", start=make.number(0), stop=make.number(0), body=())
    buffers = (make.buffer("r", DType.i64, (0,), Space.result),)
    tasks = (TaskAxis(axis="t", stop=make.number(4)),)
    kernels = (Kernel(name="a", tasks=tasks, body=(empty,)), Kernel(name="b", tasks=(), body=(empty,)))
    assert compiled(Nest(name="f", sizes=(), scalars=(), buffers=buffers, kernels=kernels))(threads=2).shape == (0,)


def interpret(nest: Nest, arrays: dict[str, np.ndarray], **scalars: float) -> list[np.ndarray]:
    found = run(nest, arrays, scalars)
    return [found[b.name] for b in nest.buffers if b.space is Space.result]


@pytest.mark.compiler
def test_matmul(nests, compiled):
    A, B = (np.random.default_rng(0).integers(-9, 9, s).astype("f4") for s in ((8, 40), (40, 32)))
    kernel = compiled(nests["matmul"])
    assert np.array_equal(kernel(A, B), A @ B)
    assert np.array_equal(kernel(B=B, A=A, threads=3), A @ B)


@pytest.mark.compiler
@pytest.mark.parametrize("shape", [(4, 7), (1, 2), (0, 3), (5, 64)])
def test_run_time_sizes_and_strides(nests, compiled, shape):
    kernel = compiled(nests["smooth"], LAYOUTS["smooth"])
    X = np.random.default_rng(0).integers(-9, 9, (2 * shape[0], shape[1])).astype("f4")[::-2]
    for same in (X, np.asfortranarray(X), X.copy()):
        S, m = kernel(same, tau=0.5, threads=2)
        wanted = interpret(nests["smooth"], {"X": X}, tau=0.5)
        assert np.array_equal(S, wanted[0])
        assert np.array_equal(m, wanted[1])


@pytest.mark.compiler
def test_preconditions_have_codes(nests, compiled):
    kernel = compiled(nests["smooth"], {})
    with pytest.raises(BindError, match=r"needs 2 <= w; here h = 3, w = 1 \(max of a row\)"):
        kernel(np.zeros((3, 1), "f4"), tau=1.0)
    ffi, entry = kernel.library.ffi, kernel.library.function("smooth")
    strides, top = ffi.new("int64_t[]", [2, 1]), ffi.new("float *")

    def code(h: int, w: int, workspace: int = 0) -> int:
        return entry(h, w, ffi.NULL, strides, ffi.NULL, strides, top, 1.0, ffi.cast("void *", workspace), 1)

    assert code(3, 1) == 1
    assert code(3, 2, workspace=8) == kernel.signature.workspace_code == 2
    assert code(-1, 2) == code(2**41, 2) == kernel.signature.size_code == 3
    assert code(0, 2) == 0
    assert top[0] == -np.inf


@pytest.mark.compiler
def test_the_workspace_grows_with_sizes_and_threads(nests, compiled):
    kernel = compiled(nests["smooth"])
    bytes_for = kernel.library.function("smooth_workspace")
    assert bytes_for(5, 7, 1) == 64 + 64
    assert bytes_for(17, 17, 3) == 128 + 3 * 128
    assert bytes_for(5, 7, 0) == bytes_for(5, 7, 1)
    assert bytes_for(2**40, 2**40, 2**20) >= 2**62  # saturates instead of wrapping


@pytest.mark.compiler
def test_truth_values_and_branches(nests, compiled):
    mask, a = np.array([True, False, False, True]), np.array([2**62, -7, 7, -(2**63)])
    r, flipped = compiled(nests["choose"])(mask, a)
    assert np.array_equal(r, [-(2**63), -3, 2, 0])
    assert np.array_equal(flipped, ~mask & (a > 0))
    assert flipped.dtype == bool
    odd = np.array([2, 0, 0, 255], np.uint8).view(bool)
    assert np.array_equal(compiled(nests["choose"])(odd, a)[1].view(np.uint8), [0, 0, 1, 0])


@pytest.mark.compiler
@pytest.mark.parametrize("form", ["plain", "fortran", "reversed", "broadcast", "gaps", "unaligned"])
def test_layouts(nests, compiled, form):
    base = np.arange(15, dtype="f4").reshape(3, 5)
    raw = np.zeros(15 * 4 + 1, np.uint8)
    X = {
        "plain": base,
        "fortran": np.asfortranarray(base),
        "reversed": base[::-1, ::-1],
        "broadcast": np.broadcast_to(base[1], (3, 5)),
        "gaps": np.repeat(np.repeat(base, 2, 0), 3, 1)[::2, ::3],
        "unaligned": raw[1:].view("f4").reshape(3, 5),
    }[form]
    if form == "unaligned":
        X[...] = base
    for out in (np.zeros((3, 5), "f4"), np.zeros((5, 3), "f4").T[::-1], raw.copy()[1:].view("f4").reshape(3, 5)):
        layouts = {"X": layout_of(X, (3, 5)), "Y": layout_of(out, (3, 5))}
        kernel = compiled(nests["scaled"], layouts)
        assert kernel(X, out=out, threads=2) is out
        assert np.array_equal(out, 2 * X)


HOSTILE = (
    "for int double NAN INFINITY run task begin end workspace threads at_X sqrt expf y0 I linux ur_add x' 0a".split()
)


@pytest.mark.compiler
@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_compiles(make, compiled, name):
    """As op, operand, result, axis and size at once; the C then has to tell them apart."""
    i = make.axis(name)
    buffers = (
        make.buffer(name, DType.f64, (name,), Space.operand),
        make.buffer(f"{name}_strides", DType.f64, (name,), Space.result),
        make.buffer(f"{name}_", DType.f64, (3,), Space.scratch),
    )
    body = (
        Store(buffer=f"{name}_", subscripts=(make.number(1),), value=make.read(name, i, dtype=DType.f64)),
        Store(
            buffer=f"{name}_strides",
            subscripts=(i,),
            value=make.call("sqrt", make.read(f"{name}_", make.number(1), dtype=DType.f64)),
        ),
    )
    kernels = tuple(Kernel(name=name, tasks=(TaskAxis(axis=name, stop=make.size(name)),), body=body) for _ in range(2))
    kernel = compiled(Nest(name=name, sizes=(name,), scalars=(), buffers=buffers, kernels=kernels))
    assert np.array_equal(kernel(np.array([4.0, 9.0])), [2, 3])


def test_names_of_the_formula_stay(nests):
    code = inner(source(nests, "smooth").code)
    assert "at_X(run, y, x + d - 1)" in code
    assert "for (int64_t x = 0; x < run.w; x++)" in code


def rows_of(code: str) -> list[str]:
    """The rows of code, without comments."""
    return [row.rstrip() for row in re.sub(r"//[^\n]*", "", code).split("\n") if row.strip()]


@given(text=st.text(max_size=60))
def test_nothing_breaks_out_of_a_comment(nests, text):
    nest = nests["choose"]
    kernel = nest.kernels[0]
    noted = replace(nest, kernels=(replace(kernel, note=text, body=tuple(replace(n, note=text) for n in kernel.body)),))
    plain = replace(nest, kernels=(replace(kernel, note="", body=tuple(replace(n, note="") for n in kernel.body)),))
    code, bare = render(noted, note=text).code, render(plain, note="").code
    assert rows_of(code) == rows_of(bare)
    assert code.isascii()
    assert not re.search(r"\\$|\?\?/", code, re.MULTILINE)


@given(text=st.text())
def test_a_remark_is_one_harmless_line(text):
    found = remark(text)
    assert found.isascii()
    assert not set(found) & set("\n\r\t\f\v\0\\@")
    assert "*/" not in found
    assert "??" not in found


def test_lines_tell_their_statement(nests):
    found = source(nests, "smooth")
    rows = found.code.split("\n")
    served = {rows[number - 1].strip(): note for number, note in found.lines.items()}
    assert served["peak[y] = ur_maximum_f32(peak[y], row[x]);"].startswith("S[y, x] =")
    assert served["m[0] = top;"].startswith("m = max")
    assert not any("vocabulary" in note for note in found.lines.values())


def test_text_is_the_same_every_time(nests):
    for name in NAMES:
        assert source(nests, name).code == source(nests, name).code


@pytest.mark.parametrize("name", NAMES)
def test_every_function_is_called(nests, name):
    code = inner(source(nests, name).code)
    for function in re.findall(r"^static [\w ]*?(\w+)\(", code, re.MULTILINE):
        assert len(re.findall(rf"\b{function}\(", code)) > 1, function


def test_no_index_function_for_a_tensor_that_the_c_does_not_need(make):
    i, j = make.axis("i"), make.axis("j")
    value = make.call("isnan", make.read("x", i, j, dtype=DType.i64), dtype=DType.bool)
    store = Store(buffer="r", subscripts=(i, j), value=value)
    inside = Loop(axis="j", start=make.number(0), stop=make.size("m"), body=(store,))
    shapes = (("x", DType.i64, Space.operand), ("r", DType.bool, Space.result))
    buffers = tuple(make.buffer(name, dtype, ("n", "m"), space) for name, dtype, space in shapes)
    loop = Loop(axis="i", start=make.number(0), stop=make.size("n"), body=(inside,))
    kernels = (Kernel(name="k", tasks=(), body=(loop,), note=""),)
    code = inner(render(Nest(name="f", sizes=("n", "m"), scalars=(), buffers=buffers, kernels=kernels)).code)
    assert "at_r(" in code
    assert "at_x(" not in code


def test_lines_are_not_too_long(nests):
    for name in NAMES:
        assert all(len(row) <= 120 for row in source(nests, name).code.split("\n"))


def test_folding_keeps_the_text():
    row = "  " + "alpha(beta, gamma + delta * epsilon, zeta(eta, theta)) = iota + kappa[lambda] * mu - nu;" * 3
    rows = fold(row, 60)
    assert "".join(r.strip() for r in rows).replace(" ", "") == row.replace(" ", "")
    assert all(len(r) <= 64 for r in rows)
    assert len(rows) > 4


def test_a_chain_of_loops_has_no_braces_it_does_not_need(make):
    i = make.axis("i")
    store = Store(buffer="r", subscripts=(i,), value=i)
    inside = Loop(axis="i", start=make.number(0), stop=make.number(3), body=(store,))
    outside = Loop(axis="j", start=make.number(0), stop=make.number(3), body=(inside,))
    buffers = (make.buffer("r", DType.i64, (3,), Space.result),)
    kernels = (Kernel(name="r", tasks=(), body=(outside,)),)
    code = render(Nest(name="f", sizes=(), scalars=(), buffers=buffers, kernels=kernels), note="").code
    assert "j++)\n    for (int64_t i = 0; i < 3; i++)\n      r[i] = i;" in code


def test_a_guard_that_always_holds_is_a_block(make):
    true = make.number(True, DType.bool)
    body = tuple(Store(buffer="r", subscripts=(make.number(0),), value=make.number(k)) for k in (1, 2))
    buffers = (make.buffer("r", DType.i64, (1,), Space.result),)

    def code(guard: Guard) -> str:
        kernels = (Kernel(name="r", tasks=(), body=(guard,)),)
        return render(Nest(name="f", sizes=(), scalars=(), buffers=buffers, kernels=kernels), note="").code

    assert "  {  // s\n    r[0] = 1;\n    r[0] = 2;\n  }\n" in code(Guard(condition=true, body=body, note="s"))
    assert "  if (true) {\n    r[0] = 1;\n  } else {\n    r[0] = 2;\n  }\n" in code(
        Guard(condition=true, body=body[:1], otherwise=body[1:])
    )

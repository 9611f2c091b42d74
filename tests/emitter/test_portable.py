# SPDX-License-Identifier: Apache-2.0
"""Sources with a part for each set of instructions: every part computes the op, and the first that can run is taken."""

from __future__ import annotations

import numpy as np
import pytest

from unrut import ops
from unrut.emitter.build import read_cpu
from unrut.emitter.build.flags import NATIVE
from unrut.emitter.kernel import Kernel
from unrut.emitter.machine import described
from unrut.emitter.pipeline import emit_portable
from unrut.emitter.render.portable import PATHS
from unrut.errors import BuildError, PlanError
from unrut.reference import evaluate_with_bounds

pytestmark = pytest.mark.compiler

SHAPES = {
    "matmul": ((37, 29), (29, 45)),
    "softmax": ((5, 77),),
    "conv_caps": ((2, 3, 7, 7, 4, 4), (5, 3, 3, 3, 4, 4)),
    "max_plus": ((19, 23), (23, 21)),
    "median_filter": ((2, 9, 40),),
}


def operands(name):
    random = np.random.default_rng(1)
    return [random.standard_normal(shape).astype(np.float32) for shape in SHAPES[name]]


def runs_here(path):
    x86 = read_cpu().architecture == "x86_64"
    return set(path.features) <= set(read_cpu().features) and (not path.condition or x86 != path.always)


class Part:
    """A library in which a function of one part stands for the whole."""

    def __init__(self, library, path):
        self.source, self.ffi, self.path = library.source, library.ffi, path
        self.library = library

    def function(self, name):
        plain = self.source.signature.name
        return self.library.function(name.replace(plain, f"{plain}_{self.path}", 1))


@pytest.mark.parametrize("name", SHAPES)
def test_every_part_computes_the_op(name):
    arrays = operands(name)
    bound = getattr(ops, name).bind(*arrays)
    kernel = bound.compile(machine="portable")
    program = bound.program
    named = {operand.name: array for operand, array in zip(program.operands, arrays, strict=True)}
    wanted = evaluate_with_bounds(program, named, {})[program.results[0]]
    values = {}
    for path in filter(runs_here, PATHS):
        values[path.name] = Kernel(Part(kernel.library, path.name), kernel.trace)(*arrays)
        assert wanted.accepts(values[path.name]).all(), path.name
    assert len(values) >= 1
    taken = next(path for path in PATHS if runs_here(path))
    assert taken.machine.name == described(read_cpu()).name
    assert np.array_equal(kernel(*arrays), values[taken.name])


def test_nothing_is_compiled_for_this_processor_alone():
    kernel = ops.matmul.bind("f32[8, 8]", "f32[8, 8]").compile(machine="portable")
    words = {word for words in NATIVE for word in words}
    assert not words & set(kernel.library.toolchain.flags)
    assert 'target("' in kernel.source()
    assert "matmul_avx2" in kernel.header()


def test_run_time_sizes_and_checks_are_those_of_the_plain_kernel():
    program = ops.segment_sum.program("f32[n, 8]", "i64[m]")
    portable = emit_portable(program).source
    assert portable is not None
    bound = ops.segment_sum.bind("f32[n, 8]", "i64[m]")
    assert portable.signature == bound.compile().library.source.signature
    kernel = bound.compile(machine="portable")
    x, offsets = np.ones((6, 8), np.float32), np.array([0, 2, 6])
    assert np.array_equal(kernel(x, offsets), bound.reference(x, offsets))


def test_machines_are_native_or_portable():
    bound = ops.softmax.bind("f32[2, 2]")
    with pytest.raises(BuildError, match="no machine 'avx9'"):
        bound.compile(machine="avx9")
    with pytest.raises(PlanError, match="each set of instructions"):
        bound.compile(machine="portable", plan=bound.compile().show("plan"))

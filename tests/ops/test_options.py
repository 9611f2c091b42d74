# SPDX-License-Identifier: Apache-2.0
"""Options without meaning are refused in the user's words."""

from __future__ import annotations

import pytest

from unrut import ops
from unrut.errors import BindError

IMAGES, FILTERS = "f32[1, 2, 5, 5]", "f32[2, 2, 3, 3]"


@pytest.mark.parametrize(("stride", "said"), [(0, "0"), (-1, "-1"), (1.5, "no integer")])
@pytest.mark.parametrize("op", [ops.conv2d, ops.transposed_conv2d], ids=["conv2d", "transposed_conv2d"])
def test_a_stride_is_at_least_one(op, stride, said):
    with pytest.raises(BindError, match=f"`stride` is {said}, it must be an integer of at least 1"):
        op.program(IMAGES, FILTERS, stride=stride)


def test_padding_is_at_least_zero():
    with pytest.raises(BindError, match="`padding` is -1, it must be an integer of at least 0"):
        ops.depthwise_conv2d.program(IMAGES, "f32[2, 3, 3]", padding=-1)


def test_routing_takes_at_least_one_iteration():
    with pytest.raises(BindError, match="`iters` is 0, it must be an integer of at least 1"):
        ops.dynamic_routing.program("f32[1, 2, 3]", "f32[2, 4, 3, 5]", iters=0)

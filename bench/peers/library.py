# SPDX-License-Identifier: Apache-2.0
"""The little in which NumPy, PyTorch and JAX differ for what `forms` needs."""

from __future__ import annotations

from typing import Any


class Library:
    """Functions by NumPy's names; `windows` and `permute` in each library's own way."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.name = module.__name__.split(".")[0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def permute(self, x: Any, order: tuple[int, ...]) -> Any:
        """Axes in another order."""
        return x.permute(order) if self.name == "torch" else x.transpose(order)

    def contiguous(self, x: Any) -> Any:
        """The same numbers in C order."""
        return (
            x.contiguous() if self.name == "torch" else self.module.ascontiguousarray(x) if self.name == "numpy" else x
        )

    def windows(self, x: Any, axis: int, size: int, step: int = 1) -> Any:
        """All windows along an axis; their places are a last axis."""
        if self.name == "torch":
            return x.unfold(axis, size, step)
        if self.name == "numpy":
            found = self.module.lib.stride_tricks.sliding_window_view(x, size, axis)
            return found[(slice(None),) * axis + (slice(None, None, step),)]
        count = (x.shape[axis] - size) // step + 1
        places = step * self.module.arange(count)[:, None] + self.module.arange(size)
        return self.module.moveaxis(self.module.take(x, places, axis=axis), axis + 1, -1)

    def padded(self, x: Any, width: int) -> Any:
        """Zeros around the last two axes but those behind them: (..., y, x) of images."""
        if self.name == "torch":
            return self.module.nn.functional.pad(x, (width,) * 4)
        return self.module.pad(x, [(0, 0)] * (x.ndim - 2) + [(width, width)] * 2)

    def softmax(self, x: Any, axis: int) -> Any:
        """Shares of exponentials."""
        if self.name == "torch":
            return self.module.softmax(x, axis)
        if self.name == "jax":
            import jax

            return jax.nn.softmax(x, axis)
        shifted = self.module.exp(x - x.max(axis, keepdims=True))
        return shifted / shifted.sum(axis, keepdims=True)

    def sigmoid(self, x: Any) -> Any:
        """The logistic function."""
        return self.module.sigmoid(x) if self.name == "torch" else 1 / (1 + self.module.exp(-x))

    def logsigmoid(self, x: Any) -> Any:
        """Its logarithm."""
        if self.name == "torch":
            return self.module.nn.functional.logsigmoid(x)
        return -self.module.logaddexp(0, -x) if self.name == "jax" else -self.module.logaddexp(x.dtype.type(0), -x)

    def add_at(self, target: Any, places: tuple[Any, ...], values: Any) -> Any:
        """`target[places] += values`, in place where the library can."""
        if self.name == "jax":
            return target.at[places].add(values)
        target[places] += values
        return target

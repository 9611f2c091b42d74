# SPDX-License-Identifier: Apache-2.0
"""Two photographs that scikit-learn brings along, in greyscale, and a picture of them that is larger than any cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unrut.demo.data import Array

LUMINANCE = np.array([0.299, 0.587, 0.114])  # of red, green, blue: ITU-R BT.601


def load() -> dict[str, Array]:
    """Grey bytes (427, 640) by name: a Chinese temple, a flower."""
    from sklearn.datasets import load_sample_images

    found = load_sample_images()
    names = [Path(name).stem for name in found.filenames]
    return {name: np.rint(image @ LUMINANCE).astype(np.uint8) for name, image in zip(names, found.images, strict=True)}


def mosaic(photographs: dict[str, Array], file: Path, side: int) -> np.memmap[tuple[int, int], np.dtype[np.uint8]]:
    """A square of mirrored photographs in a file, mapped to be read. Written a band at a time: it never stands in memory."""
    tiles = list(photographs.values())
    height, width = tiles[0].shape
    mapped = np.memmap(file, np.uint8, "w+", shape=(side, side))
    for number, top in enumerate(range(0, side, height)):
        band = [
            tiles[(number + k) % len(tiles)][:: 1 - 2 * (number % 2), :: 1 - 2 * (k % 2)]
            for k in range(side // width + 1)
        ]
        rows = min(height, side - top)
        mapped[top : top + rows] = np.concatenate(band, axis=1)[:rows, :side]
    mapped.flush()
    return np.memmap(file, np.uint8, "r", shape=(side, side))

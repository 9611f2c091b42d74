# SPDX-License-Identifier: Apache-2.0
"""Random regions of photographs, compared by the median difference of their pixels: one op, a graph, a picture.

"Given an image in greyscale, choose two n by n regions at random, compute the median difference between their pixels, add
both to a graph with that edge": 100,000 times, on two photographs, and on a picture in a file that is larger than any cache.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unrut.demo import photographs
from unrut.demo.capsules import machine
from unrut.demo.data import Array
from unrut.demo.differences import differences
from unrut.demo.finding import notation
from unrut.demo.measure import cost_in_numpy, seconds_of
from unrut.demo.report import Report, in_bytes, in_seconds
from unrut.errors import BuildError

SIZE, PAIRS = 16, 100_000
SIDE = 16_384  # of the picture in a file: 268 MB
JUDGED = 2_000  # pairs that the reference computes, too
STEPS = 9

WHAT = """\
Two photographs of 427 x 640 pixels. {pairs:,} times, two regions of {size} x {size} pixels are chosen at random and compared:
the difference of a pair is the median of the {terms} differences of their pixels. A pair is an edge of a graph, a region a
node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Pairs of regions by their upper left corners, (p, 2) each, and their differences (p)."""

    tops: Array
    lefts: Array
    differences: Array


def draw_pairs(random: np.random.Generator, shape: tuple[int, ...], count: int) -> tuple[Array, Array]:
    """Corners of regions that lie inside an image."""
    tops, lefts = (random.integers(0, extent - SIZE + 1, (count, 2)) for extent in shape)
    return tops, lefts


def by_numpy(image: Array, tops: Array, lefts: Array) -> Array:
    """Medians as somebody who knows NumPy writes them: windows as a view, gathered a few thousand pairs at a time."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (SIZE, SIZE))
    found = np.empty(len(tops))
    for begin in range(0, len(tops), 4096):
        chunk = slice(begin, begin + 4096)
        first, second = (windows[tops[chunk, k], lefts[chunk, k]].astype(np.int16) for k in (0, 1))
        found[chunk] = np.median(np.abs(first - second).reshape(len(first), -1), axis=1)
    return found


def run(folder: Path) -> None:
    """Measure, make the graphs, draw, tell. Writes the picture and the C to `folder`."""
    begin = time.perf_counter()
    report = Report()
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    with report.working(STEPS):
        report.step("reading the photographs")
        images = photographs.load()
        first = next(iter(images.values()))
        tops, lefts = draw_pairs(random, first.shape, PAIRS)
        rows = [("100,000 pairs", "time", "peak memory"), *_costs(first, tops, lefts, folder, report.step)]
        report.step("both photographs")
        pairs = {name: _pairs(image, *draw_pairs(random, image.shape, PAIRS)) for name, image in images.items()}
        report.step("a picture that is larger than any cache")
        large = _large(images, random)
        report.step("graphs")
        said, picture = _graphs(images, pairs, folder, report.step)
    report.heading("Random regions of photographs")
    report.line(WHAT.format(pairs=PAIRS, size=SIZE, terms=SIZE * SIZE))
    report.heading("The op")
    report.line("In index notation, as it stands in unrut/demo/differences.py; no window is written out:\n")
    report.code(notation(differences), "python")
    report.line()
    report.table(rows)
    report.line(f"\nThe results are the same, bit for bit; so are those of the reference for {JUDGED:,} of the pairs.")
    report.heading("A picture larger than any cache")
    report.line(large)
    report.heading("The graphs")
    report.line(said)
    report.line(f"The picture: {picture}")
    report.line(f"\n{machine()}; {in_seconds(time.perf_counter() - begin)} in all.")


def _pairs(image: Array, tops: Array, lefts: Array) -> Pairs:
    return Pairs(tops=tops, lefts=lefts, differences=_computed(image, tops, lefts))


def _computed(image: Array, tops: Array, lefts: Array) -> Array:
    """By C where there is a compiler, else by NumPy."""
    try:
        found: Array = differences(image, tops, lefts, size=SIZE)
    except BuildError:
        return by_numpy(image, tops, lefts)
    return found


def _costs(
    image: Array, tops: Array, lefts: Array, folder: Path, step: Callable[[str], None]
) -> list[tuple[str, str, str]]:
    """Rows of the table; raises AssertionError where results differ."""
    step("the reference, for some of the pairs")
    wanted = differences.reference(image, tops[:JUDGED], lefts[:JUDGED], size=SIZE)
    step("NumPy, windows gathered")
    by_expert, expert = cost_in_numpy(lambda: by_numpy(image, tops, lefts), times=1)
    np.testing.assert_array_equal(by_expert[:JUDGED], wanted)
    rows = [("NumPy, windows gathered", in_seconds(expert.seconds), in_bytes(expert.peak))]
    step("compiling and running the C")
    bound = differences.bind(image, tops, lefts, size=SIZE)
    try:
        kernel = bound.compile("c")
    except BuildError as error:
        return [*rows, (f"no C this time: {error.message}", "", "")]
    found, seconds = seconds_of(lambda: kernel(image, tops, lefts), times=7)
    np.testing.assert_array_equal(found, by_expert)
    (folder / "differences.c").write_text(kernel.library.source.code, encoding="utf-8")
    cost = kernel.report()
    held = cost.shared + kernel.threads * cost.scratch + found.nbytes
    return [*rows, (f"C, {kernel.threads} threads", in_seconds(seconds), in_bytes(held))]


def _large(images: dict[str, Array], random: np.random.Generator) -> str:
    """The same on a mapped file, without a copy of it."""
    with tempfile.TemporaryDirectory() as place:
        image = photographs.mosaic(images, Path(place) / "mosaic.u8", SIDE)
        tops, lefts = draw_pairs(random, image.shape, PAIRS)
        found, seconds = seconds_of(lambda: _computed(image, tops, lefts), times=3)
        some = slice(0, JUDGED)
        np.testing.assert_array_equal(found[some], by_numpy(image, tops[some], lefts[some]))
        return (
            f"A file of {in_bytes(image.nbytes)} ({SIDE:,} x {SIDE:,} pixels), mapped by np.memmap and handed to the same op: "
            f"{PAIRS:,} pairs\ntake {in_seconds(seconds)}. Nothing of it is copied: the kernel reads the pages that the "
            "regions are on."
        )


def _graphs(
    images: dict[str, Array], pairs: dict[str, Pairs], folder: Path, step: Callable[[str], None]
) -> tuple[str, str]:
    """What there is to say of the graphs, and where the picture is, or why there is none."""
    missing = [name for name in ("networkx", "matplotlib") if importlib.util.find_spec(name) is None]
    if missing:
        why = f"left out, for lack of {' and '.join(missing)}; try: pip install 'unrut[demo]'"
        return why, why
    from unrut.demo import similar

    graphs = {name: similar.graph(found) for name, found in pairs.items()}
    step("drawing them")
    file = folder / "regions.png"
    similar.draw(images, graphs, file)
    return "\n".join(similar.told(name, graph) for name, graph in graphs.items()), str(file)

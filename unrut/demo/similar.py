# SPDX-License-Identifier: Apache-2.0
"""Regions of a photograph as a networkx graph, and its most similar pairs drawn over the photograph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from unrut.demo.data import Array
from unrut.demo.picture import INK, OTHER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from unrut.demo.regions import Pairs

SHOWN = 30  # pairs that are drawn
APART = 120  # pixels that they are apart at least: neighbours are alike without saying much
FLAT = 6  # grey levels: regions with less spread are sky or shade, and like each other


def graph(pairs: Pairs) -> Any:
    """Nodes are upper left corners (top, left), edges have the median difference as their `weight`."""
    found = nx.Graph()
    corners = zip(pairs.tops.tolist(), pairs.lefts.tolist(), strict=True)
    found.add_weighted_edges_from(
        ((t0, l0), (t1, l1), weight)
        for ((t0, t1), (l0, l1)), weight in zip(corners, pairs.differences.tolist(), strict=True)
    )
    return found


def told(name: str, found: Any) -> str:
    """A graph in one sentence."""
    weights = np.fromiter((w for _, _, w in found.edges(data="weight")), np.float64)
    largest = max(nx.connected_components(found), key=len)
    return (
        f"{name}: {found.number_of_nodes():,} regions, {found.number_of_edges():,} edges; median differences from "
        f"{weights.min():g} to {weights.max():g}, half of them\nbelow {np.median(weights):g}; the largest connected part has "
        f"{len(largest):,} regions."
    )


def most_similar(image: Array, found: Any, size: int) -> list[tuple[tuple[int, int], tuple[int, int], float]]:
    """The pairs with the smallest differences that are far apart, of regions in which there is something to see; no two
    pairs begin or end in one place.
    """

    def spread(corner: tuple[int, int]) -> float:
        top, left = corner
        return float(image[top : top + size, left : left + size].std())

    def apart(a: tuple[int, int], b: tuple[int, int], pixels: int) -> bool:
        return bool(np.hypot(a[0] - b[0], a[1] - b[1]) >= pixels)

    chosen: list[tuple[tuple[int, int], tuple[int, int], float]] = []
    for a, b, weight in sorted(found.edges(data="weight"), key=lambda edge: edge[2]):
        fresh = all(apart(one, other, 2 * size) for pair in chosen for one in pair[:2] for other in (a, b))
        if fresh and apart(a, b, APART) and min(spread(a), spread(b)) >= FLAT:
            chosen.append((a, b, weight))
        if len(chosen) == SHOWN:
            break
    return chosen


def draw(images: dict[str, Array], graphs: dict[str, Any], file: Path, size: int = 16) -> None:
    """Write the picture: each photograph with its most similar pairs of regions, joined by lines."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(images), figsize=(6.4 * len(images), 5.0), squeeze=False)
    for ax, (name, image) in zip(axes[0], images.items(), strict=True):
        shades = show(ax, image, most_similar(image, graphs[name], size), size)
        bar = figure.colorbar(shades, ax=ax, orientation="horizontal", fraction=0.03, pad=0.02, aspect=60)
        bar.ax.tick_params(labelsize=7, color=OTHER)
        bar.outline.set_visible(False)
        ax.set_title(name, fontsize=10, color=INK, loc="left")
    said = (
        f"The {SHOWN} most similar of 100,000 random pairs of {size} x {size} regions that are at least {APART} pixels apart "
        "and not flat, none twice in one place; colours: the median difference of their pixels, in grey levels"
    )
    figure.text(0.02, 0.03, said, fontsize=8, color=INK)
    figure.subplots_adjust(left=0.02, right=0.98, top=0.94, bottom=0.1, wspace=0.04)
    figure.savefig(file, dpi=130, facecolor="white")
    plt.close(figure)


def show(ax: Axes, image: Array, pairs: list[tuple[tuple[int, int], tuple[int, int], float]], size: int) -> Any:
    """A photograph, pale, with pairs of squares joined by lines, which are returned: their colours say the difference."""
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.patches import Rectangle

    ax.imshow(image, cmap="gray", vmin=-120, vmax=255, interpolation="nearest")
    middle = size / 2
    lines = [[(a[1] + middle, a[0] + middle), (b[1] + middle, b[0] + middle)] for a, b, _ in pairs]
    weights = np.array([weight for _, _, weight in pairs])
    shades = LineCollection(lines, cmap="plasma", linewidths=1.2, array=weights)
    ax.add_collection(shades)
    squares = [Rectangle((corner[1], corner[0]), size, size) for a, b, _ in pairs for corner in (a, b)]
    colours = shades.to_rgba(np.repeat(weights, 2))
    ax.add_collection(PatchCollection(squares, facecolor="none", edgecolor=colours, linewidths=1.4))
    ax.set(xticks=[], yticks=[], xlim=(0, image.shape[1]), ylim=(image.shape[0], 0))
    for side in ax.spines.values():
        side.set(color=OTHER, linewidth=0.5)
    return shades

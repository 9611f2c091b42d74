# SPDX-License-Identifier: Apache-2.0
"""One picture: what parents see and where a digit's votes come from, iteration after iteration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unrut.demo.data import Array
from unrut.demo.fitting import FIELD
from unrut.demo.layers import STRIDE, cosines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, RIGHT, WRONG, OTHER = "#22304a", "#1b998b", "#d1495b", "#9aa7bd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What routing did with a few images, one entry of each tuple an iteration.

    `images` (n, 8, 8), `labels` (n); `poses` (n, 3, 3, parents, 4, 4) and `activations` (n, 3, 3, parents) of the
    convolutional parents; `couplings` (n, 8, 8), the share of a place's children that listens to the winning digit;
    `lengths` (n, 10) of the digits' vectors.
    """

    images: Array
    labels: Array
    poses: tuple[Array, ...]
    activations: tuple[Array, ...]
    couplings: tuple[Array, ...]
    lengths: tuple[Array, ...]


def seen_by_winners(poses: Array, activations: Array) -> Array:
    """The images (n, 8, 8) as the most active parent of each place describes them; where fields overlap, their mean."""
    winner = activations.argmax(axis=-1)[..., np.newaxis, np.newaxis, np.newaxis]
    pose = np.take_along_axis(poses, winner, axis=3)[:, :, :, 0]
    waves = cosines(FIELD)
    field = np.einsum("nyxij,ai,bj->nyxab", pose, waves, waves)
    total, count = np.zeros((len(poses), 8 + FIELD, 8 + FIELD)), np.zeros((8 + FIELD, 8 + FIELD))
    for y in range(field.shape[1]):
        for x in range(field.shape[2]):
            rows, columns = slice(STRIDE * y + 1, STRIDE * y + 1 + FIELD), slice(STRIDE * x + 1, STRIDE * x + 1 + FIELD)
            total[:, rows, columns] += field[:, y, x]
            count[rows, columns] += 1
    inside = slice(FIELD // 2, FIELD // 2 + 8)
    image: Array = total[:, inside, inside] / count[inside, inside]
    return image


def draw(story: Story, file: Path) -> None:
    """Write the picture. One row for each image."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    seen = [seen_by_winners(p, a) for p, a in zip(story.poses, story.activations, strict=True)]
    rows = len(story.images)
    widths = [1, 0.3, *[1] * len(seen), 0.3, *[1] * len(story.couplings), 0.45, 2.6]
    height = 1.12 * rows + 1.35
    grid = {"wspace": 0.08, "hspace": 0.12, "left": 0.03, "right": 0.98}
    grid |= {"top": 1 - 1.05 / height, "bottom": 0.3 / height}
    size = (1.12 * sum(widths) + 0.6, height)
    figure, axes = plt.subplots(rows, len(widths), figsize=size, width_ratios=widths, squeeze=False, gridspec_kw=grid)
    first_seen, first_coupling = 2, 3 + len(seen)
    for row in range(rows):
        for spacer in (1, first_coupling - 1, len(widths) - 2):
            axes[row, spacer].axis("off")
        show(axes[row, 0], story.images[row], "Greys", 0, 1)
        for t, image in enumerate(seen):
            show(axes[row, first_seen + t], image[row], "Purples", 0, 1)
        highest = max(float(coupling[row].max()) for coupling in story.couplings)
        for t, coupling in enumerate(story.couplings):
            show(axes[row, first_coupling + t], coupling[row], "inferno", 0.1, highest)
        said = {"fontsize": 6.5, "color": "white", "ha": "right", "va": "bottom"}
        axes[row, first_coupling + len(story.couplings) - 1].text(7.35, 7.35, f"{100 * highest:.0f} %", **said)
        bars(axes[row, -1], [length[row] for length in story.lengths], int(story.labels[row]))
    axes[-1, -1].tick_params(labelbottom=True)
    for first, number in ((first_seen, len(seen)), (first_coupling, len(story.couplings))):
        for t in range(number):
            axes[0, first + t].set_title(f"iteration {t + 1}", fontsize=7.5, color=INK, pad=4)
    share = "the share of each place that goes to the winning\ndigit: black 10 %, brightest as written"
    headings = (
        (0, "Image", "8 x 8 pixels,\nheld out"),
        (first_seen, "EM routing", "the most active parent of each place says what\nit sees: its pose, drawn"),
        (first_coupling, "Dynamic routing", share),
        (-1, "Which digit?", "length of each digit's vector; lines: earlier\niterations; green: right, red: wrong"),
    )
    for column, heading, meaning in headings:
        left = axes[0, column].get_position().x0
        figure.text(left, 1 - 0.3 / height, heading, fontsize=11, color=INK, weight="bold")
        figure.text(left, 1 - 0.4 / height, meaning, fontsize=7.5, color=INK, va="top", linespacing=1.3)
    figure.savefig(file, dpi=150, facecolor="white")
    plt.close(figure)


def show(ax: Axes, image: Array, colours: str, low: float, high: float) -> None:
    ax.imshow(image, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    for side in ax.spines.values():
        side.set(color=OTHER, linewidth=0.5)


def bars(ax: Axes, lengths: list[Array], label: int) -> None:
    """The digits' lengths after the last iteration as bars, after earlier ones as ticks on them."""
    winner = int(lengths[-1].argmax())
    colours = [OTHER if digit != winner else RIGHT if digit == label else WRONG for digit in range(10)]
    ax.bar(range(10), lengths[-1], color=colours, width=0.72)
    for length in lengths[:-1]:
        ax.hlines(length, np.arange(10) - 0.36, np.arange(10) + 0.36, color=INK, linewidth=0.7)
    ax.set(ylim=(0, 1.05), yticks=[0, 1], xticks=range(10), xlim=(-0.6, 9.6))
    ax.tick_params(length=0, labelsize=7, colors=INK, labelbottom=False)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set(color=OTHER)

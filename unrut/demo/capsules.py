# SPDX-License-Identifier: Apache-2.0
"""The part `capsules`: a small capsule network on real digits, layer by layer, as reference, as NumPy and as C."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
import time
from pathlib import Path

import numpy as np

from unrut.demo import data, network, story
from unrut.demo.finding import Compiled, Finding, find
from unrut.demo.measure import Agreement
from unrut.demo.picture import Story
from unrut.demo.report import Report, in_bytes, in_seconds

STEPS = 13

WHAT = """\
1,797 real handwritten digits, 8 x 8 pixels. Around every pixel eight primary capsules: a 4 x 4 pose, and how sure an edge
is there. Their votes are routed twice: by EM to convolutional parents (Hinton, Sabour, Frosst 2018), and by dynamic
routing to ten digits (Sabour, Frosst, Hinton 2017). The weights are least-squares fits to {train:,} digits; what follows
is about the {test} others."""


def run(folder: Path) -> None:
    """Fit, measure, draw, tell. Writes sources and the picture to `folder`."""
    begin = time.perf_counter()
    report = Report()
    folder.mkdir(parents=True, exist_ok=True)
    with report.working(STEPS):
        report.step("reading the digits")
        digits = data.load()
        report.step("primary capsules")
        poses, activations = network.primary(digits.images)
        report.step("fitting the weights")
        layers = network.em_layer(digits, poses, activations), network.dynamic_layer(digits, poses, activations)
        findings = [find(layer, folder, report.step) for layer in layers]
        report.step("a picture")
        picture = draw(story.tell(digits, *layers, activations), folder)
    report.heading("Capsules on real images")
    report.line(WHAT.format(train=digits.test.start, test=digits.held_out))
    for finding in findings:
        tell(report, finding)
    report.heading("What comes out")
    right = network.accuracy(findings[1].results[0], digits.labels[digits.test])
    report.line(f"Of {digits.held_out} held-out digits {100 * right:.1f} % have the longest vector at their own digit.")
    report.line(f"The picture: {picture}")
    report.heading("Next")
    report.line("Look at the picture, then at the C of an op of your own, or of ours:\n")
    report.line(
        f'    {command()} show unrut.ops:conv_caps "f32[n, 8, 9, 9, 4, 4]" "f32[16, 8, 3, 3, 4, 4]" --stage source'
    )
    report.line(f"\n{machine()}; {in_seconds(time.perf_counter() - begin)} in all.")


def draw(told: Story, folder: Path) -> str:
    """Where the picture was written, or why there is none."""
    if importlib.util.find_spec("matplotlib") is None:
        return "left out, for lack of matplotlib; try: pip install 'unrut[demo]'"
    from unrut.demo import picture

    file = folder / "capsules.png"
    picture.draw(told, file)
    return str(file)


def tell(report: Report, finding: Finding) -> None:
    """One layer: its notation, its C, what agrees, what it costs."""
    layer, compiled = finding.layer, finding.compiled
    shapes = ", ".join(str(array.shape) for array in layer.arrays[:2])
    report.heading(f"{layer.name}, {len(layer.arrays[0])} images, operands {shapes} ...")
    report.line("In index notation, as it stands in unrut/ops/routing.py:\n")
    report.code(finding.text, "python")
    if compiled is not None:
        built = in_seconds(compiled.seconds_to_build)
        report.line(f"\nA piece of its C ({compiled.lines} lines in {compiled.file}, built in {built}):\n")
        report.code(compiled.excerpt, "c")
    rows = [("", "time", "peak memory", "largest error / bound")]
    rows.append(("reference", in_seconds(finding.reference.seconds), in_bytes(finding.reference.peak), ""))
    expert = finding.expert
    rows.append(
        ("NumPy, votes written out", in_seconds(expert.seconds), in_bytes(expert.peak), share(finding.expert_agreement))
    )
    if compiled is not None:
        cost = compiled.cost
        rows.append(("C", in_seconds(cost.seconds), in_bytes(cost.peak), share(compiled.agreement)))
    report.line()
    report.table(rows)
    report.line()
    judged = finding.expert_agreement
    report.line(
        f"The bound is the worst that rounding can do, derived from the op; it says something about "
        f"{100 * judged.judged / judged.elements:.0f} % of {judged.elements:,} elements."
    )
    if compiled is None:
        report.line(f"No C this time: {finding.reason}")
    else:
        report.line(traffic(finding, compiled))


def traffic(finding: Finding, compiled: Compiled) -> str:
    """Bytes moved over bytes that must be moved, beside the votes."""
    least = compiled.compulsory
    return (
        f"Operands and results are {in_bytes(least)}. The C moves {in_bytes(compiled.moved)}, {compiled.moved / least:.2f} "
        f"times that; a composition of\narray operations that writes every intermediate {in_bytes(compiled.composed)}, "
        f"{compiled.composed / least:.0f} times. The votes alone, written out, are {in_bytes(finding.layer.votes)}."
    )


def share(found: Agreement) -> str:
    """The largest error as a share of its bound."""
    return f"{100 * found.worst:.2g} %"


def command() -> str:
    """How `unrut` is started from here. An environment below this folder may be on the path of nox alone, so it is named."""
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        return f"{python.relative_to(Path.cwd())} -m unrut"
    return "unrut" if shutil.which("unrut") else f"{python} -m unrut"


def machine() -> str:
    """What the numbers were measured on."""
    import os

    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}"

# SPDX-License-Identifier: Apache-2.0
"""The roofline: what each workload does to a byte, how fast it runs, and how fast it could."""

from __future__ import annotations

from typing import Any

from bench.store import Store
from bench.table import milliseconds


def draw(store: Store) -> str:
    """Draw the picture beside the data; what was done, in a line."""
    try:
        import matplotlib as mpl
    except ImportError:
        return "no picture: matplotlib is not installed"
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rates = store.data.get(f"rates of {store.data['machine']['threads']}")
    points = list(_points(store.data))
    if not points or not rates:
        return "no picture: nothing is measured yet"
    peak = 2 * rates["operations"]["fma_f32"] / 1e9
    figure, axes = plt.subplots(figsize=(9, 5.2), layout="constrained")
    low, high = min(p[1] for p in points) / 1.5, max(p[1] for p in points) * 1.5
    intensity = [low * (high / low) ** (k / 200) for k in range(201)]
    for level, style in (("memory", "-"), ("L3", "--"), ("L2", ":")):
        bandwidth = rates["bytes"][level]["copy"] / 1e9
        roof = [min(peak, bandwidth * x) for x in intensity]
        axes.plot(intensity, roof, style, color="0.45", linewidth=1, label=f"{level} {bandwidth:.0f} GB/s")
    for name, x, ours, peer in points:
        axes.plot([x, x], [ours, peer or ours], color="0.8", linewidth=1, zorder=1)
        axes.plot(x, ours, "o", color="tab:blue", markersize=5, zorder=3)
        if peer:
            axes.plot(x, peer, "x", color="tab:red", markersize=5, zorder=2)
        axes.annotate(name, (x, ours), textcoords="offset points", xytext=(4, 3), fontsize=5.5)
    axes.plot([], [], "o", color="tab:blue", label="unrut")
    axes.plot([], [], "x", color="tab:red", label="best peer")
    axes.set(
        xscale="log", yscale="log", xlabel="operations a compulsory byte", ylabel="billions of operations a second"
    )
    machine = store.data["machine"]
    title = f"{machine['cpu']}, threads: {machine['threads']}, {store.data['date']}; f32 multiply-adds {peak:.0f} GF/s"
    axes.set_title(title, fontsize=9)
    axes.legend(fontsize=7, loc="best")
    file = store.file.with_suffix(".svg")
    figure.savefig(file)
    plt.close(figure)
    return f"picture: {file}"


def _points(data: Any) -> Any:
    from bench.table import best_peer

    for name, found in data["workloads"].items():
        share = found.get("share")
        if share and share["operations"] and "rows" in found:
            ours, peer = milliseconds(found), best_peer(found)[1]
            rate = share["operations"] / 1e6
            yield name, share["operations"] / share["bytes"], rate / ours, rate / peer if peer != float("inf") else None

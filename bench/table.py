# SPDX-License-Identifier: Apache-2.0
"""Results as tables in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.workloads import WORKLOADS, Bar

Found = Mapping[str, Any]
OURS = "unrut out="
FRESH = "unrut fresh"
HEADLINE = "conv_caps N=8"


def best_peer(found: Found) -> tuple[str, float]:
    """The fastest right peer and its milliseconds."""
    known = {
        name: row["seconds"]
        for name, row in found["rows"].items()
        if not name.startswith("unrut") and "seconds" in row and not row.get("fault")
    }
    if not known:
        return "", float("inf")
    name = min(known, key=known.__getitem__)
    return name, 1e3 * known[name]


def milliseconds(found: Found) -> float:
    """Of a call with results given."""
    return 1e3 * float(found["rows"][OURS]["seconds"])


def reached(found: Found, bar: Bar) -> float:
    """What a bar speaks of: a share of a floor, or how many times as fast as the best peer."""
    over = {"floor": "floor", "special": "special", "gather": "gather"}.get(bar.by)
    return best_peer(found)[1] / milliseconds(found) if over is None else found["share"][over] / milliseconds(found)


def rows(data: Found) -> Iterator[tuple[str, ...]]:
    """A line for each workload: times, share, the best peer, bars, cold and warm starts, workspace."""
    for workload in WORKLOADS:
        found = data["workloads"].get(workload.name)
        if found is None:
            continue
        if "fault" in found:
            yield workload.name, found["fault"], *[""] * 10
            continue
        peer, peer_ms = best_peer(found)
        ours, share = milliseconds(found), found["share"]
        bars = [(bar, reached(found, bar)) for bar in workload.bars]
        cold = found.get("cold", {})
        yield (
            workload.name,
            f"{ours:.3f}",
            f"{1e3 * found['rows'][FRESH]['seconds']:.3f}",
            f"{share['floor']:.3f}",
            f"{100 * share['floor'] / ours:.0f} %",
            f"{100 * share['special'] / ours:.0f} %",
            f"{peer_ms:.3f}" if peer else "",
            peer.removesuffix(f", {workload.kind} 1"),
            f"{peer_ms / ours:.1f}" if peer else "",
            ", ".join(
                f"{bar.by} {value:.2f} of {bar.least:.2f}{'' if value >= bar.least else ' !'}" for bar, value in bars
            ),
            f"{cold['cold']:.2f} / {cold['warm']:.2f}" if cold else "",
            f"{share['workspace'] / 1e3:.0f}",
        )


HEAD = (
    "workload", "ms", "fresh", "floor", "share", "+special", "best peer", "which", "times", "bars (! below)", "cold/warm s",
    "kB",
)  # fmt: skip


def headline(data: Found) -> Iterator[tuple[str, ...]]:
    """Convolutional capsules: for each system seconds to the first result, milliseconds of a call, memory, bytes."""
    found = data["workloads"].get(HEADLINE)
    if found is None or "rows" not in found:
        return
    for name, row in sorted(found["rows"].items(), key=lambda item: item[1].get("seconds", float("inf"))):
        if row.get("fault"):
            yield name, "wrong or missing", row["fault"], "", ""
            continue
        ours = name.startswith("unrut")
        first = found.get("cold", {}).get("cold", 0.0) if ours else row.get("first", 0.0) + row.get("import", 0.0)
        memory = found["share"]["workspace"] if ours else row.get("memory", 0)
        moved = f"{found['share']['moved'] / 1e6:.1f}" if ours else ""
        yield name, f"{first:.2f}", f"{1e3 * row['seconds']:.3f}", f"{memory / 1e6:.1f}", moved
    if "composed" in found["share"]:
        yield "as array operations, every intermediate written", "", "", "", f"{found['share']['composed'] / 1e6:.1f}"


HEADLINE_HEAD = ("conv_caps N=8", "first result s", "ms a call", "extra MB", "MB moved")


def shown(head: tuple[str, ...], lines: Iterator[tuple[str, ...]]) -> str:
    """Columns as wide as they need be; the first one to the left."""
    table = [head, *lines]
    widths = [max(len(line[k]) for line in table if len(line) > k) for k in range(len(head))]
    left = {0, *(k for k, title in enumerate(head) if title in ("which", "bars (! below)"))}
    return "\n".join(
        "  ".join(
            c.ljust(w) if k in left else c.rjust(w) for k, (c, w) in enumerate(zip(line, widths, strict=False))
        ).rstrip()
        for line in table
    )


def markdown(head: tuple[str, ...], lines: Iterator[tuple[str, ...]]) -> str:
    """The same for a page."""
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ("---",) * len(head), *lines))


def summary(data: Found) -> str:
    """How many bars are met, and which are not."""
    known = [(w, data["workloads"][w.name]) for w in WORKLOADS if "rows" in data["workloads"].get(w.name, {})]
    all_bars = [(w.name, bar, reached(found, bar)) for w, found in known for bar in w.bars]
    met = [entry for entry in all_bars if entry[2] >= entry[1].least]
    wrong = {
        f"{name} ({row['fault']})" for _, found in known for name, row in found["rows"].items() if row.get("fault")
    }
    lines = [f"{len(met)} of {len(all_bars)} bars met"]
    if wrong:
        lines.append("left out as wrong or failing: " + "; ".join(sorted(wrong)))
    return "\n".join(lines)

# SPDX-License-Identifier: Apache-2.0
"""Plans as a few lines of text that can be kept beside a source, edited and read back: `parse_plan(show(p)) == p`.

plan 1 for conv
tuned for avx512, vectors of 64 bytes, L1 32768, L2 1048576, 2 cores
inline h
stage w
classes y: h = 2
slab y: x_slab = x
merge y: xc/16 = x c
pack y: w_packed = xc k xc_lane
y: loops n x/6 c/64; tile x c; reduce k; lanes c; share 0; tasks 2
  # why
"""

from __future__ import annotations

from unrut.emitter.schedule.plan import Classes, Entry, LoopOver, Merge, Pack, Plan, Slab
from unrut.errors import PlanError

VERSION = "plan 1 for "
TUNED = "tuned for "
PARTS = ("loops", "tile", "reduce", "lanes", "turn", "past", "ahead", "stored", "share", "tasks", "price")


def show(plan: Plan) -> str:
    """The plan as text, reasons as comments."""
    lines = [VERSION + plan.program]
    if plan.tuned:
        lines.append(TUNED + plan.tuned)
    lines += [f"  # {reason}" for reason in plan.reasons]
    if plan.inlined:
        lines.append("inline " + " ".join(plan.inlined))
    if plan.staged:
        lines.append("stage " + " ".join(plan.staged))
    lines += [f"classes {c.computation}: {c.axis} = {c.by}" for c in plan.classes]
    lines += [f"slab {s.computation}: {s.name} = {s.tensor}" for s in plan.slabs]
    for merge in plan.merged:
        lanes = f"/{merge.lanes}" if merge.lanes else ""
        lines.append(f"merge {merge.computation}: {merge.axis}{lanes} = {' '.join(merge.of)}")
    lines += [f"pack {p.computation}: {p.name} = {' '.join(p.order)}" for p in plan.packed]
    for entry in plan.entries:
        lines.append(f"{entry.computation}: {'; '.join(_parts(entry))}")
        lines += [f"  # {reason}" for reason in entry.reasons]
    return "\n".join(lines)


def _parts(entry: Entry) -> list[str]:
    said = {
        "loops": " ".join(map(str, entry.loops)),
        "tile": " ".join(entry.tile),
        "reduce": " ".join(map(str, entry.reduce)),
        "lanes": entry.lanes,
        "turn": " ".join(entry.turn),
        "past": "caches" if entry.past else "",
        "ahead": str(entry.ahead) if entry.ahead else "",
        "stored": " ".join(entry.stored),
        "share": str(entry.share),
        "tasks": str(entry.tasks) if entry.tasks else "",
        "price": str(entry.price) if entry.price else "",
    }
    return [f"{part} {said[part]}" for part in PARTS if said[part]]


def parse_plan(text: str) -> Plan:
    """Read a plan. Raises PlanError with the line that can't be read."""
    lines = [line.split("#")[0].rstrip() for line in text.splitlines()]
    lines = [line for line in lines if line.strip()]
    if not lines or not lines[0].startswith(VERSION):
        raise PlanError(f"a plan begins with the line `{VERSION}NAME`", remedy="the text that `k.show('plan')` gives")
    inlined: tuple[str, ...] = ()
    staged: tuple[str, ...] = ()
    tuned = ""
    classes: tuple[Classes, ...] = ()
    slabs: tuple[Slab, ...] = ()
    merged: tuple[Merge, ...] = ()
    packed: tuple[Pack, ...] = ()
    entries: list[Entry] = []
    for line in lines[1:]:
        if line.startswith(TUNED):
            tuned = line.removeprefix(TUNED).strip()
        elif line.startswith("inline "):
            inlined = (*inlined, *line.split()[1:])
        elif line.startswith("stage "):
            staged = (*staged, *line.split()[1:])
        elif line.startswith("classes "):
            computation, name, of = _named(line)
            classes = (*classes, Classes(computation=computation, axis=name, by=_number(" ".join(of))))
        elif line.startswith("slab "):
            computation, name, of = _named(line)
            slabs = (*slabs, Slab(computation=computation, name=name, tensor=" ".join(of)))
        elif line.startswith("merge "):
            merged = (*merged, _merge(line))
        elif line.startswith("pack "):
            computation, name, order = _named(line)
            packed = (*packed, Pack(computation=computation, name=name, order=order))
        else:
            entries.append(_entry(line))
    return Plan(
        program=lines[0].removeprefix(VERSION).strip(),
        inlined=inlined,
        staged=staged,
        classes=classes,
        slabs=slabs,
        merged=merged,
        packed=packed,
        entries=tuple(entries),
        tuned=tuned,
    )


def _merge(line: str) -> Merge:
    computation, name, of = _named(line)
    axis, slash, lanes = name.partition("/")
    return Merge(computation=computation, axis=axis, of=of, lanes=_number(lanes) if slash else 0)


def _named(line: str) -> tuple[str, str, tuple[str, ...]]:
    """`word computation: name = axes`."""
    head, _, rest = line.partition(":")
    name, sign, axes = rest.partition("=")
    words = head.split()
    if len(words) != 2 or not sign or not name.strip() or not words[1].isidentifier():
        raise PlanError(f"`{line}` is no line of a plan", remedy="`merge y: xc/16 = x c`, `pack y: w_packed = xc k`")
    return words[1], name.strip(), tuple(axes.split())


def _entry(line: str) -> Entry:
    name, colon, rest = line.partition(":")
    said: dict[str, list[str]] = {}
    for part in filter(str.strip, rest.split(";")):
        word, *values = part.split()
        if word not in PARTS or word in said:
            raise PlanError(f"`{part.strip()}` is no part of a plan's line", remedy=f"one each of {', '.join(PARTS)}")
        said[word] = values
    if not colon or not name.isidentifier():
        raise PlanError(f"`{line}` is no line of a plan", remedy="`name: loops i j/16; share 0`")
    return Entry(
        computation=name,
        loops=tuple(_loop(word) for word in said.get("loops", [])),
        tile=tuple(said.get("tile", [])),
        reduce=tuple(_loop(word) for word in said.get("reduce", [])),
        lanes="".join(said.get("lanes", [])),
        turn=tuple(said.get("turn", [])),
        past=_past(said.get("past", [])),
        ahead=_number(said.get("ahead", ["0"])[0]),
        stored=tuple(said.get("stored", [])),
        share=_number(said.get("share", ["0"])[0]),
        tasks=_number(said.get("tasks", ["0"])[0]),
        price=_number(said.get("price", ["0"])[0]),
    )


def _loop(word: str) -> LoopOver:
    word, plus, rest = word.partition("+")
    axis, slash, block = word.partition("/")
    return LoopOver(axis=axis, block=_number(block) if slash else 1, rest=_number(rest) if plus else 0)


def _past(words: list[str]) -> bool:
    if words not in ([], ["caches"]):
        raise PlanError(f"`past {' '.join(words)}` says nothing", remedy="`past caches`, or leave it out")
    return bool(words)


def _number(word: str) -> int:
    if not word.isdecimal():
        raise PlanError(f"`{word}` is no number", remedy="a number from 0 on")
    return int(word)

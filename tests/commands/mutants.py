# SPDX-License-Identifier: Apache-2.0
"""Plant mechanical mistakes in the emitter and its templates, one at a time, and see whether the quick tests find them.

    python tests/commands/mutants.py --count 200 --seed 7 --jobs 2

Mutants are drawn by the printed seed over all of emitter/ and templates/; none is picked. A mutant is killed when a test
fails, crashes or hangs. Survivors are listed; those explained in `survivors.toml` (the change has no effect on meaning, with
the reason) are counted apart. Exit status 1 if a survivor is not explained.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mutations import Mutation, mutations

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("emitter", "templates")
SUITES = ("tests/emitter", "tests/properties", "tests/build", "tests/ops")
LIMIT = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one mutant: `killed` by which test, or not at all; seconds it took."""

    mutation: Mutation
    killed: str
    seconds: float


def all_mutations() -> list[Mutation]:
    """Every mutation of every file of the rooms that git knows, in a fixed order."""
    listed = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.splitlines() if name.endswith((".py", ".j2", ".h"))]
    return [m for file in sorted(files) for m in mutations(ROOT, file)]


def plant(folder: Path, mutation: Mutation | None) -> None:
    """A tree in which `import unrut` finds the mutated sources: real folders in place of the package mapping."""
    skip = shutil.ignore_patterns("__pycache__", "reference", "emitter", "templates")
    shutil.copytree(ROOT / "unrut", folder / "unrut", ignore=skip)
    for room in ("reference", *ROOMS):
        shutil.copytree(ROOT / room, folder / "unrut" / room, ignore=shutil.ignore_patterns("__pycache__"))
    for plain in ("tests", "docs"):
        shutil.copytree(ROOT / plain, folder / plain, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    if mutation is not None:
        (folder / "unrut" / mutation.file).write_text(mutation.text, encoding="utf-8")


def judge(mutation: Mutation | None) -> Outcome:
    """Run the quick tests on one mutant until the first of them fails."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        plant(folder, mutation)
        environment = os.environ | {
            "PYTHONPATH": str(folder),
            "UNRUT_CACHE_DIR": str(folder / "kernels"),
            "CI": "true",
            "UNRUT_REQUIRE_COMPILER": "1",
        }
        suites = [suite for suite in SUITES if (folder / suite).is_dir()]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *suites]
        try:
            run = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            return Outcome(mutation=mutation, killed="hung", seconds=time.monotonic() - began)
        failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        killed = "" if run.returncode == 0 else (failed or [f"exit status {run.returncode}"])[0].split(" - ")[0]
        if mutation is None and killed:
            print(run.stdout[-4000:])
        return Outcome(mutation=mutation, killed=killed, seconds=time.monotonic() - began)


def explained() -> dict[str, str]:
    """Survivors that change no meaning, by key, with the reason."""
    file = Path(__file__).with_name("survivors.toml")
    return dict(tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", {}))


def verdicts(drawn: list[Mutation], jobs: int) -> Iterator[Outcome]:
    """The outcomes in the order of the draw, as they become known."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(judge, drawn)


def main() -> int:
    """Draw, plant, judge, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="only files whose path contains this")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    known = [m for m in all_mutations() if options.only in m.file]
    drawn = random.Random(seed).sample(known, min(options.count, len(known)))
    print(f"{len(drawn)} mutants of {len(known)}, drawn with --seed {seed}", flush=True)
    healthy = judge(None)
    if healthy.killed:
        print(f"the tests fail without a mutant: {healthy.killed}")
        return 2
    reasons, survivors = explained(), []
    for number, outcome in enumerate(verdicts(drawn, options.jobs), 1):
        mutation = outcome.mutation
        reason = reasons.get(mutation.key, "")
        state = f"killed by {outcome.killed}" if outcome.killed else f"survived ({reason})" if reason else "SURVIVED"
        print(f"{number:4} {outcome.seconds:5.0f} s  {mutation.key} (line {mutation.line}): {state}", flush=True)
        if not outcome.killed and not reason:
            survivors.append(mutation)
    print(f"{len(drawn) - len(survivors)} of {len(drawn)} killed or explained; {len(survivors)} survived")
    for mutation in survivors:
        print(f"\n{mutation.file}:{mutation.line}: {mutation.kind}\n  - {mutation.before}\n  + {mutation.after}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

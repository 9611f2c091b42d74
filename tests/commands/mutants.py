# SPDX-License-Identifier: Apache-2.0
"""Plant mechanical mistakes in the emitter and its templates, one at a time, and see whether the quick tests find them.

    python tests/commands/mutants.py --count 200 --seed 7 --jobs 2
    python tests/commands/mutants.py --only graph/ragged graph/places lower/updates     # a part of the emitter
    python tests/commands/mutants.py --count 2 --sample       # a few minutes, for every change: survivors are listed, no fault

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
BUILDING = ("tests/build", "tests/emitter/test_kernel.py", "tests/properties/test_conformance.py")
SUITES = ("tests/emitter", "tests/properties")
BROAD = "tests/properties/test_conformance.py"
LIMIT = 600.0
SAMPLE_LIMIT = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one mutant: `killed` by which test, or not at all; the digest of what a survivor emits; seconds."""

    mutation: Mutation | None
    killed: str
    digest: str
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


def judge(mutation: Mutation | None, kernels: Path, limit: float = LIMIT) -> Outcome:
    """Run the quick tests on one mutant until the first of them fails, or `limit` seconds are over.

    Most mutants change few kernels, so the others are compiled once and kept in `kernels`. The build room's own mutants get
    a cache of their own.
    """
    began = time.monotonic()
    building = mutation is not None and mutation.file.startswith("emitter/build/")
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        plant(folder, mutation)
        environment = os.environ | {
            "PYTHONPATH": str(folder),
            "UNRUT_CACHE_DIR": str(folder / "kernels" if building else kernels),
            "CI": "true",
            "UNRUT_REQUIRE_COMPILER": "1",
        }
        suites = BUILDING if building else likely_first(mutation.file if mutation else "")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *suites]
        try:
            run = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=limit, check=False
            )
        except subprocess.TimeoutExpired:
            verdict = f"not decided in {limit:.0f} s" if limit == SAMPLE_LIMIT else "hung"
            return Outcome(mutation=mutation, killed=verdict, digest="", seconds=time.monotonic() - began)
        failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        killed = "" if run.returncode == 0 else (failed or [f"exit status {run.returncode}"])[0].split(" - ")[0]
        if mutation is None and killed:
            print(run.stdout[-4000:])
        digest = "" if killed else _output([sys.executable, "tests/commands/emitted_digest.py"], folder, environment)
        return Outcome(mutation=mutation, killed=killed, digest=digest, seconds=time.monotonic() - began)


def _output(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


def likely_first(mutated: str) -> list[str]:
    """The test files, those first that are named after the mutated file or import it, then what goes through all rooms."""
    name = Path(mutated).stem.removesuffix("s")
    files = sorted(file for suite in SUITES for file in (ROOT / suite).rglob("test_*.py"))

    def rank(file: Path) -> tuple[int, str]:
        path = file.relative_to(ROOT).as_posix()
        named = bool(name) and (name in file.stem or name in _imported(file))
        return (0 if named else 1 if path == BROAD else 2, path)

    return [path for _, path in sorted(map(rank, files))]


def _imported(file: Path) -> set[str]:
    """The last names of the modules that a test imports, without the plural's s."""
    words = (
        line.split()[1] for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("from unrut.")
    )
    return {word.rpartition(".")[2].removesuffix("s") for word in words}


def explained() -> dict[str, str]:
    """Survivors that change no meaning, by key, with the reason."""
    file = Path(__file__).with_name("survivors.toml")
    return dict(tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", {}))


def verdicts(drawn: list[Mutation], jobs: int, kernels: Path, limit: float = LIMIT) -> Iterator[Outcome]:
    """The outcomes in the order of the draw, as they become known."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda mutation: judge(mutation, kernels, limit), drawn)


def main() -> int:
    """Draw, plant, judge, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sample", action="store_true", help="little time for each, no run without a mutant, exit 0")
    parser.add_argument("--only", nargs="+", default=[""], help="only files whose path contains one of these")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    known = [m for m in all_mutations() if any(part in m.file for part in options.only)]
    drawn = random.Random(seed).sample(known, min(options.count, len(known)))
    print(f"{len(drawn)} mutants of {len(known)}, drawn with --seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutants-") as kernels:
        if options.sample:
            report(verdicts(drawn, options.jobs, Path(kernels), SAMPLE_LIMIT), "")
            return 0
        healthy = judge(None, Path(kernels))
        if healthy.killed:
            print(f"the tests fail without a mutant: {healthy.killed}")
            return 2
        print(f"without a mutant they pass in {healthy.seconds:.0f} s", flush=True)
        limit = max(LIMIT, 3 * healthy.seconds)  # on a machine that is busy, slow is not hung
        survivors = report(verdicts(drawn, options.jobs, Path(kernels), limit), healthy.digest)
    print(f"{len(drawn) - len(survivors)} of {len(drawn)} killed or explained; {len(survivors)} survived")
    for mutation in survivors:
        print(f"\n{mutation.file}:{mutation.line}: {mutation.kind}\n  - {mutation.before}\n  + {mutation.after}")
    return 1 if survivors else 0


def report(outcomes: Iterator[Outcome], digest: str) -> list[Mutation]:
    """Print what became of each mutant; the survivors that nothing explains.

    A survivor that emits the same C for the corpus and the whole op library is marked so: it changes words, a bound of the
    planner that no op meets, or nothing.
    """
    reasons, survivors = explained(), []
    for number, outcome in enumerate(outcomes, 1):
        mutation = outcome.mutation
        assert mutation is not None
        reason = reasons.get(mutation.key, "")
        text = "the same C" if outcome.digest == digest else "other C"
        ended = outcome.killed if outcome.killed.startswith("not decided") else f"killed by {outcome.killed}"
        state = ended if outcome.killed else f"SURVIVED, {text}{reason and ': ' + reason}"
        print(f"{number:4} {outcome.seconds:5.0f} s  {mutation.key} (line {mutation.line}): {state}", flush=True)
        if not outcome.killed and not reason:
            survivors.append(mutation)
    return survivors


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""A digest of the C that is emitted for the conformance corpus and the op library: whether a change shows in any text."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from op_specs import SPECS

import unrut as ur
from unrut import ops
from unrut.emitter import emit


def main() -> None:
    """Print the digest."""
    corpus = Path(__file__).resolve().parents[2] / "docs" / "conformance" / "cases.toml"
    cases = tomllib.loads(corpus.read_text(encoding="utf-8"))["case"]
    programs = [ur.parse(case["program"]).program() for case in cases]
    programs += [getattr(ops, name).program(*map(ur.spec, specs)) for name, specs in SPECS.items()]
    texts = [source.code for program in programs if (source := emit(program).source) is not None]
    print(hashlib.sha256("\0".join(texts).encode()).hexdigest())


if __name__ == "__main__":
    main()

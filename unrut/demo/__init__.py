# SPDX-License-Identifier: Apache-2.0
"""`unrut demo [PART]`: unrut at work on real data, measured on the machine at hand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

PARTS = {
    "capsules": "capsules on handwritten digits: EM routing and dynamic routing, as reference and as C",
    "regions": "100,000 pairs of regions of photographs, their median differences as a graph",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one part. 0: shown; 2: there is no such part. Raises ModuleNotFoundError without scikit-learn."""
    known = "\n".join(f"  {name:10} {what}" for name, what in PARTS.items())
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="unrut demo", description=__doc__, epilog=f"parts:\n{known}", formatter_class=form
    )
    parser.add_argument("part", nargs="?", default="capsules", metavar="PART", help="default: %(default)s")
    parser.add_argument("--into", type=Path, default=Path("unrut-demo"), metavar="FOLDER", help="default: %(default)s")
    options = parser.parse_args(argv)
    if options.part not in PARTS:
        print(f"there is no part `{options.part}` of the demo; the parts are\n{known}", file=sys.stderr)
        return 2
    if options.part == "regions":
        from unrut.demo import regions

        regions.run(options.into)
    else:
        from unrut.demo import capsules

        capsules.run(options.into)
    return 0

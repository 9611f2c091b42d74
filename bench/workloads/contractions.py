# SPDX-License-Identifier: Apache-2.0
"""Contractions of TCCG's list (Springer and Bientinesi, arXiv 1607.00145): every axis in the order of the name, f32.

Extents: equal ones, so that the largest tensor has about ten million elements; of those with six axes TCCG's own.
"""

from __future__ import annotations

import unrut as ur
from bench.workloads.workload import Bar, Workload, normal

NAMES = (
    "abcde-efbad-cf abcd-dbea-ec abc-bda-dc abcdef-dega-gfbc abcdef-degc-gfab abcd-ea-ebcd abcd-ec-abed ab-cad-dcb "
    "abc-acd-db ab-ac-cb abcd-aebf-fdec abcd-eafd-fbec"
).split()
BY_RANK = {2: 3164, 3: 216, 4: 56, 5: 24}
OF_SIX = dict(zip("abcdefg", (24, 16, 16, 24, 16, 16, 24), strict=True))


def extents_of(name: str) -> dict[str, int]:
    """The extent of each axis."""
    rank = max(map(len, name.split("-")))
    letters = sorted(set(name) - {"-"})
    return {letter: OF_SIX[letter] if rank == 6 else BY_RANK[rank] for letter in letters}


def _workload(name: str) -> Workload:
    result, left, right = name.split("-")
    extents = extents_of(name)
    reduced = [letter for letter in sorted(set(left + right)) if letter not in result]
    text = (
        f"contraction(A, B) -> C\nC[{', '.join(result)}] = sum[{', '.join(reduced)}]"
        f"(A[{', '.join(left)}]*B[{', '.join(right)}])\n"
    )
    shapes = [tuple(extents[letter] for letter in part) for part in (left, right)]
    return Workload(
        name=name,
        op=ur.parse(text),
        arrays=normal(*shapes),
        kind="einsum",
        details={"peers": {"formula": f"{left},{right}->{result}"}},
        bars=(Bar(by="peer", least=1.0), Bar(by="floor", least=0.75)),
    )


WORKLOADS = tuple(map(_workload, NAMES))

# SPDX-License-Identifier: Apache-2.0
"""Finding what is wrong with an op: what looks like a mistake (`lint`), and where two versions part (`compare`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unrut.bound import Bound
    from unrut.debugging.comparison import Comparison
    from unrut.debugging.finding import Findings
    from unrut.op import Op


def lint(what: Op | Bound, /, *arrays: Any, **options: Any) -> Findings:
    """What looks like a mistake in an op, each with the line it stands on and something to try.

        print(ur.lint(conv))                      for sizes that are not known
        print(ur.lint(conv, X, K, stride=2))      for these arrays, specs and options; the same as of conv.bind(...)

    With arrays also values are looked at: cancellation, NaN, results that are all 0. Findings are data: `kind`,
    `level` ("mistake", or "look": legal and often meant), `message`, `places`, `remedy`, `statement`. An op without findings
    may still be wrong. Kinds and what they mean: docs/debugging.md.

    Raises what `bind` raises, and nothing for what can be bound.
    """
    from unrut.debugging.linting import lint as found

    return found(what, *arrays, **options)


def compare(first: Op | Bound, second: Op | Bound | Any, /, *arrays: Any, **options: Any) -> Comparison:
    """Where two versions of an op part: the first tensor that differs by more than both bounds on rounding allow.

        ur.compare(conv, conv_again, X, K)                 two ops on the same arrays
        ur.compare(f.bind(X), f.bind(X64))                 two dtypes, or anything that is bound to arrays
        ur.compare(f.bind(X), {"mean": m, "Y": y})         an op against arrays that are known to be right

    Tensors belong together by name, then by order and shape. At the worst element of the first pair that parts both
    versions are explained, and what differs there is listed: reads, terms, how many there are. `print` shows it.
    Everything is computed by the reference and held whole, with bounds.

    Raises what `bind` raises, and BindError where an op is given without arrays.
    """
    from unrut.debugging.comparing import compare as found

    return found(first, second, *arrays, **options)

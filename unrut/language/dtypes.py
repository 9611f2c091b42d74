# SPDX-License-Identifier: Apache-2.0
"""Names of dtypes from whatever people write for them: `ur.f32`, `"f32"`, `np.float32`, `float`."""

from __future__ import annotations

import re

import numpy as np

from unrut.errors import DTypeError
from unrut.language.signature import unknown_dtype
from unrut.language.vocabulary import DTYPES
from unrut.program.types import DType, dtype_of
from unrut.spans import Span


def dtype_name(dtype: object, span: Span | None = None, what: str = "") -> str:
    """The notation's name. Raises DTypeError for dtypes that the language doesn't have, and for foreign byte order.

    `what` names the argument that has the dtype.
    """
    subject = f"{what} has dtype" if what else "here is dtype"
    match dtype:
        case DType():
            return dtype.name
        case str() if dtype in DTYPES:
            return dtype
        case DType.bf16.value:  # known to NumPy only where ml_dtypes has been imported
            return DType.bf16.name
        case str() if re.fullmatch(r"(b?f|[ciu])\d+", dtype):  # NumPy counts bytes there: its f16 has 128 bits
            raise unknown_dtype(dtype, span)
    try:
        found = np.dtype(dtype)  # type: ignore[call-overload]
    except TypeError:
        raise unknown_dtype(str(dtype), span) from None
    known = dtype_of(found)
    if known is None:
        error = unknown_dtype(str(found), span)
        raise DTypeError(f"{subject} {found}, which unrut doesn't have", places=error.places, remedy=error.remedy)
    if not found.isnative:
        error = unknown_dtype(str(found), span)
        remedy = "a.astype(a.dtype.newbyteorder('='))"
        raise DTypeError(f"{subject} {found} of foreign byte order", places=error.places, remedy=remedy)
    return known.name

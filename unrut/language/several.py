# SPDX-License-Identifier: Apache-2.0
"""What `ur.axes` gives: a tuple, also for one name, that is no axis itself and says so."""

from __future__ import annotations

from typing import Any, NoReturn

from unrut.language.operators import Axis, no_value
from unrut.language.origin import caller_span


class Axes(tuple[Axis, ...]):
    """Axes in the order of their names, to be unpacked: `n, c = ur.axes("n c")`."""

    __slots__ = ()

    def _refuse(self, *_: object) -> NoReturn:
        raise no_value(self, caller_span())

    def __add__(self, other: Any) -> Any:
        return (*self, *other) if isinstance(other, tuple) else self._refuse()

    __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _refuse
    __floordiv__ = __rfloordiv__ = __truediv__ = __rtruediv__ = __neg__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse

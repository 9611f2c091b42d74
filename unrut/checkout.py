# SPDX-License-Identifier: Apache-2.0
"""Where the rooms are when the package is imported from a checkout.

An installation has them inside of the package. In a checkout they lie beside this folder, and whoever runs Python there
imports this folder first, whatever is installed.
"""

from pathlib import Path

import unrut

_package = Path(__file__).parent
if not (_package / "emitter").is_dir() and (_package.parent / "emitter").is_dir():
    unrut.__path__.append(str(_package.parent))

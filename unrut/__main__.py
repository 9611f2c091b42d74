# SPDX-License-Identifier: Apache-2.0
"""`python -m unrut` is the command `unrut`."""

import sys

from unrut.cli import main

sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Source -> Library: finding and proving compilers, the cache of what they made, loading it.

What is wrong on a machine is told by `doctor`, which is not imported here: ops need it only when something fails.
"""

from unrut.emitter.build.cache import Cache, CacheInfo, open_cache
from unrut.emitter.build.cpu import Cpu, read_cpu
from unrut.emitter.build.flags import PORTABLE
from unrut.emitter.build.library import Library, build
from unrut.emitter.build.search import find_toolchain
from unrut.emitter.build.toolchain import Toolchain

__all__ = [
    "PORTABLE",
    "Cache",
    "CacheInfo",
    "Cpu",
    "Library",
    "Toolchain",
    "build",
    "find_toolchain",
    "open_cache",
    "read_cpu",
]

# SPDX-License-Identifier: Apache-2.0
"""Run as a program, in a process of its own: ask NVIDIA's driver for its devices, print them as JSON.

A process of its own, because a driver that was started here could not be used in children forked later.
"""

from __future__ import annotations

import ctypes
import json


def main() -> None:
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        print(json.dumps({"why": "no driver library (libcuda.so.1)"}))
        return
    if status := cuda.cuInit(0):
        print(
            json.dumps({"why": f"the driver does not start (cuInit gives {status}: no device, or none for this user)"})
        )
        return
    count, version = ctypes.c_int(), ctypes.c_int()
    cuda.cuDeviceGetCount(ctypes.byref(count))
    cuda.cuDriverGetVersion(ctypes.byref(version))
    devices = [describe(cuda, number) for number in range(count.value)]
    driver = f"{version.value // 1000}.{version.value % 1000 // 10}"
    print(json.dumps({"devices": devices, "driver": driver, "why": "" if devices else "the driver has no device"}))


def describe(cuda: ctypes.CDLL, number: int) -> str:
    """`NVIDIA H200, sm_90, 140 GiB`."""
    device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    name, size = ctypes.create_string_buffer(256), ctypes.c_size_t()
    cuda.cuDeviceGet(ctypes.byref(device), number)
    cuda.cuDeviceGetName(name, len(name), device)
    cuda.cuDeviceGetAttribute(ctypes.byref(major), 75, device)  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
    cuda.cuDeviceGetAttribute(ctypes.byref(minor), 76, device)  # ... and MINOR
    cuda.cuDeviceTotalMem_v2(ctypes.byref(size), device)
    return f"{name.value.decode(errors='replace')}, sm_{major.value}{minor.value}, {size.value / 2**30:.0f} GiB"


if __name__ == "__main__":
    main()

"""What has forks copy less of the memory that they share with each other, and keep less that they have freed."""

import ctypes
import sys
from functools import partial
from itertools import repeat

_M_ARENA_MAX = -8

_BATCH = 8 * 1024
"""Bytes that are filled with small objects of one size at a time: half of what Python takes for them at a time."""

_BATCHES = 100
"""How many of them for one size at most. Memory that Python was set to get elsewhere may never be side by side."""

_fillings: list[list[object]] = []


def one_arena() -> None:
    """Has malloc use one area for all threads, if called before the first of them.

    Each of several would keep what was freed in it, and a fork has all areas of its parent.
    """
    if glibc := _glibc():
        glibc.mallopt(_M_ARENA_MAX, 1)


def fill_holes() -> None:
    """Takes what is free between objects, for good.

    A fork would put its new objects there, and copy a whole page for each. Without holes they lie side by side on pages
    of its own.
    """
    if glibc := _glibc():
        glibc.malloc_trim(0)
        end = glibc.sbrk(0)
        for size in (*(1024 * kib for kib in (64, 32, 16, 8, 4, 2)), *range(1024, 0, -16)):
            while (glibc.malloc(size) or end) < end:
                pass
    for size in range(32, 513, 16):
        make = float if size == 32 else partial(bytes, size - sys.getsizeof(b""))
        count = _BATCH // size
        for _ in range(_BATCHES):
            batch: list[object] = [make() for _ in repeat(None, count)]
            _fillings.append(batch)
            if max(map(id, batch)) - min(map(id, batch)) < (count + 2) * size:  # side by side: that was no hole
                break


def trim() -> None:
    """Gives freed memory back to the system, also what lies between what is in use; takes some milliseconds."""
    if glibc := _glibc():
        glibc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux" or not hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        return None
    libc.malloc.restype = libc.sbrk.restype = ctypes.c_void_p
    libc.malloc.argtypes, libc.sbrk.argtypes = [ctypes.c_size_t], [ctypes.c_ssize_t]
    return libc

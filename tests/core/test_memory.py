"""What is done before forks, so that they copy less: tried in processes of their own, since it can't be undone."""

import os
import subprocess
import sys

import pytest

from config.data_folder import ROOT

HOLES = """
from core.memory import fill_holes
lasting = [bytes({size}) for _ in range(2000)]
del lasting[::2]
if {fill}:
    fill_holes()
pages = {{id(each) // 4096 for each in lasting}}
new = [bytes({size}) for _ in range(500)]
print(len(pages & {{id(each) // 4096 for each in new}}))
"""

AREAS = """
import ctypes, threading
from core.memory import one_arena
if {once}:
    one_arena()
addresses = []
def work():
    addresses.append(id(bytes(5000)))
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
heap = next(line.split()[0] for line in open("/proc/self/maps") if "[heap]" in line)
begin, end = (int(bound, 16) for bound in heap.split("-"))
print(sum(not begin <= address < end for address in addresses))
"""


def _printed(program: str) -> int:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.parametrize(
    "size", [100, pytest.param(700, marks=pytest.mark.skipif(sys.platform != "linux", reason="glibc"))]
)
def test_new_objects_do_not_lie_among_old_ones_once_the_holes_are_filled(size):
    assert _printed(HOLES.format(size=size, fill=False)) > 0
    assert _printed(HOLES.format(size=size, fill=True)) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_threads_allocate_in_the_area_of_all():
    assert _printed(AREAS.format(once=False)) > 0
    assert _printed(AREAS.format(once=True)) == 0


FREED = """
from core.memory import trim
def taken():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])
often = [b"x" * 100_000 for _ in range(200)]
lasting = b"x" * 100_000  # what lies above keeps malloc from giving back what is below by itself
before = taken()
del often
{trim}
print(before - taken())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_freed_memory_below_what_is_in_use_goes_back():
    pages = 200 * 100_000 // os.sysconf("SC_PAGE_SIZE")
    assert _printed(FREED.format(trim="")) < pages * 0.1
    assert _printed(FREED.format(trim="trim()")) > pages * 0.9

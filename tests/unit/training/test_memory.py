"""Kept memory: counted in page faults of a process of its own, since it holds for a whole process."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, torch
from fusionkit.training.memory import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def step():
    return float(torch.ones(16 << 20).sum())  # 64 MiB
for _ in range(20):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_a_step_finds_the_memory_of_the_last_one():
    def faults(how):
        done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert faults("keep") * 20 < faults("give back")

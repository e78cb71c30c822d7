"""How a process and a batch are fitted to the device."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bgbias.devices import choose_batch_size, choose_precision, seed_generators

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
FAULTS = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import torch
from bgbias.devices import prepare_cpu
if sys.argv[2] == "prepared":
    prepare_cpu(threads=1)
for _ in range(40):
    torch.zeros(2**24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.zeros(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, torch.get_num_threads())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_memory_that_a_pass_freed_is_there_for_the_next():
    def faults(how):
        command = [sys.executable, "-c", FAULTS, str(SCRIPTS), how]
        environment = {**os.environ, "OMP_NUM_THREADS": "2"}
        done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
        return list(map(int, done.stdout.split()))

    # Twenty times 64 MB: 16,384 pages each, or 32 large ones. Kept, they need none, once the heap has grown
    # around what is small and stays, which is over after some ten of the forty that are not counted.
    often, (seldom, threads) = faults("as it comes")[0], faults("prepared")
    assert often >= 20 * 32
    assert seldom <= often / 4
    assert threads == 1, "the job's own number, not the environment's"


@pytest.mark.parametrize(
    ("given", "side", "device", "expected"),
    [
        (None, 64, "cpu", 128),  # 128 · 64² = 2¹⁹
        (None, 224, "cpu", 10),  # 2¹⁹ / 224² = 10.4
        (None, 224, "cuda", 83),  # 2²² / 224² = 83.6
        (None, 4000, "cpu", 1),
        (7, 224, "cuda", 7),
    ],
)
def test_a_batch_is_as_large_as_its_images_allow(given, side, device, expected):
    assert choose_batch_size(given, side, torch.device(device)) == expected


def test_a_cpu_trains_in_float32_unless_told_otherwise():
    cpu = torch.device("cpu")
    assert choose_precision("auto", cpu) == torch.float32
    assert choose_precision("bfloat16", cpu) == torch.bfloat16


def test_what_is_drawn_depends_on_the_seed():
    drawn = []
    for seed in (1, 2, 1):
        seed_generators(seed, torch.device("cpu"))
        drawn.append(torch.rand(4).tolist())
    assert drawn[0] == drawn[2] != drawn[1]

"""How a process and a batch are fitted to the device."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from bgbias.devices import choose_batch_size, choose_device, choose_precision, seed_generators
from bgbias.errors import StudyError

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


@pytest.fixture
def cards(monkeypatch):
    """Let PyTorch have three cards: a V100, which it was not built for, and two that it was."""
    capabilities = [(7, 0), (8, 6), (12, 0)]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    for name, answer in {
        "is_available": lambda: bool(capabilities),
        "init": lambda: None,
        "get_arch_list": lambda: ["sm_75", "sm_80", "sm_90", "compute_120"],
        "device_count": lambda: len(capabilities),
        "get_device_capability": lambda number: capabilities[number],
        "get_device_properties": lambda number: SimpleNamespace(uuid=f"test-{os.getpid()}-{number}"),
        "get_device_name": lambda: "V100",
        "set_device": lambda number: None,
    }.items():
        monkeypatch.setattr(torch.cuda, name, answer)
    cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.benchmark, cudnn.allow_tf32, products.allow_tf32
    yield capabilities
    cudnn.benchmark, cudnn.allow_tf32, products.allow_tf32 = before


def test_a_gpu_that_this_pytorch_was_not_built_for_is_passed_over(cards):
    assert choose_device("auto") == torch.device("cuda", 1)
    assert choose_device("cuda") == torch.device("cuda", 2), "the other has been claimed"


def test_where_a_gpu_cannot_be_used_it_is_said_why(cards, capsys):
    del cards[1:]
    assert choose_device("auto") == torch.device("cpu")
    assert "WARNING: the CPU is used although there is a GPU. V100 is too old" in capsys.readouterr().out
    with pytest.raises(StudyError, match=r"requests cuda, .* V100 is too old for this PyTorch"):
        choose_device("cuda")


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

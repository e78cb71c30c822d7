"""Where models run, and how exactly."""

import ctypes
import platform
import re
from collections.abc import Callable

import torch

from bgbias.errors import StudyError, first_line
from bgbias.gpu_claims import claim, count_gpus

_ARCHITECTURE = re.compile(r"sm_(\d+)")  # compute capability 7.5 is sm_75, 12.0 is sm_120
# The numbers of glibc's mallopt.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
# ASSUME: a GPU has room for four million pixels, and needs no more of them to be busy; it was not measured.
_CPU_PIXELS, _GPU_PIXELS = 2**19, 2**22


def prepare_cpu(threads: int) -> None:
    """What this process's speed on a CPU depends on, for the rest of its life."""
    torch.set_num_threads(threads)
    # Subnormal numbers are hundreds of times slower than zero, and as good as zero here.
    torch.set_flush_denormal(True)
    # What one pass frees the next one takes: given back to the system, every page would be fetched and
    # emptied again, an eighth of a training step. Other C libraries than glibc have no such function.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, -1)
        mallopt(_MMAP_MAX, 0)


def choose_batch_size(given: int | None, side: int, device: torch.device) -> int:
    """How many images of ``side`` × ``side`` pixels pass through a model at once: ``given``, or by the size.

    For a million pixels the backward pass of the registry's networks needs 0.4 (SqueezeNet) to 2.9 GB
    (ViT-B/16). A CPU is fastest where a pass needs little memory.
    """
    pixels = _CPU_PIXELS if device.type == "cpu" else _GPU_PIXELS
    return given or max(1, pixels // side**2)


def choose_device(name: str) -> torch.device:
    """The device for ``auto`` (a GPU where there is one), ``cpu`` or ``cuda``; of several GPUs a free one.

    On a GPU sums run in no fixed order, so two runs of one seed differ in their last digits, and bigger
    differences grow from these in training. On the CPU with the same number of threads they are equal.
    """
    if name == "cpu":
        return torch.device(name)
    usable = _usable_gpus()
    if not usable:
        if name == "cuda":
            raise StudyError(
                f"The configuration asks for cuda, but PyTorch has no GPU here; use cpu. {_no_gpu()}."
            )
        if count_gpus():
            print(f"WARNING: there is a GPU, but the CPU is used. {_no_gpu()}.", flush=True)
        return torch.device("cpu")
    torch.backends.cudnn.benchmark = True
    # ASSUME: float32 convolutions may round their factors to ten bits, in embedding too. Products may
    # not: distances are products, in losses, attribution and search, where near neighbours would swap.
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cuda.matmul.allow_tf32 = False
    uuids = [str(torch.cuda.get_device_properties(number).uuid) for number in usable]
    number = usable[claim(uuids) if len(usable) > 1 else 0]
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def _usable_gpus() -> list[int]:
    """The GPUs that this PyTorch has code for; on an older one each operation would fail."""
    if not torch.cuda.is_available():
        return []
    built_for = [int(found[1]) for found in map(_ARCHITECTURE.match, torch.cuda.get_arch_list()) if found]
    oldest = divmod(min(built_for, default=0), 10)  # AMD's have other names, and are all taken
    return [i for i in range(torch.cuda.device_count()) if torch.cuda.get_device_capability(i) >= oldest]


def _no_gpu() -> str:
    """Why: there is none, its driver is too old for this PyTorch, or it is itself."""
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return f"PyTorch says: {first_line(error)}"
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()} is too old for this PyTorch"
    return "torch.cuda.is_available() says no"


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The number format of training for ``auto`` (bfloat16 on a GPU that has it), float32 or bfloat16."""
    # ASSUME: bfloat16 trains as float32 did in the study; the scores that select an epoch have it too.
    if name == "auto":
        # Older GPUs emulate it, slowly.
        native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[name]


def seed_generators(seed: int, device: torch.device) -> None:
    """Start PyTorch's own generators, which dropout draws from, at ``seed``."""
    # torch.manual_seed looks for every kind of device that there is, 80 µs.
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def fetch(tensor: torch.Tensor) -> Callable[[], list]:
    """Start to copy ``tensor`` to the host; the function returned waits for it and gives its numbers.

    It waits for nothing that the device was given later, as ``tensor.tolist()`` would.
    """
    if tensor.device.type != "cuda":
        return tensor.tolist
    # Blocking: a thread that polled would take the core from the one that makes batches.
    copy, arrived = tensor.to("cpu", non_blocking=True), torch.cuda.Event(blocking=True)
    arrived.record()

    def numbers() -> list:
        arrived.synchronize()
        return copy.tolist()

    return numbers


def describe_device(device: torch.device) -> str:
    """The device in words, for run.yaml."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU ({platform.machine()}, {threads} {'thread' if threads == 1 else 'threads'})"

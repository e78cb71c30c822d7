"""Choice of device, number format and batch size, and CPU settings that affect speed."""

import ctypes
import platform
import re
from collections.abc import Callable

import torch

from bgbias.errors import StudyError, first_line
from bgbias.gpu_claims import claim, count_gpus

_ARCHITECTURE = re.compile(r"sm_(\d+)")  # compute capability 7.5 is sm_75, 12.0 is sm_120
# Parameter numbers of glibc's mallopt.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
# ASSUME: a GPU has memory for four million pixels and is fully used by them; this was not measured.
_CPU_PIXELS, _GPU_PIXELS = 2**19, 2**22


def prepare_cpu(threads: int) -> None:
    """Configure this process for speed on the CPU."""
    torch.set_num_threads(threads)
    # Subnormal numbers are hundreds of times slower than zero, and can be treated as zero here.
    torch.set_flush_denormal(True)
    # Keep freed memory for the next pass: if it were returned to the system, every page would be requested
    # and zeroed again, an eighth of a training step. Only glibc has this function.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, -1)
        mallopt(_MMAP_MAX, 0)


def choose_batch_size(given: int | None, side: int, device: torch.device) -> int:
    """Images of ``side`` × ``side`` pixels per pass through a model: ``given``, or derived from their size.

    For a million pixels the backward pass of the registry's networks needs 0.4 (SqueezeNet) to 2.9 GB
    (ViT-B/16). A CPU is fastest if a pass needs little memory.
    """
    pixels = _CPU_PIXELS if device.type == "cpu" else _GPU_PIXELS
    return given or max(1, pixels // side**2)


def choose_device(name: str) -> torch.device:
    """The device for ``auto`` (a GPU if available), ``cpu`` or ``cuda``; with several GPUs, a free one.

    On a GPU the order of summation is not fixed, so two runs with the same seed differ in their last digits,
    and training amplifies the differences. On the CPU with the same number of threads they are equal.
    """
    if name == "cpu":
        return torch.device(name)
    usable = _usable_gpus()
    if not usable:
        if name == "cuda":
            raise StudyError(
                f"The configuration requests cuda, but PyTorch has no usable GPU here; use cpu. {_no_gpu()}."
            )
        if count_gpus():
            print(f"WARNING: the CPU is used although there is a GPU. {_no_gpu()}.", flush=True)
        return torch.device("cpu")
    torch.backends.cudnn.benchmark = True
    # ASSUME: float32 convolutions may round their factors to ten bits, also when embedding. Matrix products
    # may not: distances in losses, attribution and search are computed from them, and near neighbours would
    # swap.
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cuda.matmul.allow_tf32 = False
    uuids = [str(torch.cuda.get_device_properties(number).uuid) for number in usable]
    number = usable[claim(uuids) if len(usable) > 1 else 0]
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def _usable_gpus() -> list[int]:
    """The GPUs that this PyTorch build supports; on an older one every operation would fail."""
    if not torch.cuda.is_available():
        return []
    built_for = [int(found[1]) for found in map(_ARCHITECTURE.match, torch.cuda.get_arch_list()) if found]
    oldest = divmod(min(built_for, default=0), 10)  # AMD's have other names and are all accepted
    return [i for i in range(torch.cuda.device_count()) if torch.cuda.get_device_capability(i) >= oldest]


def _no_gpu() -> str:
    """Why there is no usable GPU: none exists, or it or its driver is too old for this PyTorch."""
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return f"PyTorch reports: {first_line(error)}"
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()} is too old for this PyTorch"
    return "torch.cuda.is_available() is False"


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The number format of training for ``auto`` (bfloat16 if the GPU supports it), float32 or bfloat16."""
    # ASSUME: bfloat16 trains as well as float32 did in the study; the scores that select an epoch use it too.
    if name == "auto":
        # Older GPUs emulate it, which is slow.
        native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[name]


def seed_generators(seed: int, device: torch.device) -> None:
    """Seed PyTorch's global generators, which dropout uses."""
    # torch.manual_seed checks for every kind of device, which takes 80 µs.
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def fetch(tensor: torch.Tensor) -> Callable[[], list]:
    """Start copying ``tensor`` to the host; the returned function waits for the copy and returns its numbers.

    Unlike ``tensor.tolist()``, it does not wait for work submitted to the device later.
    """
    if tensor.device.type != "cuda":
        return tensor.tolist
    # Blocking: a polling thread would take the core from the one that prepares batches.
    copy, arrived = tensor.to("cpu", non_blocking=True), torch.cuda.Event(blocking=True)
    arrived.record()

    def numbers() -> list:
        arrived.synchronize()
        return copy.tolist()

    return numbers


def describe_device(device: torch.device) -> str:
    """Description of the device for run.yaml."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU ({platform.machine()}, {threads} {'thread' if threads == 1 else 'threads'})"

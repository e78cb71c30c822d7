"""A GPU of paper, for machines without one: what is written for a GPU runs, and tensors left behind show.

Its tensors say that they lie on another device, are computed on the CPU, and refuse to be mixed with those of
the CPU. The other device is PyTorch's "meta", which every build knows.
"""

from contextlib import contextmanager, nullcontext
from unittest.mock import patch

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map_only

PAPER = torch.device("meta")


@contextmanager
def gpu():
    """The device to test on: the first GPU, or one of paper while this context lasts.

    Convolutions there have full precision, else they would differ from a CPU's in the third digit.
    """
    if torch.cuda.is_available():
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            yield torch.device("cuda", 0)
        return
    with (
        patch("torch.tensor", _tensor),
        patch("torch.autocast", lambda *_, **__: nullcontext()),
        patch("torch.inference_mode", lambda *_: torch.no_grad()),  # wrappers cannot be inference tensors
        # The mode below holds in this thread only.
        patch("bgbias.input_pipeline.ahead.prefetch", map),
        _PaperMode(),
    ):
        yield PAPER


class _OnPaper(torch.Tensor):
    """A tensor on the GPU of paper; ``values`` are its numbers, on the CPU."""

    @staticmethod
    def __new__(cls, values):
        self = torch.Tensor._make_wrapper_subclass(
            cls,
            values.shape,
            strides=values.stride(),
            storage_offset=values.storage_offset(),
            dtype=values.dtype,
            device=PAPER,
            requires_grad=values.requires_grad,
        )
        self.values = values
        return self

    def tolist(self):
        return self.values.tolist()

    def __repr__(self):
        return f"on paper: {self.values}"

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return _run(operation, args, kwargs or {})


class _PaperMode(TorchDispatchMode):
    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        if torch._C._dispatch_has_kernel_for_dispatch_key(operation.name(), "CompositeImplicitAutograd"):
            with self:  # made of others, which are looked at one by one
                return operation.decompose(*args, **(kwargs or {}))
        return _run(operation, args, kwargs or {})


# What takes tensors of both devices on a real GPU too: copies, and indices on the CPU.
_MIXING = {
    torch.ops.aten._to_copy.default,
    torch.ops.aten.copy_.default,
    torch.ops.aten.index.Tensor,
    torch.ops.aten.index_put_.default,
}


def _run(operation, args, kwargs):
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    on_paper = [isinstance(tensor, _OnPaper) for tensor in tensors]
    elsewhere = [tuple(t.shape) for t, paper in zip(tensors, on_paper, strict=True) if t.dim() and not paper]
    if any(on_paper) and elsewhere and operation not in _MIXING:
        raise RuntimeError(f"{operation} mixes tensors of the GPU with those of the CPU, {elsewhere}")
    goes_there, plain = any(on_paper), dict(kwargs)
    if plain.get("device") is not None:
        goes_there = torch.device(plain["device"]) == PAPER
        plain["device"] = "cpu"
    given = tree_map_only(_OnPaper, lambda tensor: tensor.values, (args, plain))
    result = operation(*given[0], **given[1])
    if not goes_there:
        return result
    result = tree_map_only(torch.Tensor, _OnPaper, result)
    return return_and_correct_aliasing(operation, args, kwargs, result) if any(on_paper) else result


_cpu_tensor = torch.tensor


def _tensor(data, *args, device="cpu", **kwargs):
    return _cpu_tensor(data, *args, **kwargs).to(device)  # of itself it passes the mode by

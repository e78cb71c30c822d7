"""A user's own network as one file: a program written by ``torch.export``, code and weights together."""

import json
import os
import zipfile

import torch
from torch import Tensor, nn

from bgbias.configuration.keywords import EXPORTED
from bgbias.errors import StudyError, first_line
from bgbias.models.trial import embed_one

_REEXPORT = (
    "Export it again: torch.export.save(torch.export.export(model.float().cpu().eval(), "
    f"(torch.rand(2, 3, 224, 224),), dynamic_shapes=({{0: torch.export.Dim.DYNAMIC}},)), 'file{EXPORTED}')"
)


class ExportedNetwork(nn.Module):
    """The program in the file ``path``: (B, 3, S, S) float32 → (B, ``features``).

    Batches larger than the program accepts are split. StudyError if the file holds no such program, or one
    that accepts a single batch size only, gives an image different embeddings depending on the batch, or does
    not propagate gradients to its input. Loading a program can run code of whoever wrote the file.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__()
        program = _read(path)
        self.network = program.module()
        for name in program.graph_signature.lifted_tensor_constants:  # not moved between devices otherwise
            owner, _, name = name.rpartition(".")
            module = self.network.get_submodule(owner)
            constant = getattr(module, name)
            delattr(module, name)
            module.register_buffer(name, constant, persistent=False)
        self.at_once = _largest_batch(program)
        self.to("cpu")
        self.features = self._check_and_count(program, path)
        self.exported_size = tuple(program.example_inputs[0][0].shape[2:])

    def forward(self, images: Tensor) -> Tensor:
        if self.at_once is not None and len(images) > self.at_once:
            return torch.cat([self(part) for part in images.split(self.at_once)])
        # Contiguous, as at export, because a `view` in the program fits no other layout; and a copy, because
        # the program may change its input in place.
        return self.network(images.clone(memory_format=torch.contiguous_format))

    def train(self, mode: bool = True) -> "ExportedNetwork":
        """Leave the program unchanged: PyTorch refuses to switch the mode of an exported program."""
        self.training = mode
        return self

    def _apply(self, fn, recurse: bool = True) -> "ExportedNetwork":
        before = self._device()
        super()._apply(fn, recurse)
        for tensor in (*self.parameters(), *self.buffers()):
            tensor.data = tensor.data.contiguous()
        device = self._device()
        # Autocast that applied on the old device applies on the new one; for any other device it had no
        # effect and still has none.
        autocasts = {before.type: device.type, device.type: before.type}

        def moved(value):
            return device if isinstance(value, torch.device) else value

        # The program creates tensors on the device it was exported on; redirect that to the new one. Parts
        # under no_grad, autocast or a condition are graphs of their own.
        for part in self.network.modules():
            if isinstance(part, torch.fx.GraphModule):
                for node in part.graph.nodes:
                    node.args = torch.fx.node.map_aggregate(node.args, moved)
                    node.kwargs = torch.fx.node.map_aggregate(node.kwargs, moved)
                    if node.target is torch.ops.higher_order.wrap_with_autocast:
                        kind, *others = node.args
                        node.args = (autocasts.get(kind, kind), *others)
                part.recompile()
        return self

    def _device(self) -> torch.device:
        return next((tensor.device for tensor in self.state_dict().values()), torch.device("cpu"))

    def _check_and_count(self, program: torch.export.ExportedProgram, path: str | os.PathLike) -> int:
        """The number of features per image, after checking that the program can be used."""
        examples, named = program.example_inputs or ((), {})
        shape = tuple(examples[0].shape) if len(examples) == 1 and isinstance(examples[0], Tensor) else ()
        if named or len(shape) != 4 or shape[1] != 3:
            raise StudyError(f"{path} must take one argument, images of shape (B, 3, S, S). {_REEXPORT}.")
        image, vector = embed_one(self, shape[2:], path, _REEXPORT)
        if not _lets_gradient_through(image, vector):
            raise StudyError(
                f"{path} does not propagate gradients to its input, which attribution requires. Export it "
                "without torch.no_grad, detach, or an operation without derivative, in its forward."
            )
        return vector.shape[1]


def _largest_batch(program: torch.export.ExportedProgram) -> int | None:
    """The largest batch that the program accepts, if it was exported with a limit."""
    inputs = program.graph_signature.user_inputs
    images = next((node for node in program.graph.nodes if node.name in inputs), None)
    value = images.meta.get("val") if images else None
    size = value.shape[0] if isinstance(value, Tensor) and value.ndim else None
    limits = program.range_constraints.get(size.node.expr) if isinstance(size, torch.SymInt) else None
    return int(limits.upper) if limits and limits.upper.is_finite and limits.upper < 2**20 else None


def _lets_gradient_through(image: Tensor, vector: Tensor) -> bool:
    try:
        return torch.autograd.grad(vector.sum(), image, allow_unused=True)[0] is not None
    except RuntimeError:  # some operation on the way, or all of them, have no gradient
        return False


def _read(path: str | os.PathLike) -> torch.export.ExportedProgram:
    if not os.path.isfile(path):
        raise StudyError(f"The exported network {path} does not exist. Put the file there or fix the path.")
    try:
        return torch.export.load(path)
    except Exception as error:  # many kinds, depending on what the file really is
        writer = _writer(path)
        if writer is None:
            raise StudyError(
                f"{path} is not a complete file of torch.export.save: it is damaged, or was written by "
                f"torch.save, TorchScript or something else ({first_line(error)}). {_REEXPORT}."
            ) from error
        if writer != _version(torch.__version__):
            raise StudyError(
                f"{path} was written by PyTorch {writer}, and {_version(torch.__version__)} cannot read it: "
                "export it again with the version in requirements.txt."
            ) from error
        raise StudyError(
            f"{path} cannot be read: it is damaged, or uses operators that are not part of PyTorch "
            f"({first_line(error)}). {_REEXPORT}."
        ) from error


def _version(of: str) -> str:
    return of.partition("+")[0]  # without the build, such as +cpu


def _writer(path: str | os.PathLike) -> str | None:
    """The version of PyTorch that exported the file; None if it is not an exported program."""
    try:
        with zipfile.ZipFile(path) as archive:
            model = next(name for name in archive.namelist() if name.endswith("/models/model.json"))
            return _version(str(json.loads(archive.read(model))["torch_version"]))
    except (OSError, zipfile.BadZipFile, StopIteration, ValueError, KeyError, TypeError):
        return None

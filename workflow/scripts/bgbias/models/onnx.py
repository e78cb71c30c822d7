"""A user's own network as an ONNX file, from any framework; without gradients, so without attribution."""

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bgbias.configuration.keywords import ONNX
from bgbias.errors import StudyError, first_line
from bgbias.models.trial import embed_one

_NUMBERS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_FOLDER_OF_WEIGHTS = "session.model_external_initializers_file_folder_path"
_USUAL_SIZE = 224  # for the trial of a network that takes any size
_REEXPORT = (
    "Export it again, in evaluation mode and for any number of images; with PyTorch: torch.onnx.export("
    f"model.eval(), (torch.rand(2, 3, 224, 224),), 'file{ONNX}', external_data=False, "
    "dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))"
)


class OnnxNetwork(nn.Module):
    """The network in the file ``path``: (B, 3, S, S) float32 → (B, ``features``) float32, without gradient.

    In the file it may also take (B, S, S, 3), as TensorFlow's do, half precision, or a fixed number of images
    at a time. StudyError if the file holds no such network, or one that gives an image different embeddings
    depending on the batch. Reading it runs no code.
    """

    # ASSUME: it computes on the CPU, on as many threads as PyTorch, even if the images are on a GPU: with
    # onnxruntime for the CPU, which is enough for masks, it cannot do otherwise.
    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__()
        self._session = _open(path)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _NUMBERS:
            found = ", ".join(f"{given.name} {given.shape} {given.type}" for given in inputs)
            raise StudyError(
                f"{path} must take one argument, images of shape (B, 3, S, S) or (B, S, S, 3) as floating "
                f"point numbers, but it takes {found}. {_REEXPORT}."
            )
        if len(outputs) != 1:
            names = [given.name for given in outputs]
            raise StudyError(
                f"{path} gives {len(outputs)} results, {', '.join(names)}. Keep the embeddings alone: "
                f"onnx.utils.extract_model('{path}', 'file{ONNX}', ['{inputs[0].name}'], ['{names[0]}'])."
            )
        self._name, self._numbers = inputs[0].name, _NUMBERS[inputs[0].type]
        batch, *shape = inputs[0].shape  # a size is a number, or, if it may vary, a name
        self._channels_last = shape[2] == 3 and shape[0] != 3
        size = shape[:2] if self._channels_last else shape[1:]
        self.exported_size = tuple(size) if all(isinstance(side, int) for side in size) else None
        self._at_once = batch if isinstance(batch, int) else None
        trial_size = self.exported_size or (_USUAL_SIZE, _USUAL_SIZE)
        self.features = embed_one(self, trial_size, path, _REEXPORT)[1].shape[1]

    def forward(self, images: Tensor) -> Tensor:
        host = images.detach().cpu()
        if self._channels_last:
            host = host.permute(0, 2, 3, 1)
        parts = host.split(self._at_once) if self._at_once else [host]
        return torch.cat([self._embed(part) for part in parts]).to(images.device)

    def _embed(self, images: Tensor) -> Tensor:
        pixels = np.ascontiguousarray(images.numpy(), self._numbers)
        if self._at_once:  # the last part is filled up with its first image
            pixels = np.concatenate([pixels, np.repeat(pixels[:1], self._at_once - len(pixels), axis=0)])
        try:
            (vectors,) = self._session.run(None, {self._name: pixels})
        except Exception as error:  # onnxruntime's own kinds, which have no common base but Exception
            raise RuntimeError(first_line(error)) from error
        return torch.from_numpy(vectors[: len(images)].astype(np.float32))


def _open(path: str | os.PathLike):
    if not os.path.isfile(path):
        raise StudyError(f"The exported network {path} does not exist. Put the file there or fix the path.")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
    options.log_severity_level = 4  # what goes wrong is in the exception too
    # Weights in a second file are not to be found, because a change of theirs would not be noticed. From
    # memory, because only then is this option used.
    options.add_session_config_entry(_FOLDER_OF_WEIGHTS, os.path.join(path, "nowhere"))
    try:
        return onnxruntime.InferenceSession(
            Path(path).read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # see above
        raise StudyError(
            f"{path} cannot be loaded by onnxruntime {onnxruntime.__version__} ({first_line(error)}). It "
            "must be one ONNX file of standard operators that contains its weights, and have at most 2 GB. "
            f"{_REEXPORT}."
        ) from error

"""The model of a run: a backbone, one linear layer on its pooled features, and a vector of length 1."""

import os

import torch
from torch import Tensor, nn

from bgbias.errors import StudyError, first_line
from bgbias.hashes import fingerprint_file
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.models.backbones import Backbone, build_backbone
from bgbias.models.weights import load_strictly, read_weights, write_tensors
from bgbias.randomness import integer_seed


class EmbeddingModel(nn.Module):
    """(B, 3, S, S) normalised float images → (B, E) float32 embeddings of length 1.

    Without ``embedding_size`` the head is the identity and E the number of pooled features.
    """

    def __init__(self, backbone: Backbone, embedding_size: int | None) -> None:
        super().__init__()
        self.backbone = backbone.module
        self.head = nn.Linear(backbone.features, embedding_size) if embedding_size else nn.Identity()
        self.features, self.embedding_size = backbone.features, embedding_size or backbone.features
        self._last_map = backbone.last_map

    def forward(self, images: Tensor) -> Tensor:
        features = self.backbone(images)
        # In float32 even under autocast: near neighbours differ in the last digits.
        with torch.autocast(images.device.type, enabled=False):
            return nn.functional.normalize(self.head(features.float()), dim=1)

    def last_map(self) -> nn.Module:
        """The layer that gives the last spatial map (B, C, h, w), for Grad-CAM."""
        if self._last_map is None:
            raise StudyError("This backbone has no spatial map, so Grad-CAM cannot explain it; leave it out.")
        return self.backbone.get_submodule(self._last_map)


def build_model(
    network: str, backbone_settings: dict, embedding_size: int | None, seed: int
) -> tuple[EmbeddingModel, Preprocessing]:
    """A fresh model on the CPU, and how its input is prepared. The same seed gives the same weights.

    Without ``embedding_size``, for a backbone that is evaluated as it comes, ``backbone_settings["head"]``
    says whether the linear layer that its weights have on top is the embedding (True) or the pooled features
    below it are (False). StudyError where neither is said and the layer is no classifier of ImageNet.
    """
    built = build_backbone(network, backbone_settings, seed)
    own_head = _own_head(built, backbone_settings) if embedding_size is None else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer_seed(seed, "head weights"))
        model = EmbeddingModel(built, len(own_head["weight"]) if own_head else embedding_size)
    if own_head:
        model.head.load_state_dict({"bias": torch.zeros(model.embedding_size), **own_head})
    elif built.top:
        print(f"Of {backbone_settings['weights']} {', '.join(built.top)} is left out.", flush=True)
    return model, built.preprocessing


def _own_head(backbone: Backbone, settings: dict) -> dict[str, Tensor] | None:
    """``weight`` and ``bias`` of the layer that is to be the head; None where there shall be none."""
    layer = {key.rpartition(".")[2]: value for key, value in backbone.top.items()}
    is_linear = (
        len(layer) == len(backbone.top)
        and layer.keys() in ({"weight"}, {"weight", "bias"})
        and layer["weight"].ndim == 2
        and layer["weight"].shape[1] == backbone.features
    )
    head, weights = settings.get("head"), settings.get("weights")
    if head and weights and not is_linear:
        raise StudyError(
            f"The weights {weights} have no single linear layer on top of {backbone.features} features that "
            "`head: true` could mean. Set head to false to measure the features, or export the network "
            "with its layers to a .pt2 file (README.md)."
        )
    is_imagenets = any(tensor.shape[:1] == (1000,) for tensor in backbone.top.values())
    if head is None and backbone.top and not is_imagenets:
        raise StudyError(
            f"The weights {weights} have layers on top of the features: {', '.join(backbone.top)}. Say in "
            "`backbones` whether they are the embedding (head: true) or the features are (head: false)."
        )
    return layer if head and is_linear else None


def check_size(model: EmbeddingModel, name: str, size: int) -> None:
    """StudyError when ``model``, with backbone ``name``, cannot embed images of ``size`` × ``size`` pixels.

    Transformers take one size, some networks need more pixels than they get. On the CPU.
    """
    was_training = model.training
    try:
        with torch.inference_mode():
            features = model.eval().backbone(torch.zeros(1, 3, size, size))
    except (RuntimeError, AssertionError, ValueError) as error:
        taken = getattr(model.backbone, "exported_size", None)
        if taken:
            remedy = f"It was exported with {taken[0]}×{taken[1]}: set transform.eval_size to that"
        else:
            remedy = "Change transform.train_size and transform.eval_size, or take another backbone"
        raise StudyError(
            f"The backbone {name} cannot take images of {size}×{size} pixels ({first_line(error)}). {remedy}."
        ) from error
    finally:
        model.train(was_training)
    if not isinstance(features, Tensor) or features.shape != (1, model.features):
        found = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise StudyError(
            f"The backbone {name} gives {found} for an image, not the one row of {model.features} features "
            "that its entry in BACKBONES names."
        )


def save_model(path: str | os.PathLike, model: EmbeddingModel) -> None:
    """Write all weights as safetensors, atomically."""
    write_tensors(path, model.state_dict())


def load_model(
    model_path: str | os.PathLike, run: dict, size: int, device: str | torch.device = "cpu"
) -> tuple[EmbeddingModel, Preprocessing]:
    """The trained model of ``run`` (see bgbias.runs.read_run), in evaluation mode on ``device``, for images
    of ``size`` × ``size`` pixels. StudyError where it was an exported program that is another one now."""
    settings, state = run["settings"]["model"], read_weights(model_path)
    _check_program(settings["backbone"]["model"], run.get("hashes", {}).get("program"))
    embedding_size = settings["embedding_size"]
    if embedding_size is None and "head.weight" in state:
        embedding_size = len(state["head.weight"])
    # The starting weights are not needed, and on another machine perhaps not there.
    backbone = {**settings["backbone"], "weights": None}
    model, preprocessing = build_model(backbone["model"], backbone, embedding_size, seed=0)
    load_strictly(model, state, model_path, run["backbone"])
    check_size(model, run["backbone"], size)
    return model.eval().to(device, memory_format=torch.channels_last), preprocessing


def _check_program(path: str, expected: str | None) -> None:
    """An exported program is opened anew for every stage, and must be the one that the run began with."""
    if expected is not None and os.path.isfile(path) and fingerprint_file(path) != expected:
        raise StudyError(
            f"{path} has changed since the study began to measure it. Call Snakemake again: it will measure "
            "what is there now from the beginning."
        )

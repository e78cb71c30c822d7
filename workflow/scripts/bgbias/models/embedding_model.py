"""The model of a run: a backbone, one linear layer on its pooled features, and L2 normalisation."""

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

    Without ``embedding_size`` the head is the identity and E is the number of pooled features.
    """

    def __init__(self, backbone: Backbone, embedding_size: int | None) -> None:
        super().__init__()
        self.backbone = backbone.module
        self.head = nn.Linear(backbone.features, embedding_size) if embedding_size else nn.Identity()
        self.features, self.embedding_size = backbone.features, embedding_size or backbone.features
        self._last_map = backbone.last_map

    def forward(self, images: Tensor) -> Tensor:
        features = self.backbone(images)
        # In float32 even under autocast: close neighbours differ only in the last digits.
        with torch.autocast(images.device.type, enabled=False):
            return nn.functional.normalize(self.head(features.float()), dim=1)

    def last_map(self) -> nn.Module:
        """The layer that outputs the last spatial map (B, C, h, w), for Grad-CAM."""
        if self._last_map is None:
            raise StudyError("This backbone has no spatial map, so Grad-CAM cannot explain it; leave it out.")
        return self.backbone.get_submodule(self._last_map)


def build_model(
    network: str, backbone_settings: dict, embedding_size: int | None, seed: int
) -> tuple[EmbeddingModel, Preprocessing]:
    """A new model on the CPU, and its input preprocessing. The same seed gives the same weights.

    Without ``embedding_size``, for a backbone that is evaluated without training, the embedding is either the
    output of the linear layer that its weights have on top (``backbone_settings["head"]`` True) or the pooled
    features below it (False). StudyError if neither is set and the layer is not an ImageNet classifier.
    """
    built = build_backbone(network, backbone_settings, seed)
    own_head = _own_head(built, backbone_settings) if embedding_size is None else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer_seed(seed, "head weights"))
        model = EmbeddingModel(built, len(own_head["weight"]) if own_head else embedding_size)
    if own_head:
        model.head.load_state_dict({"bias": torch.zeros(model.embedding_size), **own_head})
    elif built.top:
        print(f"Left out of {backbone_settings['weights']}: {', '.join(built.top)}.", flush=True)
    return model, built.preprocessing


def _own_head(backbone: Backbone, settings: dict) -> dict[str, Tensor] | None:
    """``weight`` and ``bias`` of the layer that becomes the head; None if there is to be none."""
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
            "`head: true` could refer to. Set head to false to measure the features, or export the network "
            "with its layers to a .pt2 file (README.md)."
        )
    is_imagenets = any(tensor.shape[:1] == (1000,) for tensor in backbone.top.values())
    if head is None and backbone.top and not is_imagenets:
        raise StudyError(
            f"The weights {weights} have layers on top of the features: {', '.join(backbone.top)}. State in "
            "`backbones` whether the embedding is their output (head: true) or the features (head: false)."
        )
    return layer if head and is_linear else None


def check_size(model: EmbeddingModel, name: str, size: int) -> None:
    """StudyError when ``model``, with backbone ``name``, cannot embed images of ``size`` × ``size`` pixels.

    Some networks, such as transformers, accept one size only, others need a minimum. Runs on the CPU.
    """
    was_training = model.training
    try:
        with torch.inference_mode():
            features = model.eval().backbone(torch.zeros(1, 3, size, size))
    except (RuntimeError, AssertionError, ValueError) as error:
        taken = getattr(model.backbone, "exported_size", None)
        if taken:
            remedy = (
                f"It was exported with {taken[0]}×{taken[1]}: set transform.eval_size to that, or, if "
                "another model needs another size, resize images inside its forward (README.md)"
            )
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
            f"The backbone {name} gives {found} for an image, not (1, {model.features}) as its entry in "
            "BACKBONES says."
        )


def save_model(path: str | os.PathLike, model: EmbeddingModel) -> None:
    """Write all weights as safetensors, atomically."""
    write_tensors(path, model.state_dict())


def load_model(
    model_path: str | os.PathLike, run: dict, size: int, device: str | torch.device = "cpu"
) -> tuple[EmbeddingModel, Preprocessing]:
    """The trained model of ``run`` (see bgbias.runs.read_run), in evaluation mode on ``device``, for images
    of ``size`` × ``size`` pixels. StudyError if it uses an exported program that has changed since."""
    settings, state = run["settings"]["model"], read_weights(model_path)
    _check_program(settings["backbone"]["model"], run.get("hashes", {}).get("program"))
    embedding_size = settings["embedding_size"]
    if embedding_size is None and "head.weight" in state:
        embedding_size = len(state["head.weight"])
    # The initial weights are not needed, and may not exist on this machine.
    backbone = {**settings["backbone"], "weights": None}
    model, preprocessing = build_model(backbone["model"], backbone, embedding_size, seed=0)
    load_strictly(model, state, model_path, run["backbone"])
    check_size(model, run["backbone"], size)
    return model.eval().to(device, memory_format=torch.channels_last), preprocessing


def _check_program(path: str, expected: str | None) -> None:
    """Every stage opens an exported program again, and it must be the one that the run began with."""
    if expected is not None and os.path.isfile(path) and fingerprint_file(path) != expected:
        raise StudyError(
            f"{path} has changed since the study began to measure it. Call Snakemake again: it will measure "
            "the new file from the beginning."
        )

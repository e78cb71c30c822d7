"""The losses of the study, all from pytorch-metric-learning with its default distances and no miner."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from bgbias.errors import StudyError
from bgbias.metric_learning import distances, losses
from bgbias.randomness import integer_seed
from bgbias.runs import FROZEN


class Frozen(nn.Module):
    """Stands for the loss of a backbone that is never trained; attribution still needs its ``distance``."""

    # ASSUME: Euclidean, the distance of the losses on pairs; on vectors of length 1 all orders agree.
    def __init__(self) -> None:
        super().__init__()
        self.distance = distances.LpDistance()


@dataclass(frozen=True)
class Kind:
    """A loss class, its hyper-parameters by pytorch-metric-learning's names, and whether it has weights."""

    build: Callable[..., nn.Module]
    parameters: tuple[str, ...]
    has_weights: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that a run's loss settings must have, besides ``type``."""
        training = () if self.build is Frozen else ("images_per_class",)
        return (*training, *self.parameters, *(("learning_rate",) if self.has_weights else ()))


LOSSES: dict[str, Kind] = {
    "contrastive": Kind(losses.ContrastiveLoss, ("pos_margin", "neg_margin")),
    "triplet": Kind(losses.TripletMarginLoss, ("margin",)),
    "multi_similarity": Kind(losses.MultiSimilarityLoss, ("alpha", "beta", "base")),
    # margin in degrees, as in pytorch-metric-learning
    "arcface": Kind(losses.ArcFaceLoss, ("margin", "scale"), has_weights=True),
    "normalized_softmax": Kind(losses.NormalizedSoftmaxLoss, ("temperature",), has_weights=True),
    FROZEN: Kind(Frozen, ()),
}


def check_loss(settings: dict) -> Kind:
    """The kind of ``settings["type"]``; StudyError for an unknown type and a missing, odd or unknown key."""
    name = settings.get("type")
    if name not in LOSSES:
        raise StudyError(f"Unknown loss {name!r}. Known: {', '.join(LOSSES)}.")
    kind = LOSSES[name]
    unknown = sorted(set(settings) - {"type", *kind.keys})
    missing = [key for key in kind.keys if key not in settings]
    if unknown or missing:
        wrong = [f"unknown {key!r}" for key in unknown] + [f"missing {key!r}" for key in missing]
        raise StudyError(f"Loss {name}: {', '.join(wrong)}. Its settings are: {', '.join(kind.keys)}.")
    for key in kind.keys:
        value = settings[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise StudyError(f"Loss {name}: {key} must be a number, not {value!r}.")
    if kind.build is not Frozen and (settings["images_per_class"] < 1 or settings["images_per_class"] % 1):
        raise StudyError(f"Loss {name}: images_per_class must be a whole number from 1 upwards.")
    return kind


def build_loss(settings: dict, n_classes: int, embedding_size: int, seed: int) -> nn.Module:
    """The loss module: (embeddings (B, E), labels (B,) in [0, n_classes)) → scalar; see ``.distance``.

    ``settings``: ``type`` (a name in LOSSES), ``images_per_class``, the hyper-parameters and, for a loss with
    weights of its own, their ``learning_rate``. The same seed gives the same weights.
    """
    kind = check_loss(settings)
    parameters = {key: settings[key] for key in kind.parameters}
    if kind.has_weights:
        parameters |= {"num_classes": n_classes, "embedding_size": embedding_size}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer_seed(seed, "loss weights"))
        try:
            loss = kind.build(**parameters)
        except TypeError as error:
            raise StudyError(
                f"Loss {settings['type']}: its entry in LOSSES does not fit: {error}."
            ) from error
    if not kind.has_weights and any(weight.requires_grad for weight in loss.parameters()):
        raise StudyError(
            f"Loss {settings['type']} has weights, which need a learning rate: its entry in LOSSES lacks "
            "has_weights=True."
        )
    return loss

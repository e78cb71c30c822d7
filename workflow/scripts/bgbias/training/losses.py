"""The losses of pytorch-metric-learning, with its default distances: the paper's by name, any by class."""

import copy
import difflib
import inspect

import torch
from torch import nn

from bgbias.axes import FROZEN
from bgbias.configuration.keywords import PML
from bgbias.errors import StudyError, first_line
from bgbias.randomness import integer_seed
from bgbias.training.metric_learning import distances, losses


class Frozen(nn.Module):
    """Placeholder loss of a backbone that is never trained; attribution still needs its ``distance``."""

    # ASSUME: Euclidean, as in the pair-based losses; on unit vectors all distances give the same order.
    def __init__(self) -> None:
        super().__init__()
        self.distance = distances.LpDistance()


LOSSES: dict[str, type[nn.Module]] = {
    "contrastive": losses.ContrastiveLoss,
    "triplet": losses.TripletMarginLoss,
    "multi_similarity": losses.MultiSimilarityLoss,
    "arcface": losses.ArcFaceLoss,  # margin in degrees
    "normalized_softmax": losses.NormalizedSoftmaxLoss,
}
_NOT_PARAMETERS = ("type", "images_per_class", "learning_rate")
_SIZES = ("num_classes", "embedding_size", "descriptors_dim")  # determined by the data and the model


def build_loss(settings: dict, n_classes: int, embedding_size: int, seed: int) -> nn.Module:
    """The loss module: (embeddings (B, E), labels (B,) in [0, n_classes)) → scalar; see ``.distance``.

    ``settings``: ``type``, a name in LOSSES, FROZEN, or ``pml/`` followed by a class of
    pytorch-metric-learning; ``images_per_class``; hyper-parameters by that library's names; and
    ``learning_rate`` if the loss has trainable weights. The same seed gives the same weights. StudyError for
    an unknown type, and for settings with which the loss cannot be computed.
    """
    name = settings["type"]
    if name == FROZEN:
        return Frozen()
    kind = _class(name)
    parameters = {key: value for key, value in settings.items() if key not in _NOT_PARAMETERS}
    sizes = dict(zip(_SIZES, (n_classes, embedding_size, embedding_size), strict=True))
    required = {key: value for key, value in sizes.items() if key in _required(kind)}
    if given := sorted(required.keys() & settings):
        raise StudyError(f"Loss {name}: leave out {given[0]}, which the data and the model determine.")
    parameters |= required
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer_seed(seed, "loss weights"))
        try:
            loss = kind(**parameters)
            gradient = _trial_gradient(loss, n_classes, embedding_size, settings["images_per_class"])
        except Exception as error:  # each class raises its own kinds
            raise StudyError(
                f"Loss {name}: {kind.__name__} cannot be computed with {parameters}: {first_line(error)}."
            ) from error
    if not 0 < gradient < float("inf"):  # NaN is neither
        raise StudyError(
            f"Loss {name} has no usable gradient with images_per_class {settings['images_per_class']}: its "
            f"gradient is {gradient:g}. Change that or its other settings."
        )
    has_weights = any(weight.requires_grad for weight in loss.parameters())
    if has_weights and "learning_rate" not in settings:
        raise StudyError(f"Loss {name} has trainable weights; give it a learning_rate for them.")
    if not has_weights and "learning_rate" in settings:
        raise StudyError(f"Loss {name} has no trainable weights; leave out its learning_rate.")
    return loss


def _class(name: str) -> type[nn.Module]:
    if name in LOSSES:
        return LOSSES[name]
    known = [key for key, value in vars(losses).items() if inspect.isclass(value)]
    wanted = name.removeprefix(PML)
    if name.startswith(PML) and wanted in known:
        return getattr(losses, wanted)
    close = difflib.get_close_matches(wanted, known, n=1)
    hint = f" Did you mean {PML}{close[0]}?" if close else ""
    raise StudyError(
        f"Unknown loss {name!r}. Known: {', '.join(LOSSES)}, {PML}<class of pytorch-metric-learning>.{hint}"
    )


def _required(kind: type) -> set[str]:
    """Arguments without a default of ``kind`` and its base classes, to which it passes them on."""
    constructors = [vars(base)["__init__"] for base in kind.__mro__ if "__init__" in vars(base)]
    return {
        name
        for constructor in constructors
        if inspect.isfunction(constructor)
        for name, parameter in inspect.signature(constructor).parameters.items()
        if parameter.default is parameter.empty
    }


def _trial_gradient(loss: nn.Module, n_classes: int, embedding_size: int, images_per_class: int) -> float:
    """Σ|gradient| on a small random batch; raises what training would raise in its first steps, hours later.

    Works on a copy, because some losses keep what they saw, and runs twice, because some fail only then.
    """
    trial = copy.deepcopy(loss)
    classes = torch.linspace(0, n_classes - 1, min(n_classes, 8)).long()  # including the first and the last
    labels = classes.repeat_interleave(int(images_per_class))
    for _ in range(2):
        embeddings = nn.functional.normalize(torch.randn(len(labels), embedding_size), dim=1).requires_grad_()
        trial(embeddings, labels).backward()
    return embeddings.grad.abs().sum().item()

"""The backbones, by name: networks up to their pooled features, each with its input preprocessing."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import nn

from bgbias.configuration.keywords import EXPORTED, NETWORKS, ONNX, TIMM
from bgbias.errors import StudyError
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.models.bninception import FEATURES, BNInception
from bgbias.models.exported import ExportedNetwork
from bgbias.models.onnx import OnnxNetwork
from bgbias.models.weights import load_strictly, read_weights
from bgbias.randomness import integer_seed

_IMAGENET = Preprocessing()
_HALVES = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), order="RGB", maximum=1.0)
_CAFFE = Preprocessing(mean=(104.0, 117.0, 128.0), std=(1.0, 1.0, 1.0), order="BGR", maximum=255.0)


@dataclass(frozen=True)
class Backbone:
    """A network up to its pooled features.

    ``module``: (B, 3, S, S) float, as ``preprocessing`` gives it → (B, ``features``). ``last_map``: dotted
    name inside ``module`` of the layer whose output is the last spatial map, for Grad-CAM; None if there is
    none (transformers). ``classifier``: key prefixes, in a weights file, of the layers on top, which
    ``module`` lacks; ``top``: the tensors of the loaded file whose keys begin with these.
    """

    module: nn.Module
    features: int
    preprocessing: Preprocessing
    last_map: str | None
    classifier: tuple[str, ...] = ()
    top: dict[str, torch.Tensor] = field(default_factory=dict)


def build_backbone(network: str, settings: dict, seed: int) -> Backbone:
    """Build ``network``; the same ``seed`` gives the same random weights.

    ``network``: a key of :data:`BACKBONES`, timm/<name>, or the path of a .pt2 or .onnx file, which is a
    network with its weights (:mod:`bgbias.models.exported`, :mod:`bgbias.models.onnx`). ``settings``: an
    entry of the configuration's ``backbones``.
    Its ``weights`` are None (random) or the path of a .pth or .safetensors file; nothing is downloaded here
    (see bgbias.models.pretrained). ``mean`` and ``std``, of red, green and blue on the scale 0 to 1, replace
    the network's preprocessing. ``model`` (the same as ``network``) is ignored, and ``head`` is for
    :func:`bgbias.models.embedding_model.build_model`. Other keys belong to the network (small_cnn:
    ``widths``). StudyError for an unknown name or key, and for weights that are unreadable or do not fit.
    """
    settings = {key: value for key, value in settings.items() if key not in ("model", "head")}
    weights = settings.pop("weights", None)
    values = {key: tuple(settings.pop(key)) for key in ("mean", "std") if key in settings}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer_seed(seed, "backbone weights"))
        backbone = _built(network, settings)
    if values:
        backbone = replace(backbone, preprocessing=Preprocessing(**values))
    if weights is not None:
        state = read_weights(weights)
        load_strictly(backbone.module, state, weights, network, ignore=backbone.classifier)
        top = {key: value for key, value in state.items() if key.startswith(backbone.classifier)}
        backbone = replace(backbone, top=top)
    return backbone


def _built(network: str, settings: dict) -> Backbone:
    if network.startswith(TIMM):
        return _timm(network.removeprefix(TIMM), **settings)
    if network not in BACKBONES and not network.endswith(NETWORKS):
        raise StudyError(
            f"Unknown network {network!r}. Known: {', '.join(BACKBONES)}, timm/<name of a timm model>, "
            f"<path of an exported network>{EXPORTED} or {ONNX}."
        )
    try:
        return BACKBONES.get(network, partial(_given, network))(**settings)
    except TypeError as error:
        names = ", ".join(f"`{key}`" for key in settings)
        raise StudyError(f"The network {network} cannot be built with {names}: {error}.") from error


def _small_cnn(widths: tuple[int, ...] = (32, 64, 128)) -> Backbone:
    """7×7 convolution with stride 4, then 3×3 with stride 2, and BatchNorm: for the demo's 64 px on a CPU.

    Maps at full and half resolution would take more time than everything else together.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in zip((3, *widths), widths, strict=False):
        size, stride = (3, 2) if layers else (7, 4)
        layers += [
            nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
    last = str(len(layers) - 1)
    return Backbone(nn.Sequential(*layers, _PowerMean(), nn.Flatten()), widths[-1], _HALVES, last_map=last)


_POWER = 4.0


class _PowerMean(nn.Module):
    """(B, C, h, w) of values ≥ 0 → (B, C, 1, 1): the generalised mean, between average and maximum.

    An object that fills a fifth of the map weighs more than in an average (Radenović et al., "Fine-tuning
    CNN Image Retrieval with No Human Annotation", 2018), which training for only a few hundred steps needs.
    """

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        # Kept away from zero, where the gradient of the root is infinite.
        powers = maps.clamp(min=1e-4).pow(_POWER)
        return powers.mean(dim=(2, 3), keepdim=True).pow(1 / _POWER)


def _bninception() -> Backbone:
    return Backbone(BNInception(), FEATURES, _CAFFE, "last_map", ("last_linear.",))


def _torchvision(
    name: str,
    classifier: str,
    features: int,
    last_map: str | None,
    preprocessing: Preprocessing = _IMAGENET,
    **options,
) -> Backbone:
    """A torchvision network without its module ``classifier``, replaced by the identity."""
    import torchvision.models  # takes seconds, so only when used

    network = torchvision.models.get_model(name, weights=None, **options)
    network.set_submodule(classifier, nn.Identity())
    return Backbone(network, features, preprocessing, last_map, (f"{classifier}.",))


def _googlenet() -> Backbone:
    # Its ImageNet weights expect inputs in [−1, 1]; torchvision converts to that from its usual mean and std.
    backbone = _torchvision(
        "googlenet", "fc", 1024, "inception5b", _HALVES, aux_logits=False, init_weights=True
    )
    return replace(backbone, classifier=("fc.", "aux1.", "aux2."))


def _squeezenet() -> Backbone:
    import torchvision.models

    layers = {
        "features": torchvision.models.squeezenet1_1(weights=None).features,
        "pool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
    }
    return Backbone(nn.Sequential(OrderedDict(layers)), 512, _IMAGENET, "features", ("classifier.",))


def _given(path: str) -> Backbone:
    network = ExportedNetwork(path) if path.endswith(EXPORTED) else OnnxNetwork(path)
    # ASSUME: ImageNet's, as most networks start from one trained on it; `mean` and `std` override it.
    return Backbone(network, network.features, _IMAGENET, last_map=None)


def _timm(name: str, **options) -> Backbone:
    network = timm_network(name, pretrained=False, **options)
    import timm.data

    data = timm.data.resolve_model_data_config(network)
    preprocessing = Preprocessing(tuple(data["mean"]), tuple(data["std"]), "RGB", 1.0)
    classifier = network.default_cfg.get("classifier", "head")
    names = (classifier,) if isinstance(classifier, str) else classifier or ()
    # Some heads keep a layer of a different width below the classifier.
    features = getattr(network, "head_hidden_size", None) or network.num_features
    return Backbone(network, features, preprocessing, None, tuple(f"{name}." for name in names))


def timm_network(name: str, pretrained: bool, **options) -> nn.Module:
    """timm's model ``name`` up to its pooled features; StudyError if timm is missing or cannot build it."""
    try:
        import timm
    except ImportError as error:
        raise StudyError(
            f"Backbone timm/{name} needs the optional package timm: pip install -r requirements-timm.txt."
        ) from error
    try:
        return timm.create_model(name, pretrained=pretrained, num_classes=0, **options)
    except Exception as error:  # timm's, the hub's or the network's: in each case there is no model
        raise StudyError(f"timm cannot build {name!r}: {str(error).rstrip('.')}.") from error


BACKBONES: dict[str, Callable[..., Backbone]] = {
    "small_cnn": _small_cnn,
    "bninception": _bninception,
    "squeezenet1_1": _squeezenet,
    "resnet18": partial(_torchvision, "resnet18", "fc", 512, "layer4"),
    "resnet50": partial(_torchvision, "resnet50", "fc", 2048, "layer4"),
    "googlenet": _googlenet,
    "convnext_tiny": partial(_torchvision, "convnext_tiny", "classifier.2", 768, "features"),
    "vit_b_16": partial(_torchvision, "vit_b_16", "heads", 768, None),
}

"""Display names of configuration keys in tables, figures and sentences."""

import re
from collections.abc import Sequence

from bgbias.axes import FROZEN

NAMES = {
    # datasets
    "cars196": "Cars196",
    "cub200": "CUB200-2011",
    "sop": "Online Products",
    "inshop": "In-Shop Clothes",
    "vehicleid": "VehicleID",
    # losses
    "arcface": "ArcFace",
    FROZEN: "As is",
    # variants
    "base_corrupted": "Base (corrupted)",
    "bgaugment": "BGAugment",
    # backbones
    "small_cnn": "Small CNN",
    "bninception": "BN-Inception",
    "googlenet": "GoogLeNet",
    "resnet18": "ResNet-18",
    "resnet50": "ResNet-50",
    "squeezenet1_1": "SqueezeNet 1.1",
    "convnext_tiny": "ConvNeXt-T",
    "vit_b_16": "ViT-B/16",
    # measures of retrieval
    "map_at_r": "MAP@R",
    "precision_at_1": "Precision@1",
    "r_precision": "R-precision",
    # measures of masks
    "iou_mean": "IoU, mean",
    "iou_sd": "IoU, sd",
    "iou_median": "IoU, median",
    "overlap_mean": "Overlap, mean",
    # methods of attribution
    "gradcam": "Grad-CAM",
}


def human(key: str) -> str:
    """The display name of ``key``; a key without one gets it from its parts: ``bgaugment_half`` → ``BGAugment
    Half``."""
    if recall := re.fullmatch(r"recall_at_(\d+)", key):
        return f"Recall@{recall[1]}"
    return NAMES.get(key) or " ".join(map(_part, filter(None, key.split("_")))) or key


def _part(part: str) -> str:
    # Capitals or digits mean that the user chose this spelling ("vitB16"): keep it.
    known = NAMES.get(part) if part != FROZEN else None  # here "frozen" is only a word in the user's name
    return known or (part.capitalize() if part.isalpha() and part.islower() else part)


def model_name(loss: str, backbone: str) -> str:
    """The display name of a model: its loss, or its backbone if it is evaluated as is."""
    return f"{human(backbone)} (as is)" if loss == FROZEN else human(loss)


def protocol_name(protocol: str) -> str:
    """The display name of an evaluation protocol, in lower case."""
    return human(protocol).lower()


def method_name(method: str) -> str:
    """The display name of an attribution method."""
    return "the paper’s method, like SmoothGrad" if method == "study" else human(method)


def enumeration(parts: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

"""What a key of the configuration is called in a table, a figure or a sentence."""

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
    FROZEN: "As it comes",
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
    """The name of ``key``; that of a key without one is put together of its parts': ``bgaugment_half`` →
    ``BGAugment Half``."""
    if recall := re.fullmatch(r"recall_at_(\d+)", key):
        return f"Recall@{recall[1]}"
    return NAMES.get(key) or " ".join(map(_part, filter(None, key.split("_")))) or key


def _part(part: str) -> str:
    # One that already has capitals or digits is somebody's spelling ("vitB16"): leave it alone.
    known = NAMES.get(part) if part != FROZEN else None  # a word in somebody's own name
    return known or (part.capitalize() if part.isalpha() and part.islower() else part)


def model_name(loss: str, backbone: str) -> str:
    """What results are called: by their loss, those of a model as it comes by its backbone."""
    return f"{human(backbone)} (as it comes)" if loss == FROZEN else human(loss)


def protocol_name(protocol: str) -> str:
    """What a protocol of evaluation is called, in the middle of a line."""
    return human(protocol).lower()


def method_name(method: str) -> str:
    """What a method of attribution is called."""
    return "the paper’s method, like SmoothGrad" if method == "study" else human(method)


def enumeration(parts: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

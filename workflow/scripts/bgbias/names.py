"""What a key of the configuration is called in a table, a figure or a sentence."""

NAMES = {
    # datasets
    "cars196": "Cars196",
    "cub200": "CUB200-2011",
    "sop": "Online Products",
    "inshop": "In-Shop Clothes",
    "vehicleid": "VehicleID",
    # losses
    "arcface": "ArcFace",
    "frozen": "As it comes",
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
    # measures of masks
    "iou_mean": "IoU, mean",
    "iou_sd": "IoU, sd",
    "iou_median": "IoU, median",
    "overlap_mean": "Overlap, mean",
}


def human(key: str) -> str:
    """The name of ``key``; a key without one is written with spaces and capitals: ``my_set`` → ``My Set``."""
    # A part that already has capitals or digits is somebody's spelling ("vitB16"): leave it alone.
    return (
        NAMES.get(key)
        or " ".join(
            part.capitalize() if part.isalpha() and part.islower() else part
            for part in key.split("_")
            if part
        )
        or key
    )

"""Protocols: presets for the debatable choices of the published study.

``paper`` is what was published, ``strict`` corrects it. A key set in the configuration overrides either:

- ``background_roles``: training also sees the validation backgrounds (shared), or, if both are one folder of
  photos, training gets one half of them and validation the other (disjoint);
- ``variants.<name>.selection``: the validation images that select the epoch are like those that the variant
  trains on (clean for base, swapped for bgaugment), or background-swapped for every variant;
- ``evaluation.background_crop``: a test background is a random crop, as in training, or the centre crop;
- ``attribution.masks``: attention is scored against the automatic masks, or against hand labels where
  available.
"""

import copy

from bgbias.configuration.study import same_folder

PRESETS = {
    "paper": {
        "background_roles": "shared",
        "selection": {"original": "clean", "replaced": "swapped"},
        "background_crop": "random",
        "masks": "automatic",
    },
    "strict": {
        "background_roles": "disjoint",
        "selection": {"original": "swapped", "replaced": "swapped"},
        "background_crop": "centre",
        "masks": "hand_labels",
    },
}


def settled(config: dict) -> dict:
    """Return a copy of ``config`` with every key of the protocol filled in."""
    config, preset = copy.deepcopy(config), PRESETS[config["protocol"]]
    config.setdefault("background_roles", preset["background_roles"])
    config["evaluation"].setdefault("background_crop", preset["background_crop"])
    config["attribution"].setdefault("masks", preset["masks"])
    for variant in config["variants"].values():
        trained_on = "replaced" if variant["probability"] > 0 else "original"
        variant.setdefault("selection", preset["selection"][trained_on])
    return config


def background_role(config: dict, role: str) -> str:
    """The packed backgrounds that ``role`` (train, validation, test) reads; ``config`` is from `settled`.

    ``train_half`` and ``validation_half`` are alternate photos of a folder that both roles share.
    """
    settings = config["backgrounds"][config["background_set"]]
    # The paper has two folders, one of them for the test; drawn backgrounds differ between roles anyway.
    one_folder = settings["source"] == "study" or (
        settings["source"] == "folders" and same_folder(settings["train"], settings["validation"])
    )
    halved = config["background_roles"] == "disjoint" and one_folder and role != "test"
    return f"{role}_half" if halved else role

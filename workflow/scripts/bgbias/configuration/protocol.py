"""Which protocol a study follows: a preset of the debatable choices of the published study.

``paper`` is what was published, ``strict`` corrects it. A key that is set wins over both:

- ``background_roles``: training looks at the validation backgrounds (shared), or, where both are one folder
  of photos, at one half of them and validation at the other (disjoint);
- ``variants.<name>.selection``: the validation images that pick the epoch are like those that the variant
  trains on (clean for base, swapped for bgaugment), or background-swapped for every variant;
- ``evaluation.background_crop``: a test background is a random crop as in training, or the centre crop;
- ``attribution.masks``: attention is scored against the automatic masks, or the hand labels that there are.
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
    """A copy of ``config`` in which every key of the protocol has a value."""
    config, preset = copy.deepcopy(config), PRESETS[config["protocol"]]
    config.setdefault("background_roles", preset["background_roles"])
    config["evaluation"].setdefault("background_crop", preset["background_crop"])
    config["attribution"].setdefault("masks", preset["masks"])
    for variant in config["variants"].values():
        trained_on = "replaced" if variant["probability"] > 0 else "original"
        variant.setdefault("selection", preset["selection"][trained_on])
    return config


def background_role(config: dict, role: str) -> str:
    """The packed backgrounds that ``role`` (train, validation, test) reads in the settled ``config``.

    ``train_half`` and ``validation_half`` are every other photo of a folder that both roles name.
    """
    settings = config["backgrounds"][config["background_set"]]
    # The paper has two folders, one for the test; drawn backgrounds differ from role to role in any case.
    one_folder = settings["source"] == "study" or (
        settings["source"] == "folders" and same_folder(settings["train"], settings["validation"])
    )
    halved = config["background_roles"] == "disjoint" and one_folder and role != "test"
    return f"{role}_half" if halved else role

"""The part of the configuration that the report prints."""

from bgbias.configuration.study import SECTION_OF_AXIS, takes_weights


def settings_in_force(config: dict) -> dict:
    """Only the sections, entries and keys that have an effect in this study."""
    used = {
        section: {name: config[section][name] for name in config["grid"][axis]}
        for axis, section in SECTION_OF_AXIS.items()
    }
    used["backbones"] |= {name: config["backbones"][name] for name in config["frozen"]}
    used["backgrounds"] = {config["background_set"]: config["backgrounds"][config["background_set"]]}
    if not takes_weights(config["masker"]["model"]):
        used["masker"] = _without(config["masker"], "weights")
    if config["publish"]["loss"] not in config["grid"]["loss"]:
        used["publish"] = _without(config["publish"], "loss")
    if not config["attribution"]["methods"]:
        used["attribution"] = {"methods": []}
        used["publish"] = _without(used.get("publish", config["publish"]), "panels")
    in_force = config | used
    if all("masks" in dataset for dataset in used["datasets"].values()):
        in_force = _without(in_force, "masker")
    return in_force if config["grid"]["loss"] else _without_training(in_force)


def _without_training(settings: dict) -> dict:
    grid, backgrounds = settings["grid"], settings["backgrounds"]
    part = _without(settings, "background_roles", "embedding_size", "losses", "training", "variants")
    return part | {
        "grid": _without(grid, "backbone", "loss", "variant") | {"seed": grid["seed"][:1]},
        "backbones": {name: settings["backbones"][name] for name in settings["frozen"]},
        "backgrounds": {name: _without(entry, "train", "validation") for name, entry in backgrounds.items()},
        "transform": _without(settings["transform"], "train_size", "noise"),
    }


def _without(mapping: dict, *keys: str) -> dict:
    return {key: value for key, value in mapping.items() if key not in keys}

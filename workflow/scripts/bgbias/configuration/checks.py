"""Checks on a configuration, so that a mistake in it ends the study at once, in one sentence."""

import difflib
from collections.abc import Collection, Iterator
from itertools import combinations, product
from pathlib import Path

from bgbias.configuration.keywords import EXPORTED, IMAGENET, PML, TIMM
from bgbias.configuration.study import (
    DEMO_BACKGROUNDS,
    DEMO_MASKER,
    SECTION_OF_AXIS,
    accepted_masks,
    backbone_settings,
    index_file,
    loss_settings,
    masker_settings,
    takes_weights,
    trained_backbones,
)
from bgbias.errors import StudyError

# What JSON's types are called in YAML.
_KINDS = {
    "array": "a list, [...]",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping of keys",
    "string": 'text (a number in "quotes" is)',
}


def check(config: dict, schema: dict) -> None:
    """Raise :class:`StudyError` with one sentence when ``config`` breaks the schema or contradicts itself."""
    _check_schema(config, schema)
    _check_losses(config, schema)
    for axis, section in SECTION_OF_AXIS.items():
        for name in config["grid"][axis]:
            _check_known(name, config[section], f"grid.{axis}", section)
    for name in config["frozen"]:
        _check_known(name, config["backbones"], "frozen", "backbones")
    if not config["grid"]["loss"] and not config["frozen"]:
        raise _refusal("grid.loss", "there is nothing to do; name a loss, or a backbone under `frozen`")
    _check_known(config["background_set"], config["backgrounds"], "background_set", "backgrounds")
    _check_known(config["publish"]["loss"], config["losses"], "publish.loss", "losses")
    _check_backbones(config, schema)
    _check_batches(config)
    _check_masker(config)
    _check_backgrounds(config)
    if config["transform"]["eval_size"] > config["pixels"]["short_side"]:
        raise StudyError("Configuration: transform.eval_size must not be larger than pixels.short_side.")
    for dataset in config["grid"]["dataset"]:
        _check_dataset(config, dataset)
    _check_results(config)


def _check_known(name: str, known: Collection[str], where: str, section: str) -> None:
    if name not in known:
        raise _refusal(where, f"{name!r} is not known under `{section}`{_suggestion(name, known)}")


def _refusal(where: str, why: str) -> StudyError:
    return StudyError(f"Configuration, {where}: {why}{'' if why.endswith('?') else '.'}")


def _suggestion(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(map(str, known))}"


def _check_schema(config: dict, schema: dict, where: str = "") -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from jsonschema.validators import extend

    # To JSON 64.0 is an integer; Python cannot count with it.
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    error = best_match(extend(Draft202012Validator, type_checker=types)(schema).iter_errors(config))
    if error is not None:
        place = ".".join([*filter(None, [where]), *map(str, error.absolute_path)]) or "the top level"
        raise _refusal(place, "; ".join(_explain(error)))


def _check_losses(config: dict, schema: dict) -> None:
    """A loss's keys depend on its type; its values for one dataset must be as valid as the general ones."""
    types = schema["$defs"]["losses"]
    for name, entry in config["losses"].items():
        kind = entry.get("type", name)
        if kind.startswith(PML):
            if kind == PML:
                raise _refusal(f"losses.{name}.type", f"name a class behind {PML}, such as {PML}CircleLoss")
            kind = PML  # which class it is, and what it takes, only that library knows
        else:
            known = [*(known for known in types if known != PML), f"{PML}<class of pytorch-metric-learning>"]
            _check_known(kind, known, f"losses.{name}.type" if "type" in entry else "losses", "losses")
        closed = {"$defs": schema["$defs"], **types[kind]}
        general = {key: value for key, value in entry.items() if key != "per_dataset"}
        _check_schema(entry, closed, f"losses.{name}")
        for dataset, own in entry.get("per_dataset", {}).items():
            _check_known(dataset, config["datasets"], f"losses.{name}.per_dataset", "datasets")
            if "type" in own:
                raise _refusal(
                    f"losses.{name}.per_dataset.{dataset}.type",
                    "one entry is one loss on all datasets; make another entry of the other loss",
                )
            _check_schema(general | own, closed, f"losses.{name}.per_dataset.{dataset}")


def _check_dataset(config: dict, dataset: str) -> None:
    """A dataset of the grid must be there, and be fit for what the study does with it."""
    settings = config["datasets"][dataset]
    if settings.get("test_only") and config["grid"]["loss"]:
        raise _refusal(
            f"datasets.{dataset}.test_only",
            "on test images nothing can be trained; set grid.loss to [], or leave this key out",
        )
    if settings["source"] in ("index", "folders") and not Path(settings["root"]).is_dir():
        raise _refusal(f"datasets.{dataset}.root", _missing("folder", settings["root"]))
    if "masks" in settings and not Path(settings["masks"]).is_dir():
        raise _refusal(f"datasets.{dataset}.masks", _missing("folder", settings["masks"]))
    if settings["source"] == "folders" and "masks" in settings:
        root, masks = Path(settings["root"]).resolve(), Path(settings["masks"]).resolve()
        inside = masks.relative_to(root).parts if masks.is_relative_to(root) else None
        if inside is not None and not any(part.startswith(".") for part in inside):  # the hidden are not read
            raise _refusal(
                f"datasets.{dataset}.masks",
                f"the folder lies in {settings['root']}, all of whose images are read as photographs; put it "
                "elsewhere",
            )
    if settings["source"] == "index" and not index_file(settings).is_file():
        raise _refusal(
            f"datasets.{dataset}.index",
            f"{_missing('file', index_file(settings))}, or write it (columns path,label,class_name,split)",
        )


def _check_backbones(config: dict, schema: dict) -> None:
    """Each network must be known, take the images' size, and have a map where Grad-CAM is asked for."""
    known, without_map, of_224_pixels = (
        schema["$defs"][f"backbone_models{which}"]["enum"] for which in ("", "_without_map", "_of_224_pixels")
    )
    trained = trained_backbones(config)
    for name in [*config["grid"]["backbone"], *config["frozen"]]:
        settings = backbone_settings(config, name)
        model = settings["model"]
        timm, exported = model.startswith(TIMM), model.endswith(EXPORTED)
        if not timm and not exported and model not in known:
            raise _refusal(
                f"backbones.{name}.model",
                f"{model!r} is no network of ours (CONTRIBUTING.md says how to add one), does not begin with "
                f"{TIMM} and is no {EXPORTED} file{_suggestion(model, known)}",
            )
        if exported:
            _check_exported(name, settings, is_trained=name in trained)
        weights = settings["weights"]
        if weights not in (None, IMAGENET) and not Path(weights).is_file():
            raise _refusal(f"backbones.{name}.weights", _missing("file", weights))
        if weights is None and settings.get("head"):
            raise _refusal(f"backbones.{name}.head", "without weights there is no layer of its own on top")
        for size in ["eval_size", "train_size"] if name in trained else ["eval_size"]:
            if model in of_224_pixels and config["transform"][size] != 224:
                raise _refusal(f"transform.{size}", f"the backbone {name} takes images of 224 pixels only")
        if (timm or exported or model in without_map) and "gradcam" in config["attribution"]["methods"]:
            raise _refusal(
                "attribution.methods",
                f"gradcam needs a spatial map, which the backbone {name} has not got; leave gradcam out",
            )


def _check_exported(name: str, settings: dict, is_trained: bool) -> None:
    """A network of one file must be there, be measured as it comes, and have no settings that it decides."""
    if not Path(settings["model"]).is_file():
        raise _refusal(f"backbones.{name}.model", _missing("file", settings["model"]))
    if is_trained:
        raise _refusal(
            f"backbones.{name}.model",
            "an exported network is measured as it comes and not trained; name it under `frozen`, not in "
            "grid.backbone",
        )
    for key in ("weights", "head", "widths"):
        if settings.get(key) is not None:
            raise _refusal(
                f"backbones.{name}.{key}", "an exported network has all this in its file; leave the key out"
            )


def _check_batches(config: dict) -> None:
    """A batch holds whole groups of images of a class, two or more, in every run of the grid."""
    size = config["training"]["batch_size"]
    for loss, dataset in product(config["grid"]["loss"], config["grid"]["dataset"]):
        images = loss_settings(config, loss, dataset)["images_per_class"]
        if size % images or size == images:
            raise _refusal(
                "training.batch_size",
                f"{size} is not two or more times losses.{loss}.images_per_class, {images}; a batch holds "
                "that many images of each of two classes or more",
            )


def _check_masker(config: dict) -> None:
    """A file of weights goes with the models that take one, and the demo's goes with the demo."""
    masker = config["masker"]
    if not takes_weights(masker["model"]) and masker.get("weights") not in (None, DEMO_MASKER):
        raise _refusal(
            "masker.weights", f"{masker['model']} has weights of its own; a file goes with model u2net_custom"
        )
    for dataset in config["grid"]["dataset"]:
        weights = masker_settings(config, dataset).get("weights")
        if weights == DEMO_MASKER and dataset in _not_drawn(config):
            raise _refusal(
                "masker",
                f"the demo's own masker knows its drawings only, not the images of {dataset}; name one of "
                f"rembg's models, masker: {{model: u2net}}, or a folder of masks, datasets.{dataset}.masks",
            )
        if weights and not Path(weights).is_file():
            raise _refusal("masker.weights", _missing("file", weights))


def _check_backgrounds(config: dict) -> None:
    """Training needs backgrounds, and the test some that were not seen before.

    A folder below another is a part of it: photographs are looked for at any depth.
    """
    name = config["background_set"]
    settings = config["backgrounds"][name]
    if name == DEMO_BACKGROUNDS and settings["source"] == "demo_world" and _not_drawn(config):
        raise _refusal(
            "background_set",
            f"the demo's backgrounds are drawings, and the images of {_not_drawn(config)[0]} are none; name "
            "folders of photographs under `backgrounds`, and them here",
        )
    if settings["source"] != "folders":
        return
    roles = ("train", "validation", "test") if config["grid"]["loss"] else ("test",)
    for role in roles:
        if role not in settings:
            raise _refusal(f"backgrounds.{name}", f"the folder {role!r} is missing, which training needs")
        if not Path(settings[role]).is_dir():
            raise _refusal(f"backgrounds.{name}.{role}", _missing("folder", settings[role]))
    folders = {role: Path(settings[role]).resolve() for role in roles}
    for (one, first), (other, second) in combinations(folders.items(), 2):
        if first == second and other == "test":
            raise _refusal(
                f"backgrounds.{name}.test", f"it is also the folder of {one}; the test needs unseen photos"
            )
        if first in second.parents or second in first.parents:
            raise _refusal(
                f"backgrounds.{name}.{other}",
                f"this folder and that of {one} share photos, for one lies in the other; separate them",
            )


def _check_results(config: dict) -> None:
    """Snakemake keeps what a file was made with under the file's path: of a renamed study nothing would
    rerun, whatever has changed."""
    folder = Path("results") / config["study"]
    for accepted in accepted_masks(folder):  # what a study makes first
        made = accepted.read_text(encoding="utf-8").strip()
        if made not in ("", config["study"]):
            raise _refusal(
                "study",
                f"{folder} was made as {made!r}, and under another name nobody can tell what has changed "
                "since; name both so again, or delete the folder",
            )


def _not_drawn(config: dict) -> list[str]:
    """The datasets of the grid whose images are no drawings of the demo's kind."""
    return [name for name in config["grid"]["dataset"] if config["datasets"][name]["source"] != "demo_world"]


def _missing(kind: str, path: str | Path) -> str:
    return f"there is no {kind} {path}, seen from {Path.cwd()}; correct the path"


def _explain(error) -> Iterator[str]:
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        allowed = error.schema.get("properties", {})
        for key in error.instance:
            if key not in allowed:
                yield f"the key {key!r} is unknown{_suggestion(key, allowed)}"
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        yield f"the key {missing[0]!r} is missing"
    elif error.validator == "pattern":
        yield f"{error.instance!r} must begin with a letter or digit and hold these, '_', '.' and '-' only"
    elif error.validator == "type":
        wanted = error.validator_value
        kinds = [_KINDS[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted)]
        yield f"{error.instance!r} is not {' or '.join(kinds)}"
    else:
        yield error.message

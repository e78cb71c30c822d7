"""Checks on a configuration, so that a mistake in it ends the study at once, in one sentence."""

from collections.abc import Collection
from itertools import combinations, product
from pathlib import Path

from bgbias.configuration.keywords import EXPORTED, IMAGENET, TIMM
from bgbias.configuration.refusals import check_known, missing, refusal, suggestion
from bgbias.configuration.schema import check_losses, check_schema
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


def check(config: dict, schema: dict) -> None:
    """Raise :class:`StudyError` with one sentence when ``config`` breaks the schema or contradicts itself."""
    _check_model_files(config, schema["$defs"]["backbone_models"]["enum"])
    check_schema(config, schema)
    check_losses(config, schema)
    for axis, section in SECTION_OF_AXIS.items():
        for name in config["grid"][axis]:
            check_known(name, config[section], f"grid.{axis}", section)
    for name in config["frozen"]:
        check_known(name, config["backbones"], "frozen", "backbones")
    if not config["grid"]["loss"] and not config["frozen"]:
        raise refusal("grid.loss", "there is nothing to do; name a loss, or a backbone under `frozen`")
    check_known(config["background_set"], config["backgrounds"], "background_set", "backgrounds")
    check_known(config["publish"]["loss"], config["losses"], "publish.loss", "losses")
    _check_backbones(config, schema)
    _check_batches(config)
    _check_masker(config)
    _check_backgrounds(config)
    _check_crops(config)
    for dataset in config["grid"]["dataset"]:
        _check_dataset(config, dataset)
    _check_results(config)


def _check_crops(config: dict) -> None:
    """Bounds in another order would give every image one and the same crop, without a word."""
    for key in ("scale", "ratio"):
        least, most = config["transform"][key]
        if least > most:
            raise refusal(f"transform.{key}", f"{least} is larger than {most}; the smaller one comes first")
    if config["transform"]["eval_size"] > config["pixels"]["short_side"]:
        raise StudyError("Configuration: transform.eval_size must not be larger than pixels.short_side.")


def _check_dataset(config: dict, dataset: str) -> None:
    """A dataset of the grid must be there, and be fit for what the study does with it."""
    settings = config["datasets"][dataset]
    if settings.get("test_only") and config["grid"]["loss"]:
        raise refusal(
            f"datasets.{dataset}.test_only",
            "on test images nothing can be trained; set grid.loss to [], or leave this key out",
        )
    if settings["source"] in ("index", "folders") and not Path(settings["root"]).is_dir():
        raise refusal(f"datasets.{dataset}.root", missing("folder", settings["root"]))
    if "masks" in settings and not Path(settings["masks"]).is_dir():
        raise refusal(f"datasets.{dataset}.masks", missing("folder", settings["masks"]))
    if settings["source"] == "folders" and "masks" in settings:
        root, masks = Path(settings["root"]).resolve(), Path(settings["masks"]).resolve()
        inside = masks.relative_to(root).parts if masks.is_relative_to(root) else None
        if inside is not None and not any(part.startswith(".") for part in inside):  # the hidden are not read
            raise refusal(
                f"datasets.{dataset}.masks",
                f"the folder lies in {settings['root']}, all of whose images are read as photographs; put it "
                "elsewhere",
            )
    if settings["source"] == "index" and not index_file(settings).is_file():
        raise refusal(
            f"datasets.{dataset}.index",
            f"{missing('file', index_file(settings))}, or write it (columns path,label,class_name,split)",
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
            raise _unknown_network(name, model, known)
        if exported:
            _check_exported(name, settings, is_trained=name in trained)
        weights = settings["weights"]
        if weights not in (None, IMAGENET) and not Path(weights).is_file():
            raise refusal(f"backbones.{name}.weights", missing("file", weights))
        if str(weights).endswith(EXPORTED):
            raise refusal(
                f"backbones.{name}.weights",
                f"{weights} is a whole network; name it as `model`, without `weights`",
            )
        if weights is None and settings.get("head"):
            raise refusal(f"backbones.{name}.head", "without weights there is no layer of its own on top")
        for size in ["eval_size", "train_size"] if name in trained else ["eval_size"]:
            if model in of_224_pixels and config["transform"][size] != 224:
                raise refusal(f"transform.{size}", f"the backbone {name} takes images of 224 pixels only")
        if (timm or exported or model in without_map) and "gradcam" in config["attribution"]["methods"]:
            raise refusal(
                "attribution.methods",
                f"gradcam needs a spatial map, which the backbone {name} has not got; leave gradcam out",
            )


def _check_model_files(config: dict, known: Collection[str]) -> None:
    """What is no network is told before the schema misses what a network needs."""
    entries = config.get("backbones")
    for name, entry in entries.items() if isinstance(entries, dict) else []:
        model = entry.get("model") if isinstance(entry, dict) else None
        if not isinstance(model, str) or model in known or model.startswith(TIMM) or model.endswith(EXPORTED):
            continue
        if Path(model).is_file():
            raise refusal(
                f"backbones.{name}.model",
                f"{model} is a file, but no {EXPORTED} file; export the network as README.md says, or name "
                "one of ours here and the file as `weights`",
            )
        raise _unknown_network(name, model, known)


def _unknown_network(name: str, model: str, known: Collection[str]) -> StudyError:
    return refusal(
        f"backbones.{name}.model",
        f"{model!r} is no network of ours (CONTRIBUTING.md says how to add one), does not begin with "
        f"{TIMM} and is no {EXPORTED} file{suggestion(model, known)}",
    )


def _check_exported(name: str, settings: dict, is_trained: bool) -> None:
    """A network of one file must be there, be measured as it comes, and have no settings that it decides."""
    if not Path(settings["model"]).is_file():
        raise refusal(f"backbones.{name}.model", missing("file", settings["model"]))
    if is_trained:
        raise refusal(
            f"backbones.{name}.model",
            "an exported network is measured as it comes and not trained; name it under `frozen`, not in "
            "grid.backbone",
        )
    for key in ("weights", "head", "widths"):
        if settings.get(key) is not None:
            raise refusal(
                f"backbones.{name}.{key}", "an exported network has all this in its file; leave the key out"
            )


def _check_batches(config: dict) -> None:
    """A batch holds whole groups of images of a class, two or more, in every run of the grid."""
    size = config["training"]["batch_size"]
    for loss, dataset in product(config["grid"]["loss"], config["grid"]["dataset"]):
        images = loss_settings(config, loss, dataset)["images_per_class"]
        if size % images or size == images:
            raise refusal(
                "training.batch_size",
                f"{size} is not two or more times losses.{loss}.images_per_class, {images}; a batch holds "
                "that many images of each of two classes or more",
            )


def _check_masker(config: dict) -> None:
    """A file of weights goes with the models that take one, and the demo's goes with the demo."""
    masker = config["masker"]
    if not takes_weights(masker["model"]) and masker.get("weights") not in (None, DEMO_MASKER):
        raise refusal(
            "masker.weights", f"{masker['model']} has weights of its own; a file goes with model u2net_custom"
        )
    for dataset in config["grid"]["dataset"]:
        weights = masker_settings(config, dataset).get("weights")
        if weights == DEMO_MASKER and dataset in _not_drawn(config):
            raise refusal(
                "masker",
                f"the demo's own masker knows its drawings only, not the images of {dataset}; name one of "
                f"rembg's models, masker: {{model: u2net}}, or a folder of masks, datasets.{dataset}.masks",
            )
        if weights and not Path(weights).is_file():
            raise refusal("masker.weights", missing("file", weights))


def _check_backgrounds(config: dict) -> None:
    """Training needs backgrounds, and the test some that were not seen before.

    A folder below another is a part of it: photographs are looked for at any depth.
    """
    name = config["background_set"]
    settings = config["backgrounds"][name]
    if name == DEMO_BACKGROUNDS and settings["source"] == "demo_world" and _not_drawn(config):
        raise refusal(
            "background_set",
            f"the demo's backgrounds are drawings, and the images of {_not_drawn(config)[0]} are none; name "
            "folders of photographs under `backgrounds`, and them here",
        )
    if settings["source"] != "folders":
        return
    roles = ("train", "validation", "test") if config["grid"]["loss"] else ("test",)
    for role in roles:
        if role not in settings:
            purpose = "the test" if role == "test" else "training"
            remedy = "" if role == "test" else "; to train nothing set grid.loss to []"
            raise refusal(
                f"backgrounds.{name}", f"the folder {role!r} is missing, which {purpose} needs{remedy}"
            )
        if not Path(settings[role]).is_dir():
            raise refusal(f"backgrounds.{name}.{role}", missing("folder", settings[role]))
    folders = {role: Path(settings[role]).resolve() for role in roles}
    for (one, first), (other, second) in combinations(folders.items(), 2):
        if first == second and other == "test":
            raise refusal(
                f"backgrounds.{name}.test", f"it is also the folder of {one}; the test needs unseen photos"
            )
        if first in second.parents or second in first.parents:
            raise refusal(
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
            raise refusal(
                "study",
                f"{folder} was made as {made!r}, and under another name nobody can tell what has changed "
                "since; name both so again, or delete the folder",
            )


def _not_drawn(config: dict) -> list[str]:
    """The datasets of the grid whose images are no drawings of the demo's kind."""
    return [name for name in config["grid"]["dataset"] if config["datasets"][name]["source"] != "demo_world"]

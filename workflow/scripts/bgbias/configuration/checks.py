"""Configuration checks: a mistake stops the study immediately, with one sentence."""

from collections.abc import Collection
from itertools import combinations, product
from pathlib import Path

from bgbias.configuration.keywords import IMAGENET, NETWORKS, ONNX, TIMM
from bgbias.configuration.refusals import check_known, config_error, missing, suggestion
from bgbias.configuration.schema import check_losses, check_schema
from bgbias.configuration.study import (
    DEMO_BACKGROUNDS,
    DEMO_MASKER,
    DEMO_STUDY,
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

_NETWORK_FILE = f"a {' or '.join(NETWORKS)} file"


def check(config: dict, schema: dict) -> None:
    """Raise :class:`StudyError` if ``config`` violates the schema or contradicts itself."""
    _check_model_files(config, schema["$defs"]["backbone_models"]["enum"])
    check_schema(config, schema)
    check_losses(config, schema)
    for axis, section in SECTION_OF_AXIS.items():
        for name in config["grid"][axis]:
            check_known(name, config[section], f"grid.{axis}", section)
    for name in config["frozen"]:
        check_known(name, config["backbones"], "frozen", "backbones")
    if not config["grid"]["loss"] and not config["frozen"]:
        raise config_error("grid.loss", "nothing to do; name a loss, or a backbone under `frozen`")
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
    """Bounds in the wrong order would silently give every image the same crop."""
    for key in ("scale", "ratio"):
        least, most = config["transform"][key]
        if least > most:
            raise config_error(f"transform.{key}", f"{least} is larger than {most}; swap them")
    if config["transform"]["eval_size"] > config["pixels"]["short_side"]:
        raise StudyError("Configuration: transform.eval_size must not be larger than pixels.short_side.")


def _check_dataset(config: dict, dataset: str) -> None:
    """A dataset of the grid must exist and suit what the study does with it."""
    settings = config["datasets"][dataset]
    if settings.get("test_only") and config["grid"]["loss"]:
        raise config_error(
            f"datasets.{dataset}.test_only",
            "a test-only dataset cannot be used for training; set grid.loss to [], or leave this key out",
        )
    if "root" in settings and not Path(settings["root"]).is_dir():
        raise config_error(f"datasets.{dataset}.root", missing("folder", settings["root"]))
    if "masks" in settings and not Path(settings["masks"]).is_dir():
        raise config_error(f"datasets.{dataset}.masks", missing("folder", settings["masks"]))
    own = Path("data", dataset, "masks").resolve()
    if "masks" in settings and Path(settings["masks"]).resolve() == own:
        raise config_error(
            f"datasets.{dataset}.masks",
            f"the workflow itself writes masks into data/{dataset}/masks; leave the key out, or give the "
            "dataset another name",
        )
    if settings["source"] in ("index", "folders"):
        _check_place(dataset, settings)
    if settings["source"] == "folders" and "masks" in settings:
        root, masks = Path(settings["root"]).resolve(), Path(settings["masks"]).resolve()
        inside = masks.relative_to(root).parts if masks.is_relative_to(root) else None
        # Hidden folders are not read.
        if inside is not None and not any(part.startswith(".") for part in inside):
            raise config_error(
                f"datasets.{dataset}.masks",
                f"the folder is inside {settings['root']}, where every image is read as a photograph; move "
                "it elsewhere",
            )
    if settings["source"] == "index" and not index_file(settings).is_file():
        raise config_error(
            f"datasets.{dataset}.index",
            f"{missing('file', index_file(settings))}, or write the file (columns path,class_name,split)",
        )


def _check_place(dataset: str, settings: dict) -> None:
    """The workflow's files of a dataset must not be among the user's images, nor replace the user's index."""
    own, root = Path("data", dataset).resolve(), Path(settings["root"]).resolve()
    if settings["source"] == "folders" and own.is_relative_to(root):
        raise config_error(
            f"datasets.{dataset}.root",
            f"the masks made in data/{dataset} would be read as photographs; move the images to a folder "
            f"that does not contain data/{dataset}",
        )
    if settings["source"] == "index" and index_file(settings).resolve() == own / "index.csv":
        raise config_error(
            f"datasets.{dataset}.index",
            f"the workflow writes data/{dataset}/index.csv itself; give your file another name or place, or "
            "the dataset another name",
        )


def _check_backbones(config: dict, schema: dict) -> None:
    """Each network must be known, accept the image size, and have a spatial map if Grad-CAM is requested."""
    known, without_map, of_224_pixels = (
        schema["$defs"][f"backbone_models{which}"]["enum"] for which in ("", "_without_map", "_of_224_pixels")
    )
    trained = trained_backbones(config)
    for name in [*config["grid"]["backbone"], *config["frozen"]]:
        settings = backbone_settings(config, name)
        model = settings["model"]
        timm, exported = model.startswith(TIMM), model.endswith(NETWORKS)
        if not timm and not exported and model not in known:
            raise _unknown_network(name, model, known)
        if exported:
            _check_exported(name, settings, is_trained=name in trained)
        weights = settings["weights"]
        if weights not in (None, IMAGENET) and not Path(weights).is_file():
            raise config_error(f"backbones.{name}.weights", missing("file", weights))
        if str(weights).endswith(NETWORKS):
            raise config_error(
                f"backbones.{name}.weights",
                f"{weights} is a complete network; name it as `model`, without `weights`",
            )
        if weights is None and settings.get("head"):
            raise config_error(f"backbones.{name}.head", "without weights there is no pretrained top layer")
        for size in ["eval_size", "train_size"] if name in trained else ["eval_size"]:
            if model in of_224_pixels and config["transform"][size] != 224:
                raise config_error(f"transform.{size}", f"backbone {name} accepts only 224-pixel images")
        if model.endswith(ONNX) and config["attribution"]["methods"]:
            raise config_error(
                "attribution.methods",
                f"an {ONNX} file has no gradients, which attribution needs; set attribution: {{methods: []}} "
                f"or export backbone {name} with torch.export (README.md)",
            )
        if (timm or exported or model in without_map) and "gradcam" in config["attribution"]["methods"]:
            raise config_error(
                "attribution.methods",
                f"gradcam needs a spatial map, which backbone {name} does not have; leave gradcam out",
            )


def _check_model_files(config: dict, known: Collection[str]) -> None:
    """Report an unknown network before the schema reports keys that are missing for it."""
    entries = config.get("backbones")
    for name, entry in entries.items() if isinstance(entries, dict) else []:
        model = entry.get("model") if isinstance(entry, dict) else None
        if not isinstance(model, str) or model in known or model.startswith(TIMM) or model.endswith(NETWORKS):
            continue
        if Path(model).is_file():
            raise config_error(
                f"backbones.{name}.model",
                f"{model} is a file, but not {_NETWORK_FILE}; export the network as README.md describes, "
                "or name a built-in network here and the file as `weights`",
            )
        raise _unknown_network(name, model, known)


def _unknown_network(name: str, model: str, known: Collection[str]) -> StudyError:
    return config_error(
        f"backbones.{name}.model",
        f"{model!r} is not a built-in network (CONTRIBUTING.md explains how to add one), does not begin with "
        f"{TIMM} and is not {_NETWORK_FILE}{suggestion(model, known)}",
    )


def _check_exported(name: str, settings: dict, is_trained: bool) -> None:
    """An exported network must exist, must not be trained, and must not set what its file determines."""
    if not Path(settings["model"]).is_file():
        raise config_error(f"backbones.{name}.model", missing("file", settings["model"]))
    if is_trained:
        raise config_error(
            f"backbones.{name}.model",
            "an exported network is measured without training; name it under `frozen`, not in grid.backbone",
        )
    for key in ("weights", "head", "widths"):
        if settings.get(key) is not None:
            raise config_error(
                f"backbones.{name}.{key}",
                "an exported network's file already contains this; leave the key out",
            )


def _check_batches(config: dict) -> None:
    """In every run of the grid, a batch must hold whole groups of images of two or more classes."""
    size = config["training"]["batch_size"]
    for loss, dataset in product(config["grid"]["loss"], config["grid"]["dataset"]):
        images = loss_settings(config, loss, dataset)["images_per_class"]
        if size % images or size == images:
            raise config_error(
                "training.batch_size",
                f"{size} must be a multiple of losses.{loss}.images_per_class ({images}), at least twice; a "
                "batch holds that many images of each of two or more classes",
            )


def _check_masker(config: dict) -> None:
    """Only models that take a weights file may be given one, and the demo's file is only for the demo."""
    masker = config["masker"]
    if not takes_weights(masker["model"]) and masker.get("weights") not in (None, DEMO_MASKER):
        raise config_error(
            "masker.weights", f"{masker['model']} has weights of its own; only u2net_custom takes a file"
        )
    for dataset in config["grid"]["dataset"]:
        weights = masker_settings(config, dataset).get("weights")
        if weights == DEMO_MASKER and dataset in _not_drawn(config):
            raise config_error(
                "masker",
                f"the demo's masker only knows the demo's drawings, not the images of {dataset}; name a "
                f"rembg model, masker: {{model: u2net}}, or a folder of masks, datasets.{dataset}.masks",
            )
        if weights and not Path(weights).is_file():
            raise config_error("masker.weights", missing("file", weights))


def _check_backgrounds(config: dict) -> None:
    """Training needs backgrounds, and the test needs backgrounds that training has not seen.

    A folder inside another counts as part of it, because photographs are searched for at any depth.
    """
    name = config["background_set"]
    settings = config["backgrounds"][name]
    if name == DEMO_BACKGROUNDS and settings["source"] == "demo_world" and _not_drawn(config):
        raise config_error(
            "background_set",
            f"the demo's backgrounds are drawings, but the images of {_not_drawn(config)[0]} are not; define "
            "folders of photographs under `backgrounds` and name that entry here",
        )
    if settings["source"] != "folders":
        return
    roles = ("train", "validation", "test") if config["grid"]["loss"] else ("test",)
    for role in roles:
        if role not in settings:
            purpose = "the test" if role == "test" else "training"
            remedy = "" if role == "test" else "; if nothing is to be trained, set grid.loss to []"
            raise config_error(
                f"backgrounds.{name}", f"the folder {role!r} is missing; {purpose} needs it{remedy}"
            )
        if not Path(settings[role]).is_dir():
            raise config_error(f"backgrounds.{name}.{role}", missing("folder", settings[role]))
    folders = {role: Path(settings[role]).resolve() for role in roles}
    for (one, first), (other, second) in combinations(folders.items(), 2):
        if first == second and other == "test":
            raise config_error(
                f"backgrounds.{name}.test", f"this is also the folder of {one}; the test needs unseen photos"
            )
        if first in second.parents or second in first.parents:
            raise config_error(
                f"backgrounds.{name}.{other}",
                f"this folder and that of {one} share photos, because one is inside the other; separate them",
            )


def _check_results(config: dict) -> None:
    """Snakemake records how a file was made under the file's path, so in a renamed study nothing would
    rerun, whatever has changed."""
    if config["study"] == DEMO_STUDY and _not_drawn(config):
        raise config_error("study", "name your study, because results/demo belongs to the demo")
    folder = Path("results") / config["study"]
    for accepted in accepted_masks(folder):  # the first outputs of a study
        made = accepted.read_text(encoding="utf-8").strip()
        if made not in ("", config["study"]):
            raise config_error(
                "study",
                f"{folder} was made as study {made!r}, and changes since then cannot be detected under "
                "another name; rename both back, or delete the folder",
            )


def _not_drawn(config: dict) -> list[str]:
    """The datasets of the grid whose images are not drawings like the demo's."""
    return [name for name in config["grid"]["dataset"] if config["datasets"][name]["source"] != "demo_world"]

"""The configuration: what is refused and with which sentence, and what the runs of a study are."""

import copy
import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from bgbias import study
from bgbias.errors import StudyError

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


@pytest.fixture
def config():
    return copy.deepcopy(yaml.safe_load((ROOT / "config/config.yaml").read_text()))


def put(config, path, value):
    *parents, last = path.split(".")
    for key in parents:
        config = config[key]
    config[last] = value


def test_the_default_is_the_grid_of_the_paper(config):
    study.check(config, SCHEMA)
    assert len(study.runs(config)) == 3 * 5 * 2


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("devise", "cpu", "the top level: the key 'devise' is unknown; did you mean 'device'?"),
        ("training.learning_rat", 1, "training: the key 'learning_rat' is unknown"),
        ("losses.triplet.margn", 1, "losses.triplet: the key 'margn' is unknown; did you mean 'margin'?"),
        ("losses.triplet.per_dataset", {"a": {"mrgin": 1}}, "triplet.per_dataset.a: the key 'mrgin'"),
        ("losses.triplt", {"images_per_class": 4}, "not known under `losses`; did you mean 'triplet'?"),
        ("grid.loss", ["arcfce"], "grid.loss: 'arcfce' is not known under `losses`; did you mean 'arcface'?"),
        ("grid.dataset", ["demo_car"], "did you mean 'demo_cars'?"),
        ("grid.seed", [], "grid.seed: [] should be non-empty"),
        ("grid.loss", [], "grid.loss: there is nothing to do; name a loss, or a backbone under `frozen`"),
        ("background_set", "photos", "background_set: 'photos' is not known under `backgrounds`"),
        ("training.batch_size", "many", "training.batch_size: 'many' is not of type 'integer'"),
        ("variants.half", {"probability": 1.5, "selection": "clean"}, "1.5 is greater than the maximum of 1"),
        ("study", "../elsewhere", "study: '../elsewhere' does not match"),
        (
            "backbones.small_cnn",
            {"model": "resnt18"},
            "'resnt18' is not known under `model`; did you",
        ),
        ("backbones.small_cnn", {"model": "vit_b_16"}, "attribution.methods: gradcam needs a spatial map"),
        ("backbones.small_cnn", {"model": "timm/vit_tiny_patch16_224"}, "gradcam needs a spatial map"),
        (
            "training.batch_size",
            30,
            "30 is not a multiple of losses.contrastive.images_per_class, 4",
        ),
        ("masker.model", "ready", "masker.model: "),
        (
            "masker",
            {"model": "u2net", "weights": "mine.onnx", "shards": 1},
            "masker.weights: u2net has weights",
        ),
        ("transform.eval_size", 500, "transform.eval_size must not be larger than pixels.short_side"),
    ],
)
def test_refuses_with_one_sentence(config, path, value, sentence):
    put(config, path, value)
    with pytest.raises(StudyError) as caught:
        study.check(config, SCHEMA)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith((".", "?"))
    assert not str(caught.value).endswith("?.")


def test_refuses_a_dataset_that_is_not_there(config, tmp_path):
    config["datasets"]["mine"] = {"source": "index", "root": str(tmp_path)}
    config["grid"]["dataset"] = ["mine"]
    with pytest.raises(StudyError, match=r"datasets\.mine\.index: the file .*index\.csv does not exist"):
        study.check(config, SCHEMA)


@pytest.mark.parametrize("spelling", ["bg/train", "bg/train/", "./bg/train", "bg/../bg/train"])
def test_refuses_to_test_on_backgrounds_that_training_saw(config, spelling):
    folders = {"source": "folders", "train": "bg/train", "validation": "bg/validation", "test": "bg/test"}
    config["backgrounds"]["demo"] = folders
    study.check(config, SCHEMA)
    folders["test"] = spelling
    with pytest.raises(StudyError, match=r"backgrounds\.demo\.test: it is also the folder of train"):
        study.check(config, SCHEMA)


def test_only_training_needs_other_backgrounds_and_images_than_those_of_the_test(config, tmp_path):
    config["backgrounds"]["demo"] = {"source": "folders", "test": "bg"}
    with pytest.raises(StudyError, match=r"backgrounds\.demo: the folder 'train' is missing, which training"):
        study.check(config, SCHEMA)
    config["datasets"]["mine"] = {"source": "folders", "root": str(tmp_path), "test_only": True}
    config["grid"] |= {"dataset": ["mine"], "loss": []}
    config["frozen"] = ["small_cnn"]
    study.check(config, SCHEMA)
    config["grid"]["loss"] = ["triplet"]
    config["backgrounds"]["demo"] |= {"train": "seen", "validation": "seen"}
    with pytest.raises(StudyError, match=r"datasets\.mine\.test_only: on test images nothing"):
        study.check(config, SCHEMA)


def readmes_study(config, number, dataset, root):
    """The README's configuration, laid over the default one, with a folder that is there."""
    found = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    update_config(config, yaml.safe_load(found[number]))
    config["datasets"][dataset]["root"] = str(root)
    study.check(config, SCHEMA)


def test_the_readmes_study_of_ones_own_photographs(config, tmp_path):
    readmes_study(config, 0, "catalogue", tmp_path)
    assert config["backbones"]["squeezenet1_1"]["weights"] == "imagenet"
    # With the noise and the learning rate of the demo a pretrained network forgets: on photographs of
    # groceries MAP@R fell from 28 % without training to 5 %; with these it rose to 44 %.
    assert config["transform"]["noise"] == 0
    assert config["training"]["learning_rate"] == 1e-4


def test_the_readmes_study_of_ones_own_model(config, tmp_path):
    readmes_study(config, 1, "whole_catalogue", tmp_path)
    (run,) = study.runs(config)
    assert (run["backbone"], run["loss"]) == ("mine", study.FROZEN)


def test_the_schema_knows_the_registry_of_backbones():
    from bgbias.backbones import BACKBONES, build_backbone

    names = SCHEMA["$defs"]["backbone_models"]["enum"]
    assert names == list(BACKBONES)
    without_map = [name for name in names if build_backbone(name, {}, 0).last_map is None]
    assert SCHEMA["$defs"]["backbone_models_without_map"]["enum"] == without_map


def test_words_of_the_command_line_become_what_yaml_would_have_read():
    given = {"grid": {"seed": ["0", "1"], "loss": ["triplet"]}, "flip": "false", "weights": "null", "a": "%"}
    assert study.typed(given) == {
        "grid": {"seed": [0, 1], "loss": ["triplet"]},
        "flip": False,
        "weights": None,
        "a": "%",
    }
    assert study.typed(7) == 7


def test_only_a_network_of_ones_own_is_a_file(config):
    config["masker"]["model"] = "u2net"  # as in the README's example, which leaves the demo's file in place
    study.check(config, SCHEMA)
    assert study.masker_settings(config, "demo_cars") == {"model": "u2net"}
    config["masker"] |= {"model": "u2net_custom", "weights": "mine.onnx"}
    study.check(config, SCHEMA)
    assert study.masker_settings(config, "demo_cars") == {"model": "u2net_custom", "weights": "mine.onnx"}


def test_frozen_backbones_are_runs_without_training(config):
    config["frozen"] = ["small_cnn"]
    without = copy.deepcopy(config)
    without["grid"]["loss"] = []
    study.check(without, SCHEMA)
    assert {run["loss"] for run in study.runs(without)} == {study.FROZEN}
    frozen = [run for run in study.runs(config) if run["loss"] == study.FROZEN]
    assert [run["dataset"] for run in frozen] == config["grid"]["dataset"]


def test_a_loss_takes_its_own_values_for_a_dataset(config):
    config["losses"]["triplet"]["per_dataset"] = {"demo_birds": {"margin": 0.5}}
    assert study.loss_settings(config, "triplet", "demo_birds")["margin"] == 0.5
    assert study.loss_settings(config, "triplet", "demo_cars") == {
        "type": "triplet",
        "images_per_class": 4,
        "margin": config["losses"]["triplet"]["margin"],
    }


def test_every_key_of_the_schema_is_described():
    assert list(undescribed(SCHEMA)) == []


def test_the_page_on_the_configuration_is_that_of_the_schema(config):
    spec = importlib.util.spec_from_file_location("describe", ROOT / "workflow/schemas/describe.py")
    describe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(describe)
    assert (ROOT / "config/README.md").read_text() == describe.describe(SCHEMA, config), "run make docs"


def undescribed(node, path=""):
    """The keys of a schema without a description, their own or that of the definition they refer to."""
    if isinstance(node, list):
        for value in node:
            yield from undescribed(value, path)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "properties":
                for name, entry in value.items():
                    if isinstance(entry, dict) and "const" not in entry and not described(entry):
                        yield f"{path}.{name}"
            if key != "if":
                yield from undescribed(value, f"{path}.{key}")


def described(entry):
    definition = SCHEMA["$defs"].get(entry.get("$ref", "").split("/")[-1], {})
    return "description" in entry or "description" in definition

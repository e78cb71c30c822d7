"""The configuration: what its studies are, and what of the README and of its own page is said of it."""

import copy
import importlib.util
import inspect
import re
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from bgbias.configuration import study
from bgbias.configuration.checks import check
from bgbias.datasets import shares, vehicleid
from bgbias.files import read_rows
from bgbias.index import index_name
from bgbias.models.backbones import BACKBONES

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


def test_the_default_is_the_grid_of_the_paper(config):
    check(config, SCHEMA)
    assert len(study.runs(config)) == 3 * 5 * 2


def readmes_study(config, number, dataset, root):
    """The README's configuration, laid over the default one, with folders and files that are there."""
    found = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    update_config(config, yaml.safe_load(found[number]))
    config["datasets"][dataset]["root"] = str(root)
    offices = config["backgrounds"]["offices"]
    for role in offices.keys() - {"source"}:
        offices[role] = str(root / offices[role])
        Path(offices[role]).mkdir(parents=True, exist_ok=True)
    if "mine" in config["backbones"]:
        model = root / config["backbones"]["mine"]["model"]
        model.touch()
        config["backbones"]["mine"]["model"] = str(model)
    check(config, SCHEMA)


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


def test_words_of_the_command_line_become_what_yaml_would_have_read():
    given = {"grid": {"seed": ["0", "1"], "loss": ["triplet"]}, "flip": "false", "weights": "null", "a": "%"}
    assert study.typed(given) == {
        "grid": {"seed": [0, 1], "loss": ["triplet"]},
        "flip": False,
        "weights": None,
        "a": "%",
    }
    assert study.typed(7) == 7


def test_a_whole_number_has_one_spelling():
    given = {
        "margin": 20.0,
        "scale": [0.16, 1.0],
        "flip": True,
        "seed": 0,
        "name": "1.0",
        "weights": None,
        "huge": 1e30,
    }
    plain = study.plain_numbers(given)
    assert plain == given
    assert repr(plain) == repr(given | {"margin": 20, "scale": [0.16, 1]})


def test_only_a_network_of_ones_own_is_a_file(config):
    config["masker"]["model"] = "u2net"  # as in the README's example, which leaves the demo's file in place
    check(config, SCHEMA)
    assert study.masker_settings(config, "demo_cars") == {"model": "u2net"}
    config["masker"] |= {"model": "u2net_custom", "weights": "mine.onnx"}
    assert study.masker_settings(config, "demo_cars") == {"model": "u2net_custom", "weights": "mine.onnx"}
    del config["masker"]["weights"]  # which the masker misses, in a sentence
    assert study.masker_settings(config, "demo_cars") == {"model": "u2net_custom"}


def test_masks_and_index_of_ones_own_are_those_of_the_configuration(config):
    config["datasets"]["demo_cars"]["masks"] = "my/masks"
    assert study.masker_settings(config, "demo_cars") == {"model": "ready", "folder": "my/masks"}
    assert study.masker_settings(config, "demo_birds")["model"] == config["masker"]["model"]
    assert study.index_file({"root": "a", "index": "b.csv"}) == Path("a/b.csv")
    assert study.index_file({"root": "a"}) == Path("a/index.csv")


def test_frozen_backbones_are_runs_without_training(config):
    config["frozen"], config["grid"]["seed"] = ["small_cnn"], [3, 4]
    without = copy.deepcopy(config)
    without["grid"]["loss"] = []
    check(without, SCHEMA)
    assert {run["loss"] for run in study.runs(without)} == {study.FROZEN}
    frozen = [run for run in study.runs(config) if run["loss"] == study.FROZEN]
    assert [run["dataset"] for run in frozen] == config["grid"]["dataset"]
    assert {run["seed"] for run in frozen} == {3}, "one run, with random weights of the first seed"


def test_the_papers_losses_have_the_published_optima(config):
    """Of Musgrave et al., to three digits: images of a class in a batch, then the loss's own settings."""
    update_config(config, yaml.safe_load((ROOT / "config/paper.yaml").read_text()))
    optima = {
        "contrastive": [(4, 0.265, 0.541), (4, -0.2, 0.384), (4, 0.285, 0.513)],
        "triplet": [(4, 0.119), (4, 0.0961), (4, 0.0452)],
        "multi_similarity": [(4, 14.4, 75.8, 0.662), (4, 0.01, 50.6, 0.562), (4, 8.49, 57.4, 0.417)],
        "arcface": [(1, 20.5, 49.5, 7.4e-6), (1, 23.2, 100, 0.00514), (1, 18.6, 220, 0.00202)],
        "normalized_softmax": [(1, 0.0886, 0.011), (1, 0.109, 0.00447), (1, 0.0631, 0.000547)],
    }
    for loss, values in optima.items():
        for dataset, expected in zip(("cars196", "cub200", "sop"), values, strict=True):
            settings = study.loss_settings(config, loss, dataset)
            found = [value for key, value in settings.items() if key != "type"]
            assert found == pytest.approx(expected, rel=0.006), (loss, dataset)


def test_a_loss_takes_its_own_values_for_a_dataset(config):
    config["losses"]["triplet"]["per_dataset"] = {"demo_birds": {"margin": 0.5}}
    assert study.loss_settings(config, "triplet", "demo_birds")["margin"] == 0.5
    assert study.loss_settings(config, "triplet", "demo_cars") == {
        "type": "triplet",
        "images_per_class": 4,
        "margin": config["losses"]["triplet"]["margin"],
    }


def test_a_published_dataset_of_another_name_has_the_values_of_its_source(config):
    config["losses"]["triplet"]["per_dataset"] = {"cars196": {"margin": 0.5}, "mine": {"margin": 0.7}}
    for name in ("cars", "mine"):
        config["datasets"][name] = {"source": "cars196"}
    found = {name: study.loss_settings(config, "triplet", name)["margin"] for name in ("cars", "mine")}
    assert found == {"cars": 0.5, "mine": 0.7}
    for name in ("folders", "shop"):
        config["datasets"][name] = {"source": "folders"}
    config["losses"]["triplet"]["per_dataset"] = {"folders": {"margin": 0.9}}
    assert study.loss_settings(config, "triplet", "shop")["margin"] != 0.9, "that is a dataset's name"


@pytest.mark.parametrize(
    ("entry", "published"),
    [
        ({"source": "cub200"}, {"birds": "cub200"}),
        ({"source": "cub200", "counts": {"images": 11788}}, {"birds": "cub200"}),
        ({"source": "cub200", "counts": {"images": 11788, "test_classes": 10}}, {}),
        ({"source": "cub200", "counts": {"query_images": 500}}, {}),  # nobody published that number
        ({"source": "cub200", "gallery_draws": 10}, {}),  # another task
        ({"source": "cub200", "counts": "any"}, {}),  # a part of it
        ({"source": "cub200", "limit": {"classes": 20}}, {}),
        ({"source": "inshop"}, {}),  # not of the study
    ],
)
def test_published_numbers_are_of_what_a_dataset_is_not_of_its_name(config, entry, published):
    config["datasets"] |= {"birds": entry, "sop": {"source": "folders", "root": "my/shop"}, "again": entry}
    config["grid"]["dataset"] = ["birds", "sop", "again"]  # of two that are the same the first is compared
    assert study.published_datasets(config) == published


MODELS = {"backbone": ["bninception"], "loss": ["triplet", "mine"], "variant": ["mine", "base"]}


@pytest.mark.parametrize(
    ("changed", "tables"),
    [
        ({}, ("retrieval", "attention", "mask_quality")),
        ({"grid": MODELS | {"backbone": ["resnet50"]}}, ("mask_quality",)),
        ({"grid": MODELS | {"loss": ["mine"]}}, ("mask_quality",)),
        ({"grid": MODELS | {"variant": ["mine"]}}, ("mask_quality",)),
        # Only as it comes, which the paper did not measure.
        ({"grid": MODELS | {"loss": []}, "frozen": ["bninception"]}, ("mask_quality",)),
        ({"attribution": {"methods": ["gradcam"]}}, ("retrieval", "mask_quality")),
        ({"attribution": {"methods": []}}, ("retrieval", "mask_quality")),
        ({"masker": {"model": "isnet"}}, ("retrieval", "attention")),
        ({"grid": MODELS | {"loss": []}, "masker": {"model": "isnet"}}, ()),
        ({"datasets": {"birds": {"source": "cub200", "counts": "any"}}}, ()),
    ],
)
def test_what_was_published_is_printed_where_a_cell_of_it_is_measured(config, changed, tables):
    config |= {"datasets": {"birds": {"source": "cub200"}}, "masker": {"model": "u2net"}, "grid": MODELS}
    config |= changed
    config["grid"] = config["grid"] | {"dataset": ["birds"]}
    assert study.published_tables(config) == tables


def test_the_published_models_are_those_of_the_published_tables():
    rows = {
        kind: read_rows(ROOT / f"resources/published/{kind}.csv")
        for kind in ("retrieval", "attention", "mask_quality")
    }
    for kind in ("retrieval", "attention"):
        assert set(study.PUBLISHED_DATASETS) == {row["dataset"] for row in rows[kind]}
        for axis, names in study.PUBLISHED_MODELS.items():
            assert set(names) == {row[axis] for row in rows[kind]}
    assert {row["method"] for row in rows["attention"]} == {study.PUBLISHED_METHOD}
    assert {row["masker"] for row in rows["mask_quality"]} == {study.PUBLISHED_MASKER}


def test_every_key_of_the_schema_is_described():
    assert list(undescribed(SCHEMA)) == []


def describe():
    """The module that writes config/README.md; it is no part of the library."""
    spec = importlib.util.spec_from_file_location("describe", ROOT / "workflow/schemas/describe.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_on_the_configuration_is_that_of_the_schema(config):
    assert (ROOT / "config/README.md").read_text() == describe().describe(SCHEMA, config), "run make docs"


def test_the_pages_defaults_are_those_of_the_code():
    """Where config.yaml says nothing, the schema repeats what the code takes."""

    def of(source):
        (case,) = (
            case["then"]["properties"]
            for case in SCHEMA["$defs"]["dataset"]["allOf"]
            if source in str(case["if"]["properties"]["source"])
        )
        return {
            name: (SCHEMA["$defs"].get(name, {}) | entry).get("default")
            for name, entry in case.items()
            if isinstance(entry, dict)
        }

    assert of("folders")["splits"] == shares.SHARES
    assert of("folders")["seed"] == 0
    assert of("index")["index"] == index_name({})
    assert of("index")["test_only"] is False
    assert of("cars196")["counts"] == "published"
    assert of("vehicleid")["test_list"] == vehicleid.TEST_LIST
    widths = SCHEMA["properties"]["backbones"]["additionalProperties"]["properties"]["widths"]["default"]
    model = SCHEMA["properties"]["backbones"]["additionalProperties"]["properties"]["model"]["description"]
    assert [name for name in BACKBONES if f"`{name}`" not in model] == []
    assert tuple(widths) == inspect.signature(BACKBONES["small_cnn"]).parameters["widths"].default


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"enum": ["auto", 800]}, "`auto`, `800`"),
        ({"type": "integer", "minimum": 2}, "whole number ≥ 2"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "number ≥ 0 and < 1"),
        ({"$ref": "#/$defs/share"}, "number from 0 to 1"),
        ({"$ref": "#/$defs/name"}, "name"),
        ({"type": ["string", "null"]}, "text or `null`"),
        ({"$ref": "#/$defs/names"}, "list of names, not empty"),
        ({"$ref": "#/$defs/channels"}, "list of 3 numbers > 0"),
        ({"$ref": "#/$defs/means"}, "list of 3 numbers from 0 to 1"),
        ({"type": "array", "items": {"type": "integer", "minimum": 1}}, "list of whole numbers ≥ 1"),
        ({"anyOf": [{"type": "integer", "minimum": 2}, {"type": "object"}]}, "whole number ≥ 2, or mapping"),
        ({"type": "boolean"}, "`true`, `false`"),
    ],
)
def test_the_values_of_a_key_are_said_in_words(entry, said):
    assert describe().values(entry, SCHEMA) == said


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

"""The configuration: what is refused, and with which sentence."""

from pathlib import Path

import pytest
import yaml

from bgbias.configuration.checks import check
from bgbias.errors import StudyError

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


def of_photographs(config, folder):
    """Backgrounds and a masker that go with other images than the demo's; folders in ``folder``."""
    folders = {role: folder / f"bg/{role}" for role in ("train", "validation", "test")}
    for path in folders.values():
        path.mkdir(parents=True, exist_ok=True)
    config["backgrounds"]["demo"] = {
        "source": "folders",
        **{role: str(path) for role, path in folders.items()},
    }
    config["masker"] = {"model": "u2net", "shards": 1}
    config["study"] = "mine"
    return config["backgrounds"]["demo"]


def put(config, path, value):
    *parents, last = path.split(".")
    for key in parents:
        config = config[key]
    config[last] = value


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("devise", "cpu", "the top level: the key 'devise' is unknown; did you mean 'device'?"),
        ("training.learning_rat", 1, "training: the key 'learning_rat' is unknown"),
        ("losses.triplet.margn", 1, "losses.triplet: the key 'margn' is unknown; did you mean 'margin'?"),
        (
            "losses.triplet.per_dataset",
            {"demo_cars": {"mrgin": 1}},
            "triplet.per_dataset.demo_cars: the key 'mrgin'",
        ),
        ("losses.triplet.per_dataset", {"demo_car": {}}, "'demo_car' is not known under `datasets`; did you"),
        ("datasets.demo_cars", {"root": "cars"}, "datasets.demo_cars: the key 'source' is missing"),
        ("pixels.short_side", 80.0, "pixels.short_side: 80.0 is not a whole number"),
        ("training.batch_size", True, "training.batch_size: True is not a whole number"),
        ("losses.triplt", {"images_per_class": 4}, "not known under `losses`; did you mean 'triplet'?"),
        (
            "losses.mine",
            {"type": "tripled"},
            "losses.mine.type: 'tripled' is not known under `losses`; did you",
        ),
        ("grid.loss", ["arcfce"], "grid.loss: 'arcfce' is not known under `losses`; did you mean 'arcface'?"),
        ("grid.dataset", ["demo_car"], "did you mean 'demo_cars'?"),
        ("grid.seed", [], "grid.seed: [] should be non-empty"),
        ("datasets.demo_cars.world", "boats", "datasets.demo_cars.world: 'boats' is not one of ['cars', "),
        ("datasets.demo_cars.rho", 1.5, "datasets.demo_cars.rho: 1.5 is greater than the maximum of 1"),
        ("datasets.demo_cars.images_per_class", 1, "images_per_class: 1 is less than the minimum of 2"),
        ("datasets.demo_cars.source", "folder", "source: 'folder' is not one of ['demo_world', 'index', "),
        ("datasets.demo_cars", {"source": "sop", "limit": {"image": 3}}, "limit: the key 'image' is unknown"),
        ("datasets.demo_cars", {"source": "vehicleid", "test_list": 1000}, "1000 is not one of [800, 1600,"),
        ("backgrounds.demo.count", 0, "backgrounds.demo.count: 0 is less than the minimum of 1"),
        (
            "backbones.mine",
            {"model": "mine.tflite"},
            "backbones.mine.model: 'mine.tflite' is not a built-in network",
        ),
        (
            "backbones.small_cnn",
            {"weights": None, "mean": [103.5, 116, 123], "std": [57, 57, 58]},
            "maximum of 1; pixel values are from 0 to 1 here; divide by 255",
        ),
        ("grid.loss", [], "grid.loss: nothing to do; name a loss, or a backbone under `frozen`"),
        ("background_set", "photos", "background_set: 'photos' is not known under `backgrounds`"),
        ("transform.scale", [0.16, 100], "transform.scale.1: 100 is greater than the maximum of 1"),
        ("transform.scale", [1.0, 0.16], "transform.scale: 1.0 is larger than 0.16; swap them"),
        ("transform.ratio", [1.33, 0.75], "transform.ratio: 1.33 is larger than 0.75"),
        ("backbones.small_cnn", {"weights": None, "widths": []}, "small_cnn.widths: "),
        ("training.batch_size", "many", "training.batch_size: 'many' is not a whole number"),
        ("variants.half", {"probability": 1.5, "selection": "clean"}, "1.5 is greater than the maximum of 1"),
        ("study", "../elsewhere", "study: '../elsewhere' must begin with a letter"),
        (
            "backbones.small_cnn",
            {"model": "resnt18", "weights": None},
            "does not begin with timm/ and is not a .pt2 or .onnx file; did you mean 'resnet18'?",
        ),
        (
            "losses.mine",
            {"type": "pml/"},
            "losses.mine.type: pml/ needs a class name, such as pml/CircleLoss",
        ),
        (
            "backbones.small_cnn",
            {"model": "nobodys.pt2"},
            "small_cnn.model: file nobodys.pt2 does not exist",
        ),
        (
            "losses.mine",
            {"type": "CircleLoss"},
            "; known: contrastive, triplet, multi_similarity, arcface, "
            "normalized_softmax, pml/<class of pytorch-metric-learning>",
        ),
        (
            "losses.triplet.per_dataset",
            {"demo_cars": {"type": "arcface"}},
            "losses.triplet.per_dataset.demo_cars.type: an entry is the same loss on all datasets",
        ),
        (
            "losses.mine",
            {"type": "pml/CircleLoss", "m": 0.4},
            "losses.mine: the key 'images_per_class' is missing",
        ),
        (
            "losses.mine",
            {"type": "pml/CircleLoss", "images_per_class": 4, "m": [0.4]},
            "losses.mine.m: [0.4] is not a number or true or false or text",
        ),
        (
            "losses.mine",
            {"type": "pml/TripletMarginLoss", "images_per_class": 4, "distance": "CosineSimilarity"},
            "losses.mine.distance: it is an object, which a configuration cannot express",
        ),
        ("backbones.small_cnn", {"model": "resnet18"}, "small_cnn: the key 'weights' is missing"),
        (
            "backbones.small_cnn",
            {"weights": None, "head": True},
            "small_cnn.head: without weights there is no pretrained top layer",
        ),
        (
            "backbones.small_cnn",
            {"weights": "nobodys.pth"},
            "small_cnn.weights: file nobodys.pth does not exist",
        ),
        (
            "backbones.small_cnn",
            {"weights": None, "mean": [0.5, 0.5, 0.5]},
            "small_cnn: the key 'mean' also needs 'std'.",
        ),
        (
            "backbones.small_cnn",
            {"model": "vit_b_16", "weights": None},
            "transform.eval_size: backbone small_cnn accepts",
        ),
        (
            "backbones.small_cnn",
            {"model": "timm/vit_tiny_patch16_224", "weights": None},
            "gradcam needs a spatial map",
        ),
        (
            "training.batch_size",
            30,
            "30 must be a multiple of losses.contrastive.images_per_class (4), at least twice",
        ),
        ("training.batch_size", 4, "4 must be a multiple of losses.contrastive.images_per_class (4)"),
        ("losses.triplet.images_per_class", 1, "losses.triplet.images_per_class: 1 is less than the minimum"),
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
        check(config, SCHEMA)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith((".", "?"))
    assert not str(caught.value).endswith("?.")


def test_refuses_a_dataset_that_is_not_there(config, tmp_path):
    config["datasets"]["mine"] = {"source": "index", "root": str(tmp_path)}
    config["grid"]["dataset"] = ["mine"]
    of_photographs(config, tmp_path)
    with pytest.raises(StudyError, match=r"datasets\.mine\.index: file .*index\.csv does not exist"):
        check(config, SCHEMA)


@pytest.mark.parametrize("spelling", ["bg/train", "bg/train/", "./bg/train", "bg/../bg/train"])
def test_refuses_to_test_on_backgrounds_that_training_saw(config, spelling, tmp_path):
    folders = of_photographs(config, tmp_path)
    check(config, SCHEMA)
    folders["test"] = f"{tmp_path}/{spelling}"
    with pytest.raises(StudyError, match=r"backgrounds\.demo\.test: this is also the folder of train"):
        check(config, SCHEMA)


def test_a_transformer_takes_its_own_size_only(config):
    config["attribution"]["methods"] = ["study"]
    config["backbones"]["vit"] = {"model": "vit_b_16", "weights": None}
    config["pixels"]["short_side"] = 256
    config["frozen"] = ["vit"]
    with pytest.raises(StudyError, match=r"transform\.eval_size: backbone vit accepts only 224"):
        check(config, SCHEMA)
    config["transform"]["eval_size"] = 224
    check(config, SCHEMA)  # the size of training is another's
    config["grid"]["backbone"] = ["vit"]
    with pytest.raises(StudyError, match=r"transform\.train_size: backbone vit accepts only 224"):
        check(config, SCHEMA)
    config["transform"]["train_size"] = 224
    check(config, SCHEMA)
    config["attribution"]["methods"] = ["gradcam"]
    with pytest.raises(StudyError, match="gradcam needs a spatial map, which backbone vit does not have"):
        check(config, SCHEMA)


def test_refuses_backgrounds_that_lie_in_one_another(config, tmp_path):
    folders = of_photographs(config, tmp_path)
    train, inside = folders["train"], tmp_path / "bg/train/more"
    inside.mkdir()
    other = tmp_path / "other"
    other.mkdir()
    folders |= {"train": str(tmp_path / "bg"), "validation": str(other)}
    with pytest.raises(StudyError, match=r"demo\.test: this folder and that of train share photos"):
        check(config, SCHEMA)
    for one, other in ((train, str(inside)), (str(inside), train)):
        folders |= {"train": one, "validation": other}
        with pytest.raises(StudyError, match=r"demo\.validation: this folder and that of train share photos"):
            check(config, SCHEMA)
    folders["train"] = train  # the protocol gives each half of one folder
    check(config, SCHEMA)


def test_a_model_file_that_is_no_exported_network_is_told_as_such(config, tmp_path, monkeypatch):
    (tmp_path / "mine.engine").touch()
    config["backbones"]["mine"] = {"model": str(tmp_path / "mine.engine")}
    with pytest.raises(
        StudyError, match=r"backbones\.mine\.model: \S+mine\.engine is a file, but not a \.pt2 or \.onnx file"
    ):
        check(config, SCHEMA)


@pytest.mark.parametrize(("text", "written"), [("1e-4", "0.0001"), ("2E3", "2000.0")])
def test_a_number_that_yaml_takes_for_text_is_told_how_to_write(config, text, written):
    config["training"]["learning_rate"] = text
    with pytest.raises(StudyError, match=rf"learning_rate: '{text}' is not a number; .* write {written}\."):
        check(config, SCHEMA)


@pytest.mark.parametrize("masks", ["masks", "."])
def test_refuses_masks_that_would_be_a_class(config, tmp_path, masks):
    for folder in ("masks", ".masks"):
        (tmp_path / folder).mkdir()
    of_photographs(config, tmp_path / ".bg")
    dataset = {"source": "folders", "root": str(tmp_path), "masks": str(tmp_path / masks)}
    config["datasets"]["demo_cars"] = dataset
    with pytest.raises(StudyError, match=r"demo_cars\.masks: the folder is inside .* read as a photograph"):
        check(config, SCHEMA)
    dataset["masks"] = str(tmp_path / ".masks")  # hidden folders are not read
    check(config, SCHEMA)
    dataset |= {"masks": str(tmp_path), "source": "index"}  # which says itself what is an image
    (tmp_path / "index.csv").touch()
    check(config, SCHEMA)


def test_only_training_needs_other_backgrounds_and_images_than_those_of_the_test(config, tmp_path):
    folders = of_photographs(config, tmp_path)
    seen = folders.pop("train"), folders.pop("validation")
    with pytest.raises(StudyError, match=r"backgrounds\.demo: the folder 'train' is missing; training"):
        check(config, SCHEMA)
    config["datasets"]["mine"] = {"source": "folders", "root": str(tmp_path), "test_only": True}
    config["grid"] |= {"dataset": ["mine"], "loss": []}
    config["frozen"] = ["small_cnn"]
    check(config, SCHEMA)
    seen_in_the_test, folders["test"] = folders["test"], "nowhere"
    with pytest.raises(StudyError, match=r"demo\.test: folder nowhere does not exist"):
        check(config, SCHEMA)
    folders["test"] = seen_in_the_test
    config["grid"]["loss"] = ["triplet"]
    folders |= dict(zip(("train", "validation"), seen, strict=True))
    with pytest.raises(StudyError, match=r"datasets\.mine\.test_only: a test-only dataset cannot"):
        check(config, SCHEMA)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        # What a file of one's own does not mention stays the demo's, and would go unnoticed.
        (lambda c: c["masker"].update({"model": "u2net_custom", "weights": "resources/demo_masker.onnx"}),
         r"masker: the demo's masker only knows the demo's drawings, not the images of mine"),
        (lambda c: c["backgrounds"].update(demo={"source": "demo_world", "count": 2, "size": 32, "seed": 0}),
         r"background_set: the demo's backgrounds are drawings"),
        (lambda c: c["masker"].update({"model": "u2net_custom", "weights": "mine.onnx"}),
         r"masker\.weights: file mine\.onnx does not exist"),
        (lambda c: c["backgrounds"]["demo"].update({"test": "nowhere"}),
         r"backgrounds\.demo\.test: folder nowhere does not exist \(relative"),
        (lambda c: c["datasets"]["mine"].update({"masks": "nowhere"}),
         r"datasets\.mine\.masks: folder nowhere does not exist \(relative"),
        (lambda c: c["datasets"]["mine"].update({"root": "~/photos"}),
         r"datasets\.mine\.root: folder ~/photos does not exist"),
        (lambda c: c.update(study="demo"), "study: name your study, because"),
    ],
)  # fmt: skip
def test_images_of_ones_own_need_masks_backgrounds_and_files_that_are_there(
    config, tmp_path, change, sentence
):
    of_photographs(config, tmp_path)
    (tmp_path / "photos").mkdir()
    config["datasets"]["mine"] = {"source": "folders", "root": str(tmp_path / "photos")}
    config["grid"]["dataset"] = ["mine"]
    check(config, SCHEMA)
    change(config)
    with pytest.raises(StudyError, match=sentence):
        check(config, SCHEMA)


@pytest.mark.parametrize(("suffix", "methods"), [(".pt2", ["study"]), (".pt2", []), (".onnx", [])])
def test_an_exported_network_is_measured_as_it_comes(config, tmp_path, suffix, methods):
    file = tmp_path / f"mine{suffix}"
    file.touch()
    exported = {"model": str(file)}
    config["backbones"]["mine"], config["frozen"] = exported, ["mine"]
    config["attribution"]["methods"] = methods
    check(config, SCHEMA)
    config["backbones"]["mine"] = exported | {"weights": "imagenet"}
    with pytest.raises(StudyError, match=r"backbones\.mine\.weights: an exported network's file already"):
        check(config, SCHEMA)
    config["backbones"]["mine"] = {"model": "resnet18", "weights": exported["model"]}
    with pytest.raises(StudyError, match=r"backbones\.mine\.weights: .*mine\.\w+ is a complete network"):
        check(config, SCHEMA)
    config["backbones"]["mine"] = exported
    config["grid"]["backbone"] = ["mine"]
    with pytest.raises(
        StudyError, match=r"backbones\.mine\.model: .* without training; name it under `frozen`"
    ):
        check(config, SCHEMA)
    config["grid"]["loss"] = []
    check(config, SCHEMA)


def test_without_gradients_there_is_no_attribution(config, tmp_path):
    (tmp_path / "mine.onnx").touch()
    config["backbones"]["mine"], config["frozen"] = {"model": str(tmp_path / "mine.onnx")}, ["mine"]
    config["attribution"]["methods"] = ["study"]
    with pytest.raises(
        StudyError, match=r"attribution\.methods: .* set attribution: \{methods: \[\]\} or export"
    ):
        check(config, SCHEMA)


def test_a_loss_may_have_values_for_a_published_dataset_that_is_not_named_so(config):
    config["losses"]["triplet"]["per_dataset"] = {"cub200": {"margin": 0.5}}
    check(config, SCHEMA)


@pytest.mark.parametrize("role", ["train", "validation"])
def test_the_test_has_backgrounds_of_neither_role(config, tmp_path, role):
    folders = of_photographs(config, tmp_path)
    folders["test"] = folders[role]
    with pytest.raises(StudyError, match=rf"demo\.test: this is also the folder of {role}"):
        check(config, SCHEMA)


def test_an_image_may_be_as_large_as_it_is_packed_and_no_larger(config):
    config["transform"]["eval_size"] = config["pixels"]["short_side"]
    check(config, SCHEMA)
    config["transform"]["eval_size"] += 1
    with pytest.raises(StudyError, match=r"eval_size must not be larger"):
        check(config, SCHEMA)

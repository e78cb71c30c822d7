"""The forecast's arithmetic, by hand on round numbers; the measurement at sizes that take no time."""

import re
import time
from pathlib import Path

import forecast as script
import pytest
import torch
import yaml

from bgbias.demo_world.classes import WORLDS, make_classes
from bgbias.downloads.sources import load_sources
from bgbias.errors import StudyError
from bgbias.forecasting import arithmetic, table, timing
from bgbias.forecasting.arithmetic import Counts, Seconds

ROOT = Path(__file__).parents[3]
SOURCES = load_sources(ROOT / "resources" / "sources.yaml")
CONFIG = {
    "grid": {"loss": ["triplet"]},
    "training": {"iterations_per_epoch": 100, "max_epochs": 1000, "patience": 15},
    "evaluation": {"draws": 5},
    "attribution": {"images": None},
    "embedding_size": 128,
}


def test_hours():
    found = arithmetic.hours(Counts(7200, 100, 3600), 10, CONFIG, Seconds(0.34, 0.02, 0.1), 0.5)
    # An epoch: 100 steps of 0.34 s and 100 validation images of 0.02 s, 36 s. 10 runs of 16 epochs are 1.6 h.
    # Six passes (clean and five draws) of 3,600 images at 0.02 s are 0.12 h a run.
    assert found == pytest.approx(
        {"train_least": 1.6, "train_most": 100.0, "test": 1.2, "attribute": 1.0, "masks": 1.0}
    )


def test_hours_keep_the_limits_of_the_study():
    config = CONFIG | {"attribution": {"images": 36}, "training": CONFIG["training"] | {"max_epochs": 10}}
    found = arithmetic.hours(Counts(7200, 100, 3600), 10, config, Seconds(0.34, 0.02, 0.1), None)
    assert found["train_least"] == found["train_most"] == pytest.approx(1.0)
    assert found["attribute"] == pytest.approx(0.01)
    assert found["masks"] is None


def test_disk():
    # 3 pictures of 256 x 341 1/3 pixels, 4 bytes each
    assert arithmetic.packed_bytes(3, 256) == pytest.approx(3 * 4 * 256 * 256 * 4 / 3)
    assert arithmetic.packed_bytes(3, 256, squash=True) == 3 * 4 * 256 * 256
    assert arithmetic.packed_bytes(3, 256, compressed=True) == pytest.approx(0.4 * 3 * 4 * 256 * 256 * 4 / 3)
    # Two runs: a model of 1,000 numbers, kept twice if trained, and 6 x 10 vectors of 128, 4 bytes each.
    counts, as_it_comes = Counts(0, 0, 10), CONFIG | {"grid": {"loss": []}}
    assert arithmetic.result_bytes(counts, 2, CONFIG, 1000) == 2 * 4 * (2 * 1000 + 60 * 128)
    assert arithmetic.result_bytes(counts, 2, as_it_comes, 1000) == 2 * 4 * (1000 + 60 * 128)


def test_a_network_as_it_comes_embeds_in_its_own_features():
    config = CONFIG | {"grid": {}, "transform": {"eval_size": 8}}
    assert arithmetic.untrained(config, "mine", 512)["embedding_size"] == 512


def test_counts_are_those_of_the_index_or_the_published_ones(tmp_path):
    index = tmp_path / "index.csv"
    known = {name: arithmetic.counts({"source": name}, index) for name in arithmetic.PUBLISHED}
    assert known["cub200"] == Counts(11_788, 1_466, 5_924)
    assert known["inshop"].test == 14_218 + 12_612
    assert arithmetic.counts({"source": "vehicleid"}, index) is None
    assert arithmetic.counts({"source": "cub200", "root": "not/here"}, index) == known["cub200"]
    index.write_text("path,split\na,train\nb,val\nc,test\nd,test\n")
    assert arithmetic.counts({"source": "cub200"}, index) == Counts(4, 1, 2)


def test_counts_of_generated_data_are_those_that_are_drawn(tmp_path):
    settings = {"world": "cars", "classes": 27, "images_per_class": 3}
    drawn = [member.split for member in make_classes(WORLDS["cars"], 27, seed=0)]
    found = arithmetic.counts({"source": "demo_world", **settings}, tmp_path / "index.csv")
    assert found == Counts(27 * 3, 3 * drawn.count("val"), 3 * drawn.count("test"))


def test_downloads_of_the_paper(monkeypatch):
    monkeypatch.chdir(ROOT)
    config = {"frozen": ["resnet50"], **yaml.safe_load((ROOT / "config/paper.yaml").read_text())}
    config["backbones"]["resnet50"] = {"weights": "imagenet"}
    found = arithmetic.download_gigabytes(config, SOURCES)
    weights = ["weights of bninception", "weights of resnet50"]
    assert list(found) == ["cars196", "cub200", "sop", *weights, "backgrounds"]
    assert found["sop"] == SOURCES["sop"]["layouts"][0]["archives"][0]["gigabytes"]
    assert 0 < found["backgrounds"] < 0.1
    config["datasets"]["sop"]["root"] = "already/there"
    config["backbones"]["resnet50"]["weights"] = None
    assert not {"sop", "weights of resnet50"} & arithmetic.download_gigabytes(config, SOURCES).keys()


@pytest.mark.parametrize("share", [{"limit": {"images": 2}}, {"counts": "any"}, {"counts": {"images": 9}}])
def test_a_part_of_a_dataset_that_is_still_to_be_fetched_is_counted_in_its_index_only(tmp_path, share):
    (tmp_path / "index.csv").write_text("path,split\na,train\nb,val\nc,test\nd,test\n")
    part = {"source": "sop", **share}
    assert arithmetic.counts(part, tmp_path / "none_yet.csv") is None
    assert arithmetic.counts(part, tmp_path / "index.csv") == Counts(4, 1, 2)


@pytest.fixture
def photos(tmp_path):
    """Six classes of three photographs, which no forecast opens, and their index."""
    splits = ["train"] * 2 + ["val"] * 2 + ["test"] * 2
    rows = ["path,label,class_name,split"]
    for label, split in enumerate(splits):
        (tmp_path / f"class{label}").mkdir()
        for image in range(3):
            path = f"class{label}/{image}.jpg"
            (tmp_path / path).touch()
            rows.append(f"{path},{label},class{label},{split}")
    (tmp_path / "index.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


@pytest.mark.parametrize("source", ["folders", "index"])
def test_the_users_own_files_are_counted_before_their_index_is_made(photos, source):
    settings, none_yet = {"source": source, "root": str(photos)}, photos / "none_yet.csv"
    # Of six classes each split gets two at the least, of three images each.
    assert arithmetic.counts(settings, none_yet) == Counts(18, 6, 6)
    assert arithmetic.counts(settings | {"test_only": True}, none_yet) == Counts(18, 0, 18)
    assert arithmetic.counts(settings | {"limit": {"images": 2}}, none_yet) == Counts(12, 4, 4)


def test_an_image_alone_in_its_class_is_counted(photos):
    for name in ("1.jpg", "2.jpg"):
        (photos / "class0" / name).unlink()
    settings = {"source": "folders", "root": str(photos), "test_only": True}
    assert arithmetic.counts(settings, photos / "none_yet.csv") == Counts(16, 0, 16)


@pytest.mark.parametrize("ready_first", [True, False])
def test_masks_are_charged_to_the_datasets_that_need_them(monkeypatch, ready_first):
    calls = []

    def mask_seconds(settings, short_side):
        calls.append(settings["model"])
        return 0.5

    monkeypatch.setattr(timing, "mask_seconds", mask_seconds)
    names = ["ready", "a", "b"] if ready_first else ["a", "b", "ready"]
    config = {
        "grid": {"dataset": names},
        "datasets": {"ready": {"masks": "folder"}, "a": {}, "b": {}},
        "masker": {"model": "u2net", "weights": None},
        "pixels": {"short_side": 8},
    }
    assert timing.seconds_per_mask(config) == {"ready": 0.0, "a": 0.5, "b": 0.5}
    assert calls == ["u2net"]


def test_the_device_is_that_of_the_study_where_it_is_here(monkeypatch):
    monkeypatch.setattr(script, "choose_device", lambda name: name)
    for gpu, expected in ((True, ["auto", "cpu", "cuda"]), (False, ["auto", "cpu", "cpu"])):
        monkeypatch.setattr(script.torch.cuda, "is_available", lambda gpu=gpu: gpu)
        assert [script.available_device(name) for name in ("auto", "cpu", "cuda")] == expected


def test_the_first_time_is_not_counted():
    seconds = iter((0.3, 0.0))
    assert timing._second_time(lambda: time.sleep(next(seconds))) < 0.3


def test_the_measurement_measures(tmp_path):
    overlay = {
        "grid": {"dataset": ["demo_cars"], "loss": ["triplet"]},
        "pixels": {"short_side": 16},
        "transform": {"train_size": 16, "eval_size": 16},
        "training": {"batch_size": 8},
        "backbones": {"small_cnn": {"widths": [4, 8]}},
        "attribution": {"methods": ["study"], "copies": 2},
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(overlay))
    config = script.read_config(str(tmp_path / "mine.yaml"))
    seconds, parameters = timing.run_seconds(config, "small_cnn", tmp_path, script.torch.device("cpu"))
    assert min(seconds.step, seconds.embed, seconds.attribute) > 0
    # Convolutions 3 -> 4 (7 x 7) -> 8 (3 x 3) without bias, their BatchNorms, and the head 8 -> 128.
    assert parameters == 4 * 147 + 2 * 4 + 8 * 36 + 2 * 8 + 8 * 128 + 128
    assert config["evaluation"]["background_crop"] == "random", "the protocol is settled"


@pytest.mark.parametrize("methods", [["study"], []])
def test_a_study_that_trains_nothing_is_forecast(photos, monkeypatch, capsys, methods):
    network = script.build_backbone("small_cnn", {"widths": [4, 8]}, 0).module.eval()
    images, any_batch = torch.rand(2, 3, 16, 16), ({0: torch.export.Dim.DYNAMIC},)
    program = torch.export.export(network, (images,), dynamic_shapes=any_batch)
    torch.export.save(program, photos.parent / "mine.pt2")
    overlay = {
        "study": "mine",
        "grid": {"dataset": ["mine", "unseen"], "loss": []},
        "frozen": ["small_cnn", "exported"],
        "datasets": {
            "mine": {"source": "folders", "root": str(photos), "test_only": True, "masks": str(ROOT)},
            "unseen": {"source": "vehicleid", "masks": str(photos)},
        },
        "background_set": "folder",
        "backgrounds": {"folder": {"source": "folders", "test": str(photos)}},
        "pixels": {"short_side": 16},
        "transform": {"eval_size": 16},
        "backbones": {
            "small_cnn": {"weights": None, "widths": [4, 8]},
            "exported": {"model": str(photos.parent / "mine.pt2")},
        },
        "attribution": {"methods": methods, "copies": 2},
    }
    path = photos / "mine.yaml"
    path.write_text(yaml.safe_dump(overlay))
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", ["forecast.py", str(path)])
    monkeypatch.setattr(script, "prepare_cpu", lambda threads: None)  # it is for the rest of the process
    script.main()
    said = capsys.readouterr().out
    # 18 images, one run, no training; the masks are there.
    rows = [line.split() for line in said.splitlines() if line.startswith("mine ")]
    assert [row[:5] for row in rows] == [["mine", "18", "1", "0", "0"]] * 2
    assert all((float(row[5]) > 0, row[7]) == (True, "0") for row in rows)
    assert [row[6] == "0" for row in rows] == [not methods] * 2
    assert ("s attribution" in said) == bool(methods)
    assert f"snakemake --cores 2 data/unseen/index.csv --configfile {path}" in said


def test_mask_jobs_are_sized_by_time():
    counts = {"known": arithmetic.Counts(7200, 0, 0), "small": arithmetic.Counts(100, 0, 0), "unknown": None}
    masks = {"known": 2.25, "small": 2.25, "unknown": 2.25}  # 7200 × 2.25 s = 4.5 h
    said = table.mask_jobs(counts, masks, shards=3)
    assert "takes 1.5 h (masker.shards: 3)" in said
    assert "with masker.shards: 5 none takes over an hour" in said
    assert table.mask_jobs(counts, {"known": None, "small": 0.0, "unknown": 2.25}, shards=3) == ""


def test_each_number_of_the_table_stands_under_its_own_heading():
    lines = table.aligned([*table.HEADINGS, ("cars196", "16,185", *"12345678")]).splitlines()
    ends = [[match.end() for match in re.finditer(r"\S+( h)?", line)] for line in lines[1:]]
    assert len(ends[0]) == len(table.HEADINGS[1])
    assert ends[1][1:] == ends[0][1:], "flush right, but for the name"


@pytest.mark.parametrize("content", [None, b"study: [a", b"- a\n- b\n", b"\xff\xfe\xfa"])
def test_a_file_that_is_no_configuration_is_told_in_a_sentence(tmp_path, content):
    path = tmp_path / "mine.yaml"
    if content:
        path.write_bytes(content)
    with pytest.raises(StudyError, match=r"mine\.yaml (cannot be read as|is not) a configuration"):
        script.read_config(path)

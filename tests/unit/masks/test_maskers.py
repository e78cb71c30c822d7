"""Maskers: rembg with a real network, rembg with networks made up here, and folders of ready masks."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bgbias.errors import StudyError
from bgbias.images import read_mask, read_rgb
from bgbias.masks import maskers
from bgbias.masks.maskers import build_masker, fingerprint_masker, is_empty
from bgbias.masks.quality import agreement, summary

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"
REAL = Path(os.environ.get("BGBIAS_REAL", Path(__file__).parents[3] / "../shared/real"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    """A masker points rembg at a folder through the environment; that must not reach the next test."""
    monkeypatch.setenv("U2NET_HOME", "")


def network(path: Path, gain: float, bias: float) -> dict:
    """An ONNX file in the form of U²-Net whose prediction is gain · (normalised red) + bias; as settings."""
    onnx = pytest.importorskip("onnx")
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    weight = np.zeros((2, 3, 1, 1), dtype=np.float32)
    weight[:, 0, 0, 0] = gain, -gain  # of several channels and outputs the first counts
    constants = [
        onnx.numpy_helper.from_array(weight, "w"),
        onnx.numpy_helper.from_array(np.float32([bias, -bias]), "b"),
    ]
    image = helper.make_tensor_value_info("image", number, [1, 3, 320, 320])
    outputs = [helper.make_tensor_value_info(name, number, [1, 2, 320, 320]) for name in ("mask", "other")]
    mask = helper.make_node("Conv", ["image", "w", "b"], ["mask"])
    other = helper.make_node("Neg", ["mask"], ["other"])
    graph = helper.make_graph([mask, other], "g", [image], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return {"model": "u2net_custom", "weights": str(path)}


@pytest.fixture
def half_red():
    """Black on the left, red on the right: 40 × 60."""
    rgb = np.zeros((40, 60, 3), dtype=np.uint8)
    rgb[:, 30:, 0] = 255
    return rgb


# rembg normalises red to (v − .485) / .229: −2.118 for black, 2.249 for full red.


def test_a_prediction_is_stretched_to_a_soft_mask_of_the_images_size(tmp_path, half_red):
    mask = build_masker(network(tmp_path / "n.onnx", 0.2, 0.45))("x", half_red)  # .026 and .900
    assert (mask.shape, mask.dtype) == ((40, 60), np.uint8)
    assert (mask[:, :25] == 0).all()
    assert (mask[:, 35:] >= 254).all()
    assert not is_empty(mask)


@pytest.mark.parametrize(
    ("gain", "bias"),
    [(0.05, 0.2), (0.0, 0.3), (0.0, 1.0), (0.0, float("nan"))],
    ids=["faint everywhere", "constant, low", "constant, high", "not a number"],
)
def test_a_prediction_of_nothing_is_an_empty_mask_not_a_stretched_one(tmp_path, half_red, gain, bias):
    """Stretched, the faint one (.09 to .31) would mask the right half as surely as the test above."""
    mask = build_masker(network(tmp_path / "n.onnx", gain, bias))("x", half_red)
    assert (mask == 0).all()
    assert is_empty(mask)


@pytest.mark.parametrize(
    ("logits", "highest", "found"),
    [(True, 0.2, True), (True, -0.2, False), (False, 0.6, True), (False, 0.4, False), (True, np.inf, False)],
)
def test_an_object_is_found_above_one_half_which_is_zero_of_logits(logits, highest, found):
    # Those of rembg's networks that predict logits are too large for a test.
    assert maskers._found(np.array([[[[-3.0, highest]]]], dtype=np.float32), logits) == found
    assert not maskers._found(np.ones((1, 1, 2, 2), np.float32), logits), "a constant separates nothing"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "u2net_custom"}, "masker.weights"),
        ({"model": "u2net_custom", "weights": "nowhere.onnx"}, r"nowhere\.onnx"),
        ({"model": "u2nett"}, "u2netp"),
        ({"model": "ready", "folder": "nowhere"}, "nowhere"),
    ],
)
def test_settings_that_cannot_work_say_so(settings, message):
    with pytest.raises(StudyError, match=message):
        build_masker(settings)


def test_a_maskers_fingerprint_is_of_all_that_decides_its_masks(tmp_path, monkeypatch):
    for name, contents in (("a.onnx", b"one"), ("b.onnx", b"one"), ("c.onnx", b"another")):
        (tmp_path / name).write_bytes(contents)

    def of(weights="a.onnx", code="code", **settings):
        return fingerprint_masker(
            {"model": "u2net_custom", "weights": str(tmp_path / weights)} | settings, code
        )

    before = of()
    assert before == of("b.onnx"), "a copy of the file is the same network"
    others = {
        of("c.onnx"),
        of("no.onnx"),
        of(code="edited"),
        of(model="dis_custom"),
        of(model="u2net", weights=""),
    }
    monkeypatch.setattr(maskers, "installed_versions", lambda packages: f"{packages} of tomorrow")
    assert len({before, *others, of()}) == 7
    assert fingerprint_masker({"model": "ready", "folder": str(tmp_path)}, "code") is None


def test_a_file_that_is_no_network_is_named(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(StudyError, match=r"bad\.onnx"):
        build_masker({"model": "u2net_custom", "weights": str(tmp_path / "bad.onnx")})


def test_a_model_that_cannot_be_fetched_says_which_file_goes_where(tmp_path, monkeypatch):
    monkeypatch.setenv("U2NET_HOME", str(tmp_path))

    def offline(*arguments, **settings):
        raise ConnectionError("no network")

    monkeypatch.setattr("pooch.retrieve", offline)
    with pytest.raises(StudyError, match=r"models/silueta/silueta\.onnx"):
        build_masker({"model": "silueta"})


def test_ready_masks_are_found_in_a_mirrored_tree(tmp_path):
    rgb = np.zeros((4, 5, 3), dtype=np.uint8)
    places = ["images/a/one.png", "a/two.png", "a/three.jpg.png", "images/a/four.jpg.png"]
    for value, place in enumerate(places):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (5, 4), 200 + value).save(tmp_path / place)
    images = [f"images/a/{name}.jpg" for name in ("one", "two", "three", "four", "five")]
    masker = build_masker({"model": "ready", "folder": str(tmp_path)}, images)
    for value, name in enumerate(("one", "two", "three", "four")):
        assert (masker(f"images/a/{name}.jpg", rgb) == 200 + value).all()
    with pytest.raises(StudyError, match=r"images/a/five\.jpg"):
        masker("images/a/five.jpg", rgb)
    with pytest.raises(StudyError, match=r"two\.png is 5×4 pixels but images/a/two\.jpg is 6×4"):
        masker("images/a/two.jpg", np.zeros((4, 6, 3), dtype=np.uint8))
    Image.new("L", (5, 4), 1).save(tmp_path / "a/two.png")
    with pytest.raises(StudyError, match=r"two\.png has no pixel value above 1"):
        masker("images/a/two.jpg", rgb)


def test_a_tree_of_ready_masks_may_begin_below_any_folder_that_all_images_are_in(tmp_path):
    # As in CUB200-2011, whose segmentations lie in folders of classes.
    images = ["set/images/a/0.jpg", "set/images/b/0.jpg"]
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.new("L", (5, 4), 200 + ord(folder) - ord("a")).save(tmp_path / folder / "0.png")
    masker = build_masker({"model": "ready", "folder": str(tmp_path)}, images)
    rgb = np.zeros((4, 5, 3), dtype=np.uint8)
    assert [int(masker(path, rgb).max()) for path in images] == [200, 201]
    # With this image, images/a/0.png could be of either of two.
    masker = build_masker({"model": "ready", "folder": str(tmp_path)}, [*images, "set/images/images/a/0.jpg"])
    with pytest.raises(StudyError, match="no ready mask of set/images/a/0"):
        masker(images[0], rgb)


def test_no_two_images_share_a_ready_mask(tmp_path):
    rgb = np.zeros((4, 5, 3), dtype=np.uint8)
    for value, place in enumerate(["0.png", "a/0.png", "a/1.png", "a/1.jpg.png"]):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (5, 4), 200 + value).save(tmp_path / place)
    images = ["a/0.jpg", "a/1.jpg", "a/1.png", "b/0.jpg"]
    masker = build_masker({"model": "ready", "folder": str(tmp_path)}, images)
    assert (masker("a/0.jpg", rgb) == 201).all()
    assert (masker("a/1.jpg", rgb) == 203).all()
    # 0.png might be that of a/0.jpg, and a/1.png that of a/1.jpg.
    with pytest.raises(StudyError, match=r"no ready mask of b/0\.jpg: none of b/0\.jpg\.png, b/0\.png is in"):
        masker("b/0.jpg", rgb)
    with pytest.raises(StudyError, match=r"no ready mask of a/1\.png: none of a/1\.png\.png is in"):
        masker("a/1.png", rgb)
    # a/0.png is that of a/0.jpg, though it is also a/a/0.jpg's without the first folder.
    masker = build_masker({"model": "ready", "folder": str(tmp_path)}, ["a/0.jpg", "a/a/0.jpg"])
    with pytest.raises(StudyError, match="no ready mask of a/a/0"):
        masker("a/a/0.jpg", rgb)


@pytest.mark.real
@pytest.mark.parametrize(("dataset_name", "iou"), [("cars196", 0.9657), ("cub200", 0.8198), ("sop", 0.7695)])
def test_rembg_with_u2netp_gives_the_measured_iou_on_hand_labels(dataset_name, iou):
    """All 20 labels of each dataset; the figure was measured by rembg's own remove() on the files."""
    folder = REAL / "hand_labels" / dataset_name
    if not folder.is_dir():
        pytest.skip(f"real photographs are not at {REAL}; name their folder in BGBIAS_REAL")
    masker = build_masker({"model": "u2net_custom", "weights": str(REAL / "models/u2netp.onnx")})
    scores = []
    for path in sorted(folder.glob("*_image.jpeg")):
        mask = masker(path.name, read_rgb(path))
        assert not is_empty(mask)
        scores.append(agreement(read_mask(str(path).replace("_image.jpeg", "_mask.png")), mask))
    assert summary(scores)["iou_mean"] == pytest.approx(iou, abs=0.005)


def test_importing_rembg_leaves_the_compiler_on():
    """A process that also masks must not make its batches in the interpreter, hundreds of times slower."""
    code = """
import time
from bgbias.masks.maskers import import_rembg
begin = time.perf_counter()
import_rembg()
assert time.perf_counter() - begin < 30
from bgbias.input_pipeline import on_cpu
print(type(on_cpu._fill).__name__)
"""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "CPUDispatcher", done.stderr

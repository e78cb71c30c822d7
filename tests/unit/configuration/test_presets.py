"""The presets of the protocol: what they set, that explicit keys win, and what the keys do."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from tiny_stores import write_images

from bgbias.attribution.images import images_and_masks
from bgbias.configuration.presets import PRESETS, background_role, settled
from bgbias.input_pipeline.packing import pack_image, write_store
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing

ROOT = Path(__file__).parents[3]
PHOTOS = {"source": "folders", "train": "a", "validation": "a", "test": "b"}


def config(protocol, **changes):
    return {
        "protocol": protocol,
        "background_set": "photos",
        "backgrounds": {"photos": PHOTOS},
        "evaluation": {},
        "attribution": {},
        "variants": {"base": {"probability": 0.0}, "half": {"probability": 0.5}},
    } | changes


def in_force(found):
    selection = {name: variant["selection"] for name, variant in found["variants"].items()}
    return (
        found["background_roles"],
        selection,
        found["evaluation"]["background_crop"],
        found["attribution"]["masks"],
    )


def test_the_presets():
    # The published study trains on its validation photos, crops test photos at random, picks base by clean
    # and bgaugment by swapped images, and scores attention against automatic masks.
    paper = "shared", {"base": "clean", "half": "swapped"}, "random", "automatic"
    strict = "disjoint", {"base": "swapped", "half": "swapped"}, "centre", "hand_labels"
    assert in_force(settled(config("paper"))) == paper
    assert in_force(settled(config("strict"))) == strict


def test_what_was_given_stays_as_it_was():
    given = config("paper")
    settled(given)
    assert given == config("paper")


@pytest.mark.parametrize("protocol", PRESETS)
def test_every_key_can_be_set_by_itself(protocol):
    other = settled(config({"paper": "strict", "strict": "paper"}[protocol]))
    explicit = {key: other[key] for key in ("background_roles", "evaluation", "attribution", "variants")}
    assert in_force(settled(config(protocol, **explicit))) == in_force(other)


def test_the_default_study_and_the_paper_leave_the_keys_to_the_protocol():
    for name in ("config", "paper"):
        study = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
        assert study["protocol"] == "paper"
        assert "background_roles" not in study
        assert "background_crop" not in study["evaluation"]
        assert "masks" not in study["attribution"]
        variants = study["variants"]
        assert all("selection" not in variants.get(variant, {}) for variant in ("base", "bgaugment"))
        assert study["grid"]["variant"] == ["base", "bgaugment"]
    # The ablation differs from base in nothing but the images that pick the epoch.
    assert variants["base_corrupted"] == {"probability": 0.0, "selection": "swapped"}


@pytest.mark.parametrize(
    ("settings", "roles"),
    [
        (PHOTOS, ["train_half", "validation_half", "test"]),
        ({"source": "study", "accept_terms": True}, ["train_half", "validation_half", "test"]),
        (PHOTOS | {"validation": "b/../a/"}, ["train_half", "validation_half", "test"]),
        (PHOTOS | {"validation": "c"}, ["train", "validation", "test"]),
        ({"source": "demo_world"}, ["train", "validation", "test"]),
    ],
)
def test_roles_are_halved_only_where_training_and_validation_are_one_folder(settings, roles):
    strict = settled(config("strict", backgrounds={"photos": settings}))
    assert [background_role(strict, role) for role in ("train", "validation", "test")] == roles
    paper = settled(config("paper", backgrounds={"photos": settings}))
    assert [background_role(paper, role) for role in ("train", "validation", "test")] == [
        "train",
        "validation",
        "test",
    ]


def test_a_hand_label_takes_the_place_of_the_automatic_mask_where_there_is_one(tmp_path):
    write_images(tmp_path, {"test": 1}, images=2, size=16)
    store = PixelStore.open(tmp_path / "layout.csv")
    (tmp_path / "labels").mkdir()
    label = np.zeros((32, 32), dtype=np.uint8)
    label[:, 16:] = 255
    Image.fromarray(label).save(tmp_path / "labels/right half.png")
    columns = ["path", "label", "class_name", "split", "mask"]
    rows = [
        {"path": path, "label": 0, "class_name": "c", "split": "test", "mask": mask}
        for path, mask in zip(store.index.paths, ("labels/right half.png", ""), strict=True)
    ]
    images = [(store.rgba(row).copy(), rows[row]) for row in range(2)]
    write_store(tmp_path / "rgba.bin", tmp_path / "layout.csv", images, columns)
    store = PixelStore.open(tmp_path / "layout.csv")

    automatic, labelled = (
        images_and_masks(store, np.arange(2), 16, Preprocessing(), torch.device("cpu"), labels)
        for labels in (None, tmp_path)
    )
    assert torch.equal(automatic[0], labelled[0]), "the images stay as they are"
    assert torch.equal(automatic[1][1], labelled[1][1]), "an image without a label keeps its mask"
    # Twice as large as the image, halved as the masks are when they are packed.
    expected = pack_image(np.zeros((32, 32, 3), np.uint8), label, 16)[..., 3]
    assert (255 * labelled[1][0].numpy() == expected).all()

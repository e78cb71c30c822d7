"""The transforms on real photographs, against torchvision's with the same parameters on Pillow images."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from cut_pictures import device_cuts, fused_cuts
from PIL import Image

from bgbias.images import read_mask, read_rgb
from bgbias.input_pipeline.batches import EvaluationView, evaluation_batch
from bgbias.input_pipeline.crops import CROP_TRIES, random_crop_boxes
from bgbias.input_pipeline.packing import background_row, pack_image, write_store
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.models.backbones import build_backbone

REAL = Path(os.environ.get("BGBIAS_REAL", Path(__file__).parents[3] / "../shared/real"))
LABELLED = sorted((REAL / "hand_labels").glob("*/*_image.jpeg"))
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not LABELLED, reason="the hand-labelled photographs are not here"),
]
PLAIN = Preprocessing((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "RGB", 255.0)
TOLERANCE = 2.0  # mean absolute difference of an image, of 255: half of what the eye could tell
SHORT, SIZE = 256, 227


@pytest.fixture(scope="module")
def photos():
    """(photograph, hand label) as Pillow images, every third of those there are."""
    pairs = []
    for path in LABELLED[::3]:
        rgb = read_rgb(path)
        label = read_mask(path.with_name(path.name.replace("_image.jpeg", "_mask.png")), rgb.shape[:2])
        pairs.append((Image.fromarray(rgb), Image.fromarray(label)))
    return pairs


@pytest.fixture(scope="module")
def store(photos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    packed = [
        (pack_image(np.asarray(image), np.asarray(label), SHORT), background_row(f"{number}.jpg"))
        for number, (image, label) in enumerate(photos)
    ]
    write_store(folder / "rgba.bin", folder / "layout.csv", packed, list(packed[0][1]))
    return PixelStore.open(folder / "layout.csv")


def difference(ours, theirs):
    """Mean absolute difference of (C, S, S) and a Pillow image, of 255."""
    theirs = np.asarray(theirs).reshape(SIZE, SIZE, -1).transpose(2, 0, 1).astype(np.float32)
    return float(np.abs(ours.numpy() - theirs).mean())


def test_the_evaluation_transform_is_resize_and_centre_crop(photos, store):
    from torchvision.transforms import CenterCrop, Compose, Resize

    reference = Compose([Resize(SHORT), CenterCrop(SIZE)])
    rows = np.arange(len(store))
    ours = evaluation_batch(store, rows, None, seed=0, draw=0, view=EvaluationView(SIZE), preprocessing=PLAIN)
    found = [difference(image, reference(photo)) for image, (photo, _) in zip(ours, photos, strict=True)]
    assert max(found) <= TOLERANCE, found


@pytest.mark.parametrize("way", ["on_cpu", "on_gpu"])
def test_a_training_crop_is_torchvisions_of_the_same_box_for_image_and_mask(photos, store, way):
    from torchvision.transforms import functional

    rng = np.random.default_rng(0)
    boxes = random_crop_boxes(store.sizes, rng.random((len(store), CROP_TRIES, 4)), (0.16, 1), (0.75, 4 / 3))
    flips = np.arange(len(store)) % 2 == 0
    images = [store.rgba(row) for row in range(len(store))]
    if way == "on_cpu":
        ours = torch.from_numpy(fused_cuts(images, boxes, SIZE, flips))
    else:
        ours = device_cuts(images, boxes, SIZE, flips)
    for one, box, flip, pair in zip(ours, boxes.tolist(), flips, photos, strict=True):
        for channels, picture in zip((one[:3], one[3:]), pair, strict=True):
            expected = functional.resized_crop(functional.resize(picture, SHORT), *box, [SIZE, SIZE])
            expected = functional.hflip(expected) if flip else expected
            found = difference(channels, expected)
            assert found <= TOLERANCE
            # To the pixel: one to the side is worse (or the same, where a mask is one colour throughout).
            assert found <= difference(torch.roll(channels, 1, dims=2), expected)
            assert found <= difference(torch.roll(channels, 1, dims=1), expected)


def test_bgr_and_the_means_of_bninception_are_exact(store):
    rows = np.arange(len(store))
    bgr = build_backbone("bninception", {}, 0).preprocessing
    plain, prepared = (
        evaluation_batch(store, rows, None, seed=0, draw=0, view=EvaluationView(SIZE), preprocessing=p)
        for p in (PLAIN, bgr)
    )
    # Whole numbers up to 255 minus whole numbers: float32 holds every one exactly.
    expected = plain.flip(1) - torch.tensor([104.0, 117.0, 128.0])[:, None, None]
    assert torch.equal(prepared, expected)

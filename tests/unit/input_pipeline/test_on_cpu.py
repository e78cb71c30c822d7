"""The compiled loop that makes batches on a CPU: against torchvision, and where the result is known."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from cut_pictures import cuts_of, fused_cuts
from smooth_images import smooth_image

from bgbias.input_pipeline import on_cpu


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)


BOXES = [
    (10, 20, 200, 210),  # both axes smaller
    (3, 5, 60, 90),  # both larger
    (0, 0, 256, 380),  # the whole picture
    (7, 9, 40, 300),  # one larger, one smaller
    (255, 379, 1, 1),  # the last pixel
    (100, 0, 1, 380),  # one row
    (0, 100, 256, 1),  # one column
]


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("make", [smooth_image, noise])
def test_a_cut_is_torchvisions_within_rounding(box, flip, make):
    """Half of one for rows rounded to whole values; for weights in 256ths half of a 256th of what neighbours
    differ by, 255 at most, so half of one again for each weight but the first, down and across."""
    functional = pytest.importorskip("torchvision.transforms.functional")
    image = make(256, 380)
    tensor = torch.from_numpy(image.copy()).permute(2, 0, 1).float()
    expected = functional.resized_crop(tensor, *box, [96, 96], antialias=True)
    expected = functional.hflip(expected) if flip else expected
    difference = fused_cuts([image], [box], 96, [flip])[0] - expected.numpy()
    down, across = (int(np.ceil(2 * max(side / 96, 1))) for side in box[2:])
    assert np.abs(difference).max() <= 0.5 + 0.5 * (down - 1) + 0.5 * (across - 1) + 0.01
    assert np.sqrt(np.square(difference).mean()) < 0.45
    if make is smooth_image:
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("flip", [False, True])
def test_a_cut_of_the_size_that_is_asked_for_is_a_slice(flip):
    image = noise(50, 70)
    expected = image[5:37, 8:40]
    expected = expected[:, ::-1] if flip else expected
    assert (fused_cuts([image], [(5, 8, 32, 32)], 32, [flip])[0].transpose(1, 2, 0) == expected).all()


def test_one_colour_stays_that_colour():
    """The weights of each output add up to one: also in 256ths, also of 9 or 16 inputs, also at edges."""
    for value in (0, 1, 128, 255):
        image = np.full((300, 500, 4), value, dtype=np.uint8)
        boxes = [(0, 0, 300, 500), (11, 13, 77, 310), (299, 0, 1, 500), (5, 5, 64, 64), (5, 5, 31, 33)]
        assert (fused_cuts([image] * len(boxes), boxes, 64, [False] * len(boxes)) == value).all()


def test_images_in_one_batch_do_not_touch_each_other():
    images = [smooth_image(120, 90, 1), smooth_image(256, 380, 2), smooth_image(64, 64, 3)]
    boxes, flips = [(0, 0, 120, 90), (0, 0, 256, 380), (10, 10, 5, 9)], [True, False, True]
    together = fused_cuts(images, boxes, 48, flips)
    for row, one in enumerate(zip(images, boxes, flips, strict=True)):
        image, box, flip = one
        assert (fused_cuts([image], [box], 48, [flip])[0] == together[row]).all()


def test_the_image_and_its_mask_stay_aligned():
    """A mask equal to the red channel must equal it after any crop, resize and flip."""
    image = smooth_image(200, 150)
    image = np.dstack([image[..., :3], image[..., 0]])
    boxes = [(0, 0, 200, 150), (20, 30, 33, 44), (100, 10, 77, 130), (1, 2, 64, 64)]
    result = fused_cuts([image] * 4, boxes, 64, [False, True, True, False])
    assert (result[:, 0] == result[:, 3]).all()


def test_what_numba_keeps_on_disk_names_no_class_of_ours():
    """It could not read the class again once that has another module, and every training would fail."""
    fused_cuts([np.zeros((4, 4, 4), np.uint8)], [(0, 0, 4, 4)], 2, [False])
    assert on_cpu._fill.signatures
    assert "Cuts" not in str(on_cpu._fill.signatures)


def blended() -> bytes:
    """Pictures larger and smaller than 13 × 13, with backgrounds and without, in BGR."""
    images, boxes = (
        [noise(40, 50), noise(9, 7, 1), noise(30, 20, 2)],
        [(1, 2, 37, 45), (0, 0, 9, 7), (3, 3, 13, 13)],
    )
    cuts, backgrounds = (cuts_of(images[::way], boxes[::way], [True, False, True]) for way in (1, -1))
    out = np.empty((3, 13, 13, 3), dtype=np.float32)
    factor, shift = (tuple(np.float32(values)) for values in ([0.0171, 0.0174, 0.0175], [-2.1, -2.03, -1.8]))
    on_cpu.fill(out, cuts, backgrounds, np.array([0, -1, 2]), factor, shift, (2, 1, 0))
    return out.tobytes()


@pytest.mark.parametrize("how", ["interpreted", "compiled anew"])
def test_the_last_bit_does_not_depend_on_the_compiler(how, tmp_path):
    """Training amplifies it. Products and sums that are contracted (fastmath) differ between code that was
    just compiled and the same code from numba's cache, which this process may have loaded."""
    setting = {"NUMBA_DISABLE_JIT": "1"} if how == "interpreted" else {"NUMBA_CACHE_DIR": str(tmp_path)}
    program = "import sys, test_on_cpu; sys.stdout.buffer.write(test_on_cpu.blended())"
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=os.environ | setting | {"PYTHONPATH": path},
        capture_output=True,
        check=True,
    )
    assert done.stdout == blended()

"""How a GPU makes batches, by the same operations on the CPU: against torchvision and plain formulas."""

import numpy as np
import pytest
import torch
from cut_pictures import cuts_of, device_cuts
from smooth_images import smooth_image

from bgbias.input_pipeline import on_gpu
from bgbias.input_pipeline.preprocessing import Preprocessing

CPU = torch.device("cpu")
DEVICES = [CPU, *([torch.device("cuda", 0)] if torch.cuda.is_available() else [])]
PLAIN = Preprocessing((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "RGB", 255.0)


@pytest.mark.parametrize("box", [(10, 20, 200, 210), (3, 5, 60, 90), (0, 0, 256, 380), (40, 40, 96, 96)])
@pytest.mark.parametrize("flip", [False, True])
def test_crop_and_resize_equal_torchvision(box, flip):
    functional = pytest.importorskip("torchvision.transforms.functional")
    image = smooth_image(256, 380)
    tensor = torch.from_numpy(image.copy()).permute(2, 0, 1).float()
    expected = functional.resized_crop(tensor, *box, [96, 96], antialias=True)
    expected = functional.hflip(expected) if flip else expected
    got = device_cuts([image], [box], 96, [flip])[0]
    assert (got - expected).abs().max() < 1e-2  # float sums in other order


IMAGES = [smooth_image(120, 90, 1), smooth_image(256, 380, 2), smooth_image(64, 64, 3)]
BOXES, FLIPS = [(0, 0, 120, 90), (0, 0, 256, 380), (10, 10, 5, 9)], [True, False, True]


def test_boxes_of_different_sizes_do_not_touch_each_other_in_one_batch():
    """The batch is padded: each image alone must come out as it does among larger ones."""
    together = device_cuts(IMAGES, BOXES, 48, FLIPS)
    for one, *cut in zip(together, IMAGES, BOXES, FLIPS, strict=True):
        image, box, flip = cut
        torch.testing.assert_close(one, device_cuts([image], [box], 48, [flip])[0], rtol=0, atol=1e-3)


@pytest.mark.parametrize("size", [20, 64, 227])
@pytest.mark.parametrize("darkest", [0, 248])
def test_half_precision_is_off_by_less_than_half_a_level(size, darkest, monkeypatch):
    """Of eleven bits, a result from 128 to 255 is off by 1/16, and the weights that sum up to it by 255/2048
    in all; that twice, for the two products, is 3/8. The errors of weights show most in bright pictures."""
    pictures = np.random.default_rng(0).integers(darkest, 256, (12, 256, 300, 4), dtype=np.uint8)
    boxes = [(n, 2 * n, 20 * n + 1, 24 * n + 1) for n in range(1, 11)] + [(0, 0, 256, 300), (1, 1, 253, 254)]
    cuts = cuts_of(list(pictures), boxes, [False, True] * 6)
    for device in DEVICES:
        exact = on_gpu.crop_resize([cuts], size, CPU)
        half = on_gpu.crop_resize([cuts], size, device, torch.float16).cpu()
        assert half.dtype == torch.float16
        assert (half - exact).abs().max() < 0.375

    expected = on_gpu.assemble(cuts, cuts, np.arange(12)[::-1].copy(), size, PLAIN, CPU)
    monkeypatch.setattr(on_gpu, "_HALF", {"cpu": torch.float16, "cuda": torch.float16})
    for device in DEVICES:
        found = on_gpu.assemble(cuts, cuts, np.arange(12)[::-1].copy(), size, PLAIN, device)
        assert found.dtype == torch.float32
        assert (found.cpu() - expected).abs().max() < 0.5


def test_pixels_that_lie_on_the_device_are_cut_like_uploaded_ones():
    cuts = cuts_of(IMAGES, BOXES, FLIPS)
    held = cuts._replace(data=torch.from_numpy(cuts.data.copy()))
    uploaded = on_gpu.crop_resize([cuts], 48, CPU)
    assert torch.equal(on_gpu.crop_resize([held], 48, CPU), uploaded)
    both = on_gpu.crop_resize([held, cuts], 48, CPU)
    assert torch.equal(both, torch.cat([uploaded, uploaded]))


def test_only_the_rows_of_the_crops_are_uploaded():
    """120 rows of 90, 2 of 380 and 5 of 64 pixels, 4 bytes each."""
    cuts = cuts_of(IMAGES, [BOXES[0], (100, 7, 2, 3), BOXES[2]], FLIPS)
    rows = on_gpu.rows_of(cuts, pinned=False)
    expected = [IMAGES[0], IMAGES[1][100:102], IMAGES[2][10:15]]
    assert rows.numpy().tobytes() == b"".join(piece.tobytes() for piece in expected)


def test_the_image_and_its_mask_stay_aligned():
    """A mask equal to the red channel must equal it after any crop, resize and flip."""
    image = smooth_image(200, 150)
    image = np.dstack([image[..., :3], image[..., 0]])
    boxes = [(0, 0, 200, 150), (20, 30, 33, 44), (100, 10, 77, 130), (1, 2, 64, 64)]
    result = device_cuts([image] * 4, boxes, 64, [False, True, True, False])
    assert torch.equal(result[:, 0], result[:, 3])


def test_compositing_is_the_formula():
    """x·m + b·(1 − m) on whole pictures of the size asked for; the second keeps its background."""
    images, backgrounds = (smooth_image(32, 32, seed) for seed in (1, 2)), [smooth_image(32, 32, 3)]
    images, whole = list(images), (0, 0, 32, 32)
    cuts = cuts_of(images, [whole] * 2, [False] * 2), cuts_of(backgrounds, [whole], [False])
    got = on_gpu.assemble(*cuts, np.array([0, -1]), 32, PLAIN, CPU).permute(0, 2, 3, 1).numpy()
    x, m, b = images[0][..., :3].astype(float), images[0][..., 3:] / 255, backgrounds[0][..., :3]
    np.testing.assert_allclose(got[0], x * m + b * (1 - m), atol=1e-3)
    np.testing.assert_allclose(got[1], images[1][..., :3], atol=1e-3)


def test_a_store_is_held_whole_in_pieces(monkeypatch):
    class Store:
        data = np.arange(1000, dtype=np.uint8)

    monkeypatch.setattr(on_gpu, "_PIECE", 300)
    assert on_gpu.resident(Store(), CPU).numpy().tobytes() == Store.data.tobytes()

"""Boxes to cut, against torchvision, Pillow and plain formulas."""

import numpy as np
import pytest
import torch
from PIL import Image
from smooth_images import smooth_image

from bgbias.errors import StudyError
from bgbias.input_pipeline.crops import CROP_TRIES, centre_crop_boxes, random_crop_boxes
from bgbias.input_pipeline.packing import pack_image

SCALE, RATIO = (0.16, 1.0), (0.75, 4 / 3)


def test_a_crop_box_is_what_torchvision_makes_of_the_same_numbers(monkeypatch):
    """torchvision's own get_params is fed our uniform numbers in place of torch's generator."""
    transforms = pytest.importorskip("torchvision.transforms")
    sizes = np.array([[200, 300], [64, 64], [300, 100], [30, 400], [400, 30]])
    uniforms = np.random.default_rng(0).random((len(sizes), CROP_TRIES, 4))
    boxes = random_crop_boxes(sizes, uniforms, SCALE, RATIO)
    for (height, width), numbers, box in zip(sizes, uniforms, boxes, strict=True):
        drawn = []  # two numbers a try, for area and ratio

        def uniform(self, low, high, numbers=numbers, drawn=drawn):
            drawn.append(numbers[len(drawn) // 2, len(drawn) % 2])
            return torch.tensor([low + (high - low) * drawn[-1]], dtype=torch.float64)

        corners = iter((2, 3))

        def randint(low, high, size, numbers=numbers, drawn=drawn, corners=corners):
            return torch.tensor([int(numbers[len(drawn) // 2 - 1, next(corners)] * high)])

        with monkeypatch.context() as patched:
            patched.setattr(torch.Tensor, "uniform_", uniform)
            patched.setattr(torch, "randint", randint)
            expected = transforms.RandomResizedCrop.get_params(torch.zeros(3, height, width), SCALE, RATIO)
        assert tuple(box) == tuple(expected)


def test_the_fallback_is_the_largest_centre_crop_within_the_ratios():
    """10 × 100 pixels, whole area asked for, width/height at most 4/3: no try fits; 10 · 4/3 = 13 wide."""
    uniforms = np.full((2, CROP_TRIES, 4), 0.999)
    boxes = random_crop_boxes(np.array([[10, 100], [100, 10]]), uniforms, (1.0, 1.0), RATIO)
    assert boxes.tolist() == [[0, 43, 10, 13], [43, 0, 13, 10]]


def test_crops_cover_the_area_and_ratio_asked_for():
    sizes = np.full((4000, 2), 256)
    boxes = random_crop_boxes(sizes, np.random.default_rng(1).random((4000, CROP_TRIES, 4)), SCALE, RATIO)
    area = boxes[:, 2] * boxes[:, 3] / 256**2
    ratio = boxes[:, 3] / boxes[:, 2]
    assert 0.15 < area.min() < 0.2
    assert area.max() <= 1
    assert ratio.min() > 0.72
    assert ratio.max() < 1.38
    assert (boxes[:, 0] + boxes[:, 2]).max() <= 256
    # Left edge uniform in what is left over: mean one half of it.
    free = 256 - boxes[:, 3]
    assert abs((boxes[free > 40, 1] / free[free > 40]).mean() - 0.5) < 0.02


@pytest.mark.parametrize("size", [(256, 384), (257, 300), (300, 258), (227, 227)])
def test_the_centre_crop_is_torchvisions(size):
    functional = pytest.importorskip("torchvision.transforms.functional")
    image = smooth_image(*size)
    expected = functional.center_crop(Image.fromarray(image, "RGBA"), [227, 227])
    ((top, left, height, width),) = centre_crop_boxes(np.array([size]), 227)
    assert (image[top : top + height, left : left + width] == np.asarray(expected)).all()


def test_a_centre_crop_larger_than_the_image_names_the_keys():
    with pytest.raises(StudyError, match="short_side"):
        centre_crop_boxes(np.array([[300, 300], [64, 80]]), 100)


def test_resizing_at_packing_then_cropping_is_the_textbook_evaluation_transform():
    """Resize(256), CenterCrop(227) by torchvision on a PIL image, against packing and slicing."""
    functional = pytest.importorskip("torchvision.transforms.functional")
    image = smooth_image(333, 500)
    resized = functional.resize(Image.fromarray(image[..., :3]), 256)
    expected = functional.center_crop(resized, [227, 227])
    packed = pack_image(image[..., :3], image[..., 3], 256)
    ((top, left, height, width),) = centre_crop_boxes(np.array([packed.shape[:2]]), 227)
    assert (packed[top : top + height, left : left + width, :3] == np.asarray(expected)).all()

"""The arithmetic of pictures in figures."""

import numpy as np

from bgbias.figures.pictures import centre_crop, heat, spread, swap


def test_swap_is_the_composition():
    rgb, background = np.full((1, 3, 3), 200, np.uint8), np.full((1, 3, 3), 100, np.uint8)
    alpha = np.array([[0, 51, 255]], np.uint8)  # 51/255 = .2: 200·.2 + 100·.8 = 120
    assert swap(rgb, alpha, background)[0, :, 0].tolist() == [100, 120, 200]


def test_the_centre_crop_is_the_evaluations():
    image = np.arange(9 * 12).reshape(9, 12)
    assert (
        centre_crop(image, 4) == image[2:6, 4:8]
    ).all()  # (9 − 4) / 2 rounds to the even 2, as torchvision's


def test_heat_leaves_grey_where_the_map_is_zero():
    rgb = np.zeros((2, 2, 3), np.uint8)
    rgb[..., 1] = 240
    shown = heat(rgb, np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert np.ptp(shown[0], axis=-1).max() == 0
    assert np.ptp(shown[1], axis=-1).min() > 0


def test_spread_takes_both_ends():
    assert spread(range(20), 3) == [0, 10, 19]
    assert spread(range(2), 5) == [0, 1]
    assert spread([], 3) == []

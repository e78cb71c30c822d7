"""Every kind of image file is read the same way, and what cannot be read is named."""

import numpy as np
import pytest
from PIL import Image

from bgbias.errors import StudyError
from bgbias.images import image_size, read_given_mask, read_mask, read_rgb

HEIGHT, WIDTH = 6, 9


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def save(tmp_path, image, name="x.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


def test_rgb_is_read_as_it_is(tmp_path, picture):
    path = save(tmp_path, Image.fromarray(picture))
    assert (read_rgb(path) == picture).all()
    assert image_size(path) == (HEIGHT, WIDTH)


UPRIGHT = {  # what a stored array becomes for each EXIF orientation, by the standard's own description
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_turns_image_size_and_mask_alike(tmp_path, picture, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path, Image.fromarray(picture), exif=exif)
    expected = UPRIGHT[orientation](picture)
    assert (read_rgb(path) == expected).all()
    assert image_size(path) == expected.shape[:2]
    grey = save(tmp_path, Image.fromarray(picture[..., 0]), "mask.png", exif=exif)
    assert (read_mask(grey) == expected[..., 0]).all()


def test_grey_palette_bilevel_and_cmyk(tmp_path, picture):
    grey = picture[..., 0]
    assert (read_rgb(save(tmp_path, Image.fromarray(grey))) == grey[..., None]).all()
    assert (read_rgb(save(tmp_path, Image.fromarray(grey).convert("P"))) == grey[..., None]).all()
    bilevel = save(tmp_path, Image.fromarray(grey).point(lambda v: 255 * (v > 99)).convert("1"))
    assert (read_rgb(bilevel) == 255 * (grey > 99)[..., None]).all()
    cmyk = save(tmp_path, Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "x.jpg")
    assert np.abs(read_rgb(cmyk).astype(int) - (255, 0, 0)).max() < 8  # no cyan, all magenta and yellow: red


def test_sixteen_bit_grey_keeps_its_high_byte(tmp_path):
    """Pillow's own conversion would clip all but the first value at 255."""
    values = np.array([[0x00FF, 0x1234, 0x8000, 0xFFFF]] * 3, dtype=np.uint16)
    path = save(tmp_path, Image.fromarray(values))
    assert read_rgb(path)[0, :, 0].tolist() == [0x00, 0x12, 0x80, 0xFF]
    assert read_mask(path)[0].tolist() == [0x00, 0x12, 0x80, 0xFF]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_shows_white(tmp_path, mode):
    if mode == "P":
        image = Image.new("P", (4, 4), 1)
        image.putpalette([10, 10, 10, 200, 200, 200])
        path = save(tmp_path, image, transparency=1)
    else:
        path = save(tmp_path, Image.new(mode, (4, 4), 0))
    assert (read_rgb(path) == 255).all()
    assert (read_mask(path) == 0).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_a_mask_that_is_opaque_everywhere_is_read_by_its_brightness(tmp_path, mode):
    """As image editors save one: black and white, with a channel or an index of transparency that is idle."""
    drawn = np.zeros((4, 6), np.uint8)
    drawn[:, 2:] = 255
    image = Image.fromarray(drawn).convert(mode)
    path = save(tmp_path, image, **({"transparency": 7} if mode == "P" else {}))
    assert Image.open(path).has_transparency_data
    assert (read_mask(path) == drawn).all()


def test_one_pixel_that_is_not_quite_opaque_makes_no_cut_out(tmp_path):
    drawn = np.zeros((4, 6), np.uint8)
    drawn[:, 2:] = 255
    image = Image.fromarray(drawn).convert("RGBA")
    image.putpixel((0, 0), (0, 0, 0, 250))
    assert (read_mask(save(tmp_path, image)) == drawn).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_an_opaque_picture_in_colours_is_no_mask(tmp_path, mode):
    """A cut-out whose object fills the frame, for one, or labels drawn in a palette's colours."""
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[2:6, 2:6, 0] = 128
    image = Image.fromarray(picture)
    path = save(tmp_path, image.quantize(4) if mode == "P" else image.convert(mode))
    with pytest.raises(StudyError, match="is an opaque colour image"):
        read_given_mask(path, (8, 8))
    if mode == "RGBA":
        image.putalpha(Image.fromarray(picture[..., 0] * 255))  # 128 · 255 mod 256 = 128
        alpha = np.asarray(image.getchannel("A"))
        assert (read_given_mask(save(tmp_path, image), (8, 8)) == alpha).all()


def test_a_given_mask_of_zeros_and_ones_is_refused(tmp_path):
    ones = np.eye(4, dtype=np.uint8)
    trace = np.zeros((40, 40), np.uint8)
    trace[3, 3] = 1  # of a model that found nothing
    assert read_given_mask(save(tmp_path, Image.fromarray(trace)), (40, 40)).max() == 1
    with pytest.raises(StudyError, match=r"no pixel value above 1.*multiply it by 255"):
        read_given_mask(save(tmp_path, Image.fromarray(ones)), (4, 4))
    for values in (0 * ones, 127 * ones, 255 * ones):
        assert (read_given_mask(save(tmp_path, Image.fromarray(values)), (4, 4)) == values).all()


def test_half_transparency_is_mixed_with_white(tmp_path):
    path = save(tmp_path, Image.new("RGBA", (4, 4), (100, 0, 0, 51)))  # alpha .2: 100 · .2 + 255 · .8 = 224
    assert read_rgb(path)[0, 0].tolist() == [224, 204, 204]


def test_the_contents_decide_not_the_name(tmp_path, picture):
    path = save(tmp_path, Image.fromarray(picture))
    path.rename(tmp_path / "x.jpg")
    assert (read_rgb(tmp_path / "x.jpg") == picture).all()


def test_awkward_names(tmp_path, picture):
    for name in ("a b.png", "quo'te\".png", "ü漢.png", "new\nline.png"):
        assert (read_rgb(save(tmp_path, Image.fromarray(picture), name)) == picture).all()


@pytest.mark.parametrize("damage", ["empty", "truncated", "text", "header only", "missing", "folder"])
def test_what_cannot_be_read_is_named(tmp_path, damage):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = save(tmp_path, Image.fromarray(noise), "the one.jpg")
    data = path.read_bytes()
    contents = {
        "empty": b"",
        "truncated": data[: len(data) // 2],
        "text": b"<html>",
        "header only": data[:24],
    }
    path.unlink()
    if damage in contents:
        path.write_bytes(contents[damage])
    elif damage == "folder":
        path.mkdir()
    for read in (read_rgb, read_mask):
        with pytest.raises(StudyError, match=r"the one\.jpg"):
            read(path)


@pytest.mark.parametrize("size", [(1, 50), (50, 1), (2, 1000)])
def test_slivers_are_no_photographs(tmp_path, size):
    path = save(tmp_path, Image.new("L", size))
    for read in (read_rgb, image_size):
        with pytest.raises(StudyError, match="to be a photograph"):
            read(path)


def test_the_enormous_is_refused_from_its_header(tmp_path):
    path = save(tmp_path, Image.new("1", (13_500, 13_500)))  # 182 million; all black, its file is small
    with pytest.raises(StudyError, match="million pixels"):
        read_rgb(path)


def test_damaged_exif_does_not_lose_the_picture(tmp_path, picture):
    path = save(tmp_path, Image.fromarray(picture), exif=b"Exif\x00\x00MM\x00\x2a\x00\x00\xff\xff")
    assert (read_rgb(path) == picture).all()


def test_a_mask_of_another_size_names_both_files(tmp_path):
    path = save(tmp_path, Image.new("L", (5, 4)), "mask.png")
    assert read_mask(path, (4, 5)).shape == (4, 5)
    with pytest.raises(StudyError, match=r"mask\.png is 5×4 pixels but photo\.jpg is 4×5"):
        read_mask(path, (5, 4), "photo.jpg")

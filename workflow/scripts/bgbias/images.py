"""Image reading shared by all stages, so that masks, pixels and figures see the same picture."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, UnidentifiedImageError

from bgbias.errors import StudyError

HALF = 128  # a mask pixel of at least this value is foreground
MIN_SIDE = 2  # ASSUME: an image one pixel wide was made by mistake and is not a photograph
MAX_ELONGATION = 64  # resizing the short side of a narrower image would make the long side enormous

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_rgb(path: str | os.PathLike) -> np.ndarray:
    """Read a picture as displayed: uint8 (height, width, 3), rotated by its EXIF orientation.

    Any mode that Pillow decodes is accepted and converted in the same way everywhere; transparency is
    composited over white. StudyError names the file if it is missing, damaged, not an image, or too small or
    too elongated to be a photograph.
    """
    with _opened(path) as image:
        return np.asarray(_upright(_to_rgb(image), image))


def read_mask(
    path: str | os.PathLike, size: tuple[int, int] | None = None, of: str | os.PathLike = "its image"
) -> np.ndarray:
    """Read a mask as uint8 (height, width), 255 = object, rotated by its EXIF orientation.

    In a mask with several channels the alpha channel counts if any pixel is more than half transparent,
    otherwise the brightness. Raises StudyError if it cannot be read, or if it differs from ``size`` (height,
    width), the size of the file ``of``.
    """
    with _opened(path) as image:
        mask = np.asarray(_upright(_to_grey(image), image))
    if size is not None and mask.shape != tuple(size):
        raise StudyError(
            f"{path} is {mask.shape[1]}×{mask.shape[0]} pixels but {of} is {size[1]}×{size[0]}. "
            "A mask and a hand label must have the size of their image."
        )
    return mask


def read_given_mask(
    path: str | os.PathLike, size: tuple[int, int], of: str | os.PathLike = "its image"
) -> np.ndarray:
    """:func:`read_mask` for a mask provided by the user: a hand label or a ready mask.

    Also raises StudyError for an opaque colour picture, and if the object is 1 instead of 255.
    """
    with _opened(path) as image:
        if _alpha(image) is None and _in_colours(image):
            raise StudyError(
                f"{path} is an opaque colour image, so it does not show where the object is. "
                "In a mask 255 is object and 0 is background."
            )
    mask = read_mask(path, size, of)
    if mask.max() == 1 and mask.mean() > 0.001:  # a lower mean is left by an empty prediction
        raise StudyError(
            f"{path} has no pixel value above 1. In a mask 255 is object and 0 is background: "
            "multiply it by 255."
        )
    return mask


def image_size(path: str | os.PathLike) -> tuple[int, int]:
    """(height, width) of the result of :func:`read_rgb`, from the file's header alone."""
    with _opened(path) as image:
        width, height = image.size
        return (width, height) if _orientation(image) >= 5 else (height, width)


@contextmanager
def _opened(path: str | os.PathLike) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            _check_size(path, *image.size)
            yield image
    except StudyError:
        raise
    except FileNotFoundError as error:
        raise StudyError(f"{path} does not exist. Fix the index or put the file there.") from error
    except Image.DecompressionBombError as error:
        # Pillow's own limit; medium-format cameras reach two thirds of it.
        limit = 2 * Image.MAX_IMAGE_PIXELS // 10**6
        raise StudyError(
            f"{path} has more than {limit} million pixels. Scale it down or leave it out."
        ) from error
    except Exception as error:  # Pillow's decoders raise anything on damaged data, even struct.error
        if _is_empty(path):
            reason = "it is empty"
        elif isinstance(error, UnidentifiedImageError):
            reason = "it is not a JPEG, PNG, WebP, TIFF or other file Pillow reads (HEIC must be converted)"
        else:
            reason = str(error)
        raise StudyError(
            f"{path} cannot be read as an image: {reason}. Replace the file or leave it out."
        ) from error


def _check_size(path, width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_ELONGATION * min(width, height):
        raise StudyError(
            f"{path} is {width}×{height} pixels, too small or too elongated to be a photograph. Replace the "
            "file or leave it out."
        )


def _is_empty(path) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) == 0


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # damaged EXIF in an intact picture: show the picture as stored
        return 1
    return value if isinstance(value, int) and value in _UPRIGHT else 1


def _upright(converted: Image.Image, original: Image.Image) -> Image.Image:
    method = _UPRIGHT.get(_orientation(original))
    return converted if method is None else converted.transpose(method)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _high_byte(image).convert("RGB")
    if image.has_transparency_data:
        # ASSUME: the backdrop is white, as on a page; the colour under alpha 0 must not reach a network.
        overlay = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", overlay.size, "white"), overlay).convert("RGB")
    return image.convert("RGB")


def _to_grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _high_byte(image)
    return _alpha(image) or image.convert("L")


def _alpha(image: Image.Image) -> Image.Image | None:
    """The alpha channel, if any pixel is more than half transparent."""
    if not image.has_transparency_data:
        return None
    alpha = image.convert("RGBA").getchannel("A")
    # Editors save masks with a channel that is opaque everywhere.
    return alpha if alpha.getextrema()[0] < HALF else None


def _in_colours(image: Image.Image) -> bool:
    """Whether a picture's channels differ by more than JPEG noise."""
    if image.mode not in ("RGB", "RGBA", "P", "PA", "CMYK", "YCbCr"):
        return False
    return bool(np.ptp(np.asarray(image.convert("RGB")), axis=2).max() > 64)


def _high_byte(image: Image.Image) -> Image.Image:
    # Pillow's own conversion clips 16-bit grey at 255 and so turns most of such a picture white. The high
    # byte is also what Pillow keeps of a 16-bit colour PNG.
    values = np.asarray(image)
    return Image.fromarray((np.clip(values, 0, 65535) >> 8).astype(np.uint8))

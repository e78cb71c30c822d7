"""Foreground masks from a rembg model or from a folder of ready masks.

A masker is a function (path in the index, uint8 (h, w, 3) picture) -> uint8 (h, w) soft mask, 255 = object.
If it finds no object, it returns an all-black mask; the caller detects this with :func:`is_empty`.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from textwrap import shorten

import numpy as np

from bgbias.configuration.keywords import CUSTOM, READY
from bgbias.errors import StudyError
from bgbias.hashes import fingerprint_file, hash_settings
from bgbias.images import HALF, read_given_mask
from bgbias.packages import installed_versions

# Packages whose version may affect masks; one of the two onnxruntimes is installed.
_COMPUTING = ("rembg", "onnxruntime", "onnxruntime-gpu", "numpy", "pillow")

Masker = Callable[[str, np.ndarray], np.ndarray]


def build_masker(settings: dict, paths: Sequence[str] = (), threads: int = 1) -> Masker:
    """The masker for ``settings``: ``model`` is ``READY`` (with ``folder``) or the name of a rembg model.

    ``weights`` is the ONNX file of a rembg model whose name ends in ``CUSTOM``. ``paths``: all images of the
    dataset, to match ready masks to images. StudyError if the masker cannot run.
    """
    if settings["model"] == READY:
        return ready_masker(settings["folder"], paths)
    return rembg_masker(settings["model"], settings.get("weights"), threads)


def fingerprint_masker(settings: dict, code: str) -> str | None:
    """A fingerprint of everything that affects a rembg model's masks except the image.

    It includes package versions and ``code``, the fingerprint of the code that runs the model. None for ready
    masks, because comparing them costs as much as reading them.
    """
    if settings["model"] == READY:
        return None
    weights = settings.get("weights")
    contents = fingerprint_file(weights) if weights and Path(weights).is_file() else None
    versions = installed_versions(_COMPUTING)
    return hash_settings(settings | {"weights": contents, "versions": versions, "code": code})


def is_empty(mask: np.ndarray) -> bool:
    """Whether no pixel of a soft mask is foreground."""
    return not (mask >= HALF).any()


def ready_masker(folder: str | os.PathLike, paths: Sequence[str]) -> Masker:
    """Masks from a ``folder`` that mirrors the tree of the images ``paths``.

    The mask of a/b/c.jpg is a/b/c.jpg.png, or a/b/c.png if no other image differs from a/b/c.jpg only in its
    suffix; leading folders that all images are in may be omitted. So no two images share a mask.
    """
    if not Path(folder).is_dir():
        raise StudyError(f"The folder of ready masks {folder} does not exist. Correct the dataset's `masks`.")
    bare = Counter(PurePosixPath(path).with_suffix("") for path in paths)
    shared = PurePosixPath(os.path.commonpath([PurePosixPath(path).parent for path in paths] or [""])).parts
    # Not if they contain a folder of their name: a/x.png could then be the mask of a/x.jpg or of a/a/x.jpg.
    below = {PurePosixPath(path).parts[len(shared)] for path in paths}
    omissible = 0 if below & set(shared) else len(shared)

    def mask(path: str, rgb: np.ndarray) -> np.ndarray:
        whole = PurePosixPath(path)
        full = [f"{path}.png"]
        if bare[whole.with_suffix("")] <= 1:
            full.append(str(whole.with_suffix(".png")))
        names = [name.split("/", omitted)[omitted] for omitted in range(omissible + 1) for name in full]
        for name in names:
            if (Path(folder) / name).is_file():
                return read_given_mask(Path(folder) / name, rgb.shape[:2], path)
        raise StudyError(f"There is no ready mask of {path}: none of {', '.join(names)} is in {folder}.")

    return mask


def rembg_masker(model: str, weights: str | None = None, threads: int = 1) -> Masker:
    """Masks by rembg, with one session for all images.

    rembg rescales each prediction to the full range, which turns an empty prediction into an arbitrary mask.
    Therefore the prediction is recorded before it is rescaled, and if none of its pixels reaches one half,
    the mask is black.
    """
    from PIL import Image

    remove, session = _session(model, weights, threads)
    session.inner_session = watched = _Watched(session.inner_session)

    def mask(path: str, rgb: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):  # a constant prediction is rescaled to 0 / 0
            result = np.asarray(remove(Image.fromarray(rgb), session=session, only_mask=True))
        if result.shape != rgb.shape[:2]:
            raise StudyError(
                f"The rembg model {model} returns no mask of the image's size ({path}). "
                "Choose one that segments a foreground, for example u2net."
            )
        return result if _found(watched.output, hasattr(session, "sigmoid")) else np.zeros_like(result)

    return mask


class _Watched:
    """An ONNX session that records the first output of its last run."""

    def __init__(self, session):
        self._session = session
        self.output = None

    def run(self, *arguments, **settings):
        outputs = self._session.run(*arguments, **settings)
        self.output = outputs[0]
        return outputs

    def __getattr__(self, name):
        return getattr(self._session, name)


def _found(prediction: np.ndarray, logits: bool) -> bool:
    # ASSUME: an object is present if at least one pixel is more likely object than not. Models whose rembg
    # session applies the sigmoid predict logits, with one half at zero. A constant separates nothing.
    highest, lowest = float(prediction[:, 0].max()), float(prediction[:, 0].min())
    return np.isfinite(highest) and highest > lowest and highest >= (0.0 if logits else 0.5)


def import_rembg():
    """Import rembg without compiling the code for alpha matting, which is unused and takes a minute."""
    from numba import config

    before, config.DISABLE_JIT = config.DISABLE_JIT, 1
    try:
        import rembg.sessions
    finally:
        config.DISABLE_JIT = before
    return rembg


def _session(model: str, weights: str | None, threads: int):
    custom = model.endswith(CUSTOM)
    if custom:
        if not weights or not Path(weights).is_file():
            raise StudyError(
                f"The masker {model} needs a network, but `masker.weights`, {weights!r}, is not a file."
            )
        os.environ["U2NET_HOME"] = str(Path(weights).resolve().parent)  # the only place rembg loads from
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        onnxruntime.preload_dlls()  # otherwise it finds pip's CUDA libraries only after an import of torch

    rembg = import_rembg()
    sessions = rembg.sessions.sessions
    if model not in sessions or not sessions[model].is_local():
        raise StudyError(
            f"rembg has no model {model!r} that runs locally. `masker.model` may be "
            f"{', '.join(sorted(name for name in sessions if sessions[name].is_local()))}."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    place = {"model_path": str(Path(weights).resolve())} if custom else {}
    try:
        return rembg.remove, rembg.new_session(model, sess_opts=options, **place)
    except Exception as error:  # the network, pooch and onnxruntime raise different exceptions
        folder = sessions[model].model_dir()
        remedy = (
            f"Set `masker.weights` to another file than {weights}"
            if custom
            else f"Without internet access, put the file published by rembg at {Path(folder) / model}.onnx, "
            "or name your own ONNX file with masker: {model: u2net_custom, weights: FILE}"
        )
        raise StudyError(
            f"The rembg model {model} cannot be loaded ({type(error).__name__}: "
            f"{shorten(str(error), 200, placeholder=' …')}). {remedy}."
        ) from error

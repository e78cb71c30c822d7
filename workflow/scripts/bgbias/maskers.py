"""Foreground masks: by a rembg model, or from a folder of ready ones.

A masker is a function (path in the index, uint8 (h, w, 3) picture) -> uint8 (h, w) soft mask, 255 = object.
It gives an all-black mask where it finds no object: the caller flags it with :func:`is_empty`.
"""

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np

from bgbias.errors import StudyError
from bgbias.images import HALF, read_given_mask

Masker = Callable[[str, np.ndarray], np.ndarray]


def build_masker(settings: dict, threads: int = 1) -> Masker:
    """The masker of ``settings``: ``model`` is "ready" (with ``folder``) or the name of a rembg model.

    ``weights`` is the ONNX file of a rembg model whose name ends in ``_custom``. StudyError when it cannot
    run.
    """
    return (ready_masker if settings["model"] == "ready" else rembg_masker)(settings, threads)


def is_empty(mask: np.ndarray) -> bool:
    """Whether no pixel of a soft mask is foreground."""
    return not (mask >= HALF).any()


def ready_masker(settings: dict, threads: int = 1) -> Masker:
    """Masks out of a folder that mirrors the tree of images, with or without its first folder.

    The mask of a/b/c.jpg is c.jpg.png or c.png in a/b or in b.
    """
    folder = Path(settings["folder"])
    if not folder.is_dir():
        raise StudyError(f"The folder of ready masks {folder} does not exist. Mend `masks` of the dataset.")

    def mask(path: str, rgb: np.ndarray) -> np.ndarray:
        whole = PurePosixPath(path)
        trees = [whole, PurePosixPath(*whole.parts[1:])] if len(whole.parts) > 1 else [whole]
        for tree in trees:
            for name in (f"{tree}.png", str(tree.with_suffix(".png"))):
                if (folder / name).is_file():
                    return read_given_mask(folder / name, rgb.shape[:2], path)
        expected = folder / trees[-1].with_suffix(".png")
        raise StudyError(f"There is no ready mask of {path}: expected {expected} or one named like it.")

    return mask


def rembg_masker(settings: dict, threads: int = 1) -> Masker:
    """Masks by rembg, one session for all images.

    rembg stretches each prediction to the full range, which turns a prediction of nothing into an arbitrary
    mask. So the prediction is watched before it is stretched, and where no pixel of it reaches one half the
    mask is black.
    """
    from PIL import Image

    remove, session = _session(settings["model"], settings.get("weights"), threads)
    session.inner_session = watched = _Watched(session.inner_session)

    def mask(path: str, rgb: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):  # a constant prediction is stretched to 0 / 0
            result = np.asarray(remove(Image.fromarray(rgb), session=session, only_mask=True))
        if result.shape != rgb.shape[:2]:
            raise StudyError(
                f"The rembg model {settings['model']} gives no mask of the image's size "
                f"({path}). Choose one that separates a foreground, for example u2net."
            )
        return result if _found(watched.output, hasattr(session, "sigmoid")) else np.zeros_like(result)

    return mask


class _Watched:
    """An ONNX session that remembers its last first output."""

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
    # ASSUME: an object is there when at least one pixel is more likely object than not. Models whose rembg
    # session applies the sigmoid itself predict logits, with one half at zero. A constant separates nothing.
    highest, lowest = float(prediction[:, 0].max()), float(prediction[:, 0].min())
    return np.isfinite(highest) and highest > lowest and highest >= (0.0 if logits else 0.5)


def import_rembg():
    """rembg, without compiling what only alpha matting needs, which takes a minute."""
    from numba import config

    before, config.DISABLE_JIT = config.DISABLE_JIT, 1
    try:
        import rembg.sessions
    finally:
        config.DISABLE_JIT = before
    return rembg


def _session(model: str, weights: str | None, threads: int):
    custom = model.endswith("_custom")
    if custom:
        if not weights or not Path(weights).is_file():
            raise StudyError(
                f"The masker {model} needs its network: `masker.weights` is {weights!r}, which is no file."
            )
        os.environ["U2NET_HOME"] = str(Path(weights).resolve().parent)  # rembg loads from nowhere else
    import onnxruntime

    rembg = import_rembg()
    sessions = rembg.sessions.sessions
    if model not in sessions or not sessions[model].is_local():
        raise StudyError(
            f"rembg has no model {model!r} that runs on this machine. `masker.model` may be "
            f"{', '.join(sorted(name for name in sessions if sessions[name].is_local()))}."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    place = {"model_path": str(Path(weights).resolve())} if custom else {}
    try:
        return rembg.remove, rembg.new_session(model, sess_opts=options, **place)
    except Exception as error:  # the network, pooch and onnxruntime each raise their own
        folder = sessions[model].model_dir()
        remedy = (
            f"Give another file as `masker.weights` than {weights}"
            if custom
            else f"Without a network, put the file that rembg publishes at {Path(folder) / model}.onnx, or "
            "name an ONNX file of your own with masker: {model: u2net_custom, weights: FILE}"
        )
        raise StudyError(
            f"The rembg model {model} cannot be loaded ({type(error).__name__}: "
            f"{str(error)[:200]}). {remedy}."
        ) from error

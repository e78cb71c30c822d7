"""Evaluation images, clean or with new backgrounds, and their embeddings."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from bgbias.devices import choose_batch_size
from bgbias.errors import StudyError
from bgbias.input_pipeline.batches import EvaluationView, evaluation_batch
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.prefetching import prefetch


def evaluation_view(transform: dict, background_crop: str) -> EvaluationView:
    """The evaluation crop of ``transform``: eval_size, scale, ratio and flip of the config's section."""
    return EvaluationView(
        size=transform["eval_size"],
        background_crop=background_crop,
        scale=tuple(transform["scale"]),
        ratio=tuple(transform["ratio"]),
        flip=transform["flip"],
    )


def evaluation_batches(
    store: PixelStore,
    rows: np.ndarray,
    backgrounds: PixelStore | None,
    *,
    seed: int,
    draw: int,
    view: EvaluationView,
    preprocessing: Preprocessing,
    device: torch.device,
    batch_size: int | None = None,
) -> Iterator[Tensor]:
    """The images of ``rows`` (N,) in order, at most ``batch_size`` at once; clean without ``backgrounds``.

    Without a ``batch_size`` as many as :func:`bgbias.devices.choose_batch_size` says. The next batch is made
    while the device works on the one before.
    """

    def make(part: np.ndarray) -> Tensor:
        return evaluation_batch(
            store,
            part,
            backgrounds,
            seed=seed,
            draw=draw,
            view=view,
            preprocessing=preprocessing,
            device=device,
        )

    batch_size = choose_batch_size(batch_size, view.size, device)
    parts = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    return prefetch(make, parts)


def embed(model: nn.Module, batches: Iterable[Tensor], precision: torch.dtype = torch.float32) -> np.ndarray:
    """Embeddings of all images in ``batches``: float32 (N, E) of length 1.

    The model is left in evaluation mode. StudyError when an embedding is not finite.
    """
    model.eval()
    parts = []
    with torch.inference_mode():
        for batch in batches:
            with torch.autocast(batch.device.type, precision, enabled=precision != torch.float32):
                parts.append(model(batch).float())
        embeddings = torch.cat(parts).cpu().numpy()
    finite = np.isfinite(embeddings).all(axis=1)
    if not finite.all():
        raise StudyError(
            f"{(~finite).sum()} of {len(finite)} embeddings are not finite: the model has diverged. "
            "Train it with a smaller training.learning_rate."
        )
    return embeddings


def compared_picture(
    store: PixelStore,
    row: int,
    backgrounds: PixelStore | None,
    *,
    seed: int,
    draw: int,
    view: EvaluationView,
) -> np.ndarray:
    """The very picture that :func:`evaluation_batches` gives of ``row``, before it is normalised: uint8
    (size, size, 3)."""
    plain = Preprocessing(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), maximum=255.0)
    batch = evaluation_batch(
        store, np.array([row]), backgrounds, seed=seed, draw=draw, view=view, preprocessing=plain
    )
    return batch[0].permute(1, 2, 0).round().byte().numpy()

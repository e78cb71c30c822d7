"""The images of an evaluation, clean or with new backgrounds, prepared in a thread ahead of the model."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from bgbias.devices import choose_batch_size
from bgbias.input_pipeline.ahead import made_ahead
from bgbias.input_pipeline.batches import EvaluationView, evaluation_batch
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.retrieval.protocols import PROTOCOLS


def evaluation_view(transform: dict, background_crop: str) -> EvaluationView:
    """The evaluation crop of ``transform``: eval_size, scale, ratio and flip of the config's section."""
    return EvaluationView(
        size=transform["eval_size"],
        background_crop=background_crop,
        scale=tuple(transform["scale"]),
        ratio=tuple(transform["ratio"]),
        flip=transform["flip"],
    )


class EvaluationFeed:
    """Batches of the images ``rows`` (N,) of ``store``, in order, at most ``batch_size`` at once.

    ``backgrounds`` replace the images' own; None if nothing is swapped. Without a ``batch_size``,
    :func:`bgbias.devices.choose_batch_size` chooses it.
    """

    def __init__(
        self,
        store: PixelStore,
        rows: np.ndarray,
        backgrounds: PixelStore | None,
        view: EvaluationView,
        preprocessing: Preprocessing,
        *,
        seed: int,
        device: torch.device,
        batch_size: int | None = None,
    ) -> None:
        self._store, self._rows, self._backgrounds = store, rows, backgrounds
        self._view, self._preprocessing, self._seed, self._device = view, preprocessing, seed, device
        self._batch_size = choose_batch_size(batch_size, view.size, device)

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._batch_size)

    def batches(self, protocol: str, draw: int = 0) -> Iterator[Tensor]:
        """The images on the device, as from :func:`bgbias.input_pipeline.batches.evaluation_batch`."""

        def make(start: int) -> list[Tensor]:
            batch = evaluation_batch(
                self._store,
                self._rows[start : start + self._batch_size],
                self._backgrounds if PROTOCOLS[protocol] else None,
                seed=self._seed,
                draw=draw,
                view=self._view,
                preprocessing=self._preprocessing,
                device=self._device,
            )
            return [batch]

        starts = range(0, len(self._rows), self._batch_size)
        return (batch for (batch,) in made_ahead(make, starts, self._device))


def compared_picture(
    store: PixelStore,
    row: int,
    backgrounds: PixelStore | None,
    *,
    seed: int,
    draw: int,
    view: EvaluationView,
) -> np.ndarray:
    """Exactly the picture that an :class:`EvaluationFeed` shows of ``row``, before normalisation: uint8
    (size, size, 3); clean without ``backgrounds``. A GPU's may differ by one level."""
    plain = Preprocessing(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), maximum=255.0)
    batch = evaluation_batch(
        store, np.array([row]), backgrounds, seed=seed, draw=draw, view=view, preprocessing=plain
    )
    return batch[0].permute(1, 2, 0).round().byte().numpy()

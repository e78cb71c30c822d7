"""The batches of a training, prepared in a thread ahead of the model."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from bgbias.input_pipeline.ahead import made_ahead
from bgbias.input_pipeline.batches import TrainingView, training_batches
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.training.sampling import epoch_batches

# On a GPU this many images are prepared at once, spanning several steps if batches are small: launching an
# operation takes longer than the operation itself, and the training thread launches its own meanwhile.
_IMAGES_TOGETHER = 128


def training_view(transform: dict) -> TrainingView:
    """The training crop of ``transform`` (the config's section)."""
    return TrainingView(
        size=transform["train_size"],
        scale=tuple(transform["scale"]),
        ratio=tuple(transform["ratio"]),
        flip=transform["flip"],
        noise=transform["noise"],
    )


class TrainingFeed:
    """Batches of the images ``rows`` (N,) of ``store`` with the classes ``labels`` (N,).

    ``backgrounds``: replacements for the images' own backgrounds, used with the variant's probability.
    ``settings``: loss, variant, transform and training of the run.
    """

    def __init__(
        self,
        store: PixelStore,
        rows: np.ndarray,
        labels: np.ndarray,
        backgrounds: PixelStore | None,
        settings: dict,
        preprocessing: Preprocessing,
        *,
        seed: int,
        device: torch.device,
    ) -> None:
        self._store, self._rows, self._labels, self._backgrounds = store, rows, labels, backgrounds
        self._options, self._probability = settings["training"], settings["variant"]["probability"]
        self._images_per_class = settings["loss"]["images_per_class"]
        self._view, self._preprocessing = training_view(settings["transform"]), preprocessing
        self._seed, self._device = seed, device

    def batches(self, epoch: int, steps: range) -> Iterator[tuple[int, np.ndarray, Tensor]]:
        """Yield, for each of ``steps`` (all of ``epoch``), its number, its positions in ``rows`` and these
        images on the device, made by :func:`bgbias.input_pipeline.batches.training_batches`."""
        batch_size, iterations = self._options["batch_size"], self._options["iterations_per_epoch"]
        begin = (epoch - 1) * iterations
        positions = epoch_batches(
            self._labels,
            batch_size=batch_size,
            images_per_class=self._images_per_class,
            iterations=iterations,
            seed=self._seed,
            epoch=epoch,
        )

        def chosen(part: range) -> np.ndarray:
            return positions[part.start - begin : part.stop - begin]

        def make(part: range) -> list[Tensor]:
            return training_batches(
                self._store,
                self._rows[chosen(part)],
                self._backgrounds,
                seed=self._seed,
                steps=part,
                probability=self._probability,
                view=self._view,
                preprocessing=self._preprocessing,
                device=self._device,
            )

        together = 1 if self._device.type == "cpu" else max(1, _IMAGES_TOGETHER // batch_size)
        # The first step alone, because the model waits for it.
        starts = [0, *range(1, len(steps), together)]
        parts = [steps[i:j] for i, j in pairwise([*starts, len(steps)]) if i < j]
        for part, images in zip(parts, made_ahead(make, parts, self._device), strict=True):
            yield from zip(part, chosen(part), images, strict=True)

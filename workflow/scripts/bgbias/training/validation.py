"""The score that selects the epoch: MAP@R on the validation images, clean or with new backgrounds."""

import numpy as np
import torch

from bgbias.errors import StudyError
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.logs import progress_bar
from bgbias.models.embedding_model import EmbeddingModel
from bgbias.retrieval.collapse import mean_similarity
from bgbias.retrieval.embedding import embed
from bgbias.retrieval.feeding import EvaluationFeed, evaluation_view
from bgbias.retrieval.metrics import measure
from bgbias.retrieval.nearest import search_on
from bgbias.training.stopping import Stop

# ASSUME: the prepared images are kept between epochs if they take less than this, or on a GPU less than an
# eighth of the memory that is free before training.
_KEEP_BYTES, _KEEP_SHARE = 2**28, 8


class Validation:
    """The validation images of a run, the same in every epoch: backgrounds are from draw 0 of ``seed``."""

    def __init__(
        self,
        store: PixelStore,
        backgrounds: PixelStore | None,
        selection: str,
        transform: dict,
        preprocessing: Preprocessing,
        *,
        seed: int,
        device: torch.device,
    ) -> None:
        if selection not in ("clean", "swapped"):
            raise StudyError(f"A variant's selection must be clean or swapped, not {selection!r}.")
        if selection == "swapped" and backgrounds is None:
            raise StudyError(
                "The variant selects by swapped images, but no validation backgrounds were given."
            )
        rows = store.index.rows("val")
        self._labels = store.index.labels[rows]
        if len(rows) == 0 or np.unique(self._labels, return_counts=True)[1].max() < 2:
            raise StudyError(
                "No validation class has two images, so no epoch can be selected: fix the index's splits."
            )
        # ASSUME: one draw for all epochs (the paper draws new ones), so that epochs are compared on the
        # same images.
        # ASSUME: backgrounds of validation images are cropped at random, as in training.
        view = evaluation_view(transform, background_crop="random")
        self._feed = EvaluationFeed(store, rows, backgrounds, view, preprocessing, seed=seed, device=device)
        self._selection = selection
        room = torch.cuda.mem_get_info(device)[0] // _KEEP_SHARE if device.type == "cuda" else _KEEP_BYTES
        self._small = 12 * len(rows) * view.size**2 <= room
        self._search_in = search_on(device)
        self._kept: list[torch.Tensor] | None = None

    def score(self, model: EmbeddingModel, precision: torch.dtype, stop: Stop | None = None) -> dict | None:
        """map_at_r, precision_at_1 and the embeddings' mean_similarity; None if asked to stop meanwhile."""
        embeddings = embed(model, self._batches(stop), precision)
        if stop is not None and stop.requested:
            return None
        scores = measure(embeddings, self._labels, search_in=self._search_in)
        return {
            "map_at_r": scores["map_at_r"],
            "precision_at_1": scores["precision_at_1"],
            "mean_similarity": mean_similarity(embeddings),
        }

    def _batches(self, stop: Stop | None):
        batches = self._kept
        if batches is None:
            batches = self._feed.batches(self._selection)
            if self._small:
                batches = self._kept = list(batches)
            else:
                batches = progress_bar(batches, "validation", "batches", len(self._feed))
        for batch in batches:
            yield batch
            if stop is not None and stop.requested:
                return

"""Images to embeddings."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from bgbias.errors import StudyError


def embed(model: nn.Module, batches: Iterable[Tensor], precision: torch.dtype = torch.float32) -> np.ndarray:
    """Embeddings of all images in ``batches``: float32 (N, E), each of length 1.

    Leaves the model in evaluation mode. StudyError if an embedding is not finite, or if it is zero, which no
    scaling gives length 1.
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
    zero = ~embeddings.any(axis=1)
    if zero.any():
        raise StudyError(
            f"{zero.sum()} of {len(zero)} embeddings are zero and cannot be compared: the model responds to "
            "nothing in these images. Train it with a smaller training.learning_rate, or leave them out."
        )
    return embeddings

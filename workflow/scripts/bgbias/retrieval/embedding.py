"""Images to embeddings."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from bgbias.errors import StudyError


def embed(
    model: nn.Module,
    batches: Iterable[Tensor],
    precision: torch.dtype = torch.float32,
    names: Sequence[str] = (),
) -> np.ndarray:
    """Embeddings of all images in ``batches``: float32 (N, E), each of length 1.

    Leaves the model in evaluation mode. StudyError if an embedding is not finite, or if it is zero, which no
    scaling gives length 1; ``names`` (N) are the images' names in its message.
    """
    model.eval()
    parts = []
    with torch.inference_mode():
        for batch in batches:
            with torch.autocast(batch.device.type, precision, enabled=precision != torch.float32):
                parts.append(model(batch).float())
        embeddings = torch.cat(parts).cpu().numpy()
    finite, zero = np.isfinite(embeddings).all(axis=1), ~embeddings.any(axis=1)
    for bad, what in ((~finite, "not finite"), (zero, "zero, so that they have no direction")):
        if bad.any():
            first = f", first that of {names[bad.argmax()]}" if len(names) else ""
            raise StudyError(
                f"{bad.sum()} of {len(bad)} embeddings are {what}{first}. Leave these images out, or, if all "
                "are affected, the model has diverged: train it with a smaller training.learning_rate."
            )
    return embeddings

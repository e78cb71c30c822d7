"""Attribution maps, which show where a model looks, and the share of them that lies on the object.

Every method explains one number per image, its distance to a black image (:mod:`.target`), and returns maps
(B, S, S) of non-negative weights. :func:`scaled` and :func:`attention_score` (:mod:`.score`) then treat all
maps alike. To add a method, write a function with the signature below and add it to :data:`METHODS`.
"""

from collections.abc import Callable

import torch

from bgbias.attribution import captum_methods
from bgbias.attribution.score import attention_score, scaled
from bgbias.attribution.study_map import study_map
from bgbias.attribution.target import Target

__all__ = ["METHODS", "Target", "attention_score", "attribution_maps", "scaled"]

# (target, images (B, 3, S, S) normalised, rows: B store rows, settings) -> (B, S, S), not yet scaled
METHODS: dict[str, Callable[..., torch.Tensor]] = {
    "study": study_map,
    "saliency": captum_methods.saliency,
    "integrated_gradients": captum_methods.integrated_gradients,
    "gradcam": captum_methods.gradcam,
}


def attribution_maps(
    method: str, target: Target, images: torch.Tensor, rows: list[int], settings: dict
) -> torch.Tensor:
    """The scaled maps (B, S, S) float32 in [0, 1] of ``method``, a key of :data:`METHODS`.

    ``rows`` are the images' row numbers in the pixel store: noise depends on them, never on the batch.
    ``settings``: ``copies``, ``noise``, ``seed`` (of the paper's map), ``batch_size`` (images or noisy copies
    per pass through the model), ``steps`` (of integrated gradients).
    """
    return scaled(METHODS[method](target, images, rows, settings))

"""Standard methods from captum, applied to the same target as the paper's map.

captum is imported only where it is used: it takes a second and imports matplotlib, which a run that needs
only the paper's map can do without.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from bgbias.attribution.target import Target


def saliency(target: Target, images: Tensor, rows: Sequence[int], settings: dict) -> Tensor:
    """Largest absolute gradient over the channels (Simonyan et al., 2014): (B, S, S)."""
    from captum.attr import Saliency

    method = Saliency(target)
    return _in_batches(lambda part: method.attribute(part, abs=True).amax(1), images, settings)


def integrated_gradients(target: Target, images: Tensor, rows: Sequence[int], settings: dict) -> Tensor:
    """|Σ over channels| of integrated gradients from black (Sundararajan et al., 2017): (B, S, S).

    ``settings``: ``steps`` of the integral and ``batch_size``, the number of points evaluated at once.
    """
    from captum.attr import IntegratedGradients

    method, black = IntegratedGradients(target), target.black[None]

    def attribute(part: Tensor) -> Tensor:
        at_once = settings["batch_size"]
        values = method.attribute(part, black, n_steps=settings["steps"], internal_batch_size=at_once)
        return values.sum(1).abs()

    return _in_batches(attribute, images, settings).to(images.dtype)


def gradcam(target: Target, images: Tensor, rows: Sequence[int], settings: dict) -> Tensor:
    """Grad-CAM on the last spatial map, ReLU, upsampled bilinearly (Selvaraju et al., 2017): (B, S, S)."""
    from captum.attr import LayerAttribution, LayerGradCam

    method = LayerGradCam(target, target.model.last_map())

    def attribute(part: Tensor) -> Tensor:
        coarse = method.attribute(part, relu_attributions=True).detach()
        return LayerAttribution.interpolate(coarse, tuple(part.shape[-2:]), "bilinear")[:, 0]

    return _in_batches(attribute, images, settings)


def _in_batches(attribute, images: Tensor, settings: dict) -> Tensor:
    parts = images.split(settings["batch_size"])
    return torch.cat([attribute(part.detach().requires_grad_()).detach() for part in parts])

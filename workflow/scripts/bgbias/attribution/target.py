"""The number that an attribution explains: how far the model sees an image from black."""

import torch
from torch import Tensor, nn


class Target:
    """(n, 3, S, S) normalised images → (n,) distances of their embeddings to that of a black image.

    ``distance`` is the loss's own (pytorch-metric-learning's ``loss.distance``); a similarity (cosine, dot
    product) counts negatively, so that larger always means further from black. ``black`` (3, S, S) is black
    before normalisation.
    """

    def __init__(self, model: nn.Module, distance: nn.Module, black: Tensor) -> None:
        self.model, self.distance, self.black = model, distance, black
        with torch.no_grad():
            self.reference = model(black[None])

    def __call__(self, images: Tensor) -> Tensor:
        embeddings = self.model(images)
        # Few at once: above 25 torch.cdist multiplies out the squares, which loses what lies close to black.
        parts = [self.distance(part, self.reference) for part in embeddings.split(25)]
        values = torch.cat(parts)[:, 0]
        if embeddings.requires_grad:
            # A root at exactly zero has no gradient, and NaN of one copy would swallow the whole map. No
            # direction stands out there, so it counts as 0, as in torch.cdist.
            at_black = (values.detach() == 0)[:, None]
            embeddings.register_hook(lambda gradient: gradient.masked_fill(at_black, 0))
        # Only methods that look at the sign (Grad-CAM) are touched by this.
        return -values if self.distance.is_inverted else values

    def gradient(self, images: Tensor) -> Tensor:
        """d distance / d image, (n, 3, S, S); the images are independent of each other."""
        images = images.detach().requires_grad_()
        # The images only: leaving the weights' gradients out saves a third of the backward pass.
        return torch.autograd.grad(self(images).sum(), images)[0]

"""The number that an attribution explains: the distance of an image from black, as the model sees it."""

import torch
from torch import Tensor, nn


class Target:
    """(n, 3, S, S) normalised images → (n,) distances of their embeddings to that of a black image.

    ``distance`` is the loss's own (pytorch-metric-learning's ``loss.distance``); a similarity (cosine, dot
    product) is negated, so that larger always means further from black. ``black`` (3, S, S) is black before
    normalisation.
    """

    def __init__(self, model: nn.Module, distance: nn.Module, black: Tensor) -> None:
        self.model, self.distance, self.black = model, distance, black
        with torch.no_grad():
            self.reference = model(black[None])

    def __call__(self, images: Tensor) -> Tensor:
        embeddings = self.model(images)
        # In small parts: above 25 rows torch.cdist expands the squares, which loses precision close to black.
        parts = [self.distance(part, self.reference) for part in embeddings.split(25)]
        values = torch.cat(parts)[:, 0]
        if embeddings.requires_grad:
            # The gradient of a root is undefined at exactly zero, and one copy's NaN would spoil the whole
            # map. No direction is distinguished there, so it counts as 0, as in torch.cdist.
            at_black = (values.detach() == 0)[:, None]
            embeddings.register_hook(lambda gradient: gradient.masked_fill(at_black, 0))
        # The sign matters only to methods that use it (Grad-CAM).
        return -values if self.distance.is_inverted else values

    def gradient(self, images: Tensor) -> Tensor:
        """d distance / d image, (n, 3, S, S); the images are independent of each other."""
        images = images.detach().requires_grad_()
        # For the images only: skipping the gradients of the weights saves a third of the backward pass.
        return torch.autograd.grad(self(images).sum(), images)[0]

"""The trial of a user's network: two images show whether it can be measured at all."""

import os
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bgbias.errors import StudyError, first_line


def embed_one(
    network: Callable[[Tensor], Tensor], size: Sequence[int], path: str | os.PathLike, remedy: str
) -> tuple[Tensor, Tensor]:
    """An image of ``size`` (height, width), (1, 3, H, W), and its embedding by ``network``, (1, E).

    The image requires a gradient. StudyError, which names the ``path`` of the network and ends with
    ``remedy``, if it does not give every image a finite embedding that does not depend on the batch.
    """
    # One bright and one dark: in training mode each would affect the other's statistics.
    images = torch.rand((2, 3, *size), generator=torch.Generator().manual_seed(0))
    images = images * torch.tensor([1.0, 0.1])[:, None, None, None]
    image = images[:1].clone().requires_grad_()
    try:
        with torch.random.fork_rng(devices=[]):  # in case dropout was left on
            torch.manual_seed(0)
            together, alone = network(images), network(image)
    except Exception as error:  # PyTorch's guards and operations, and onnxruntime, raise many kinds
        raise StudyError(
            f"{path} does not accept 2 images and then 1 ({first_line(error)}). {remedy}."
        ) from error
    if not isinstance(together, Tensor) or together.ndim != 2 or len(together) != 2:
        found = tuple(together.shape) if isinstance(together, Tensor) else type(together).__name__
        raise StudyError(
            f"{path} gives {found} for 2 images, not one vector for each. Export a module whose forward "
            "returns the embeddings alone, (B, E), as README.md shows."
        )
    if not together.isfinite().all():
        raise StudyError(f"{path} gives NaN or infinity for random images. Export it in float32.")
    # Networks that compute in bfloat16 differ by about 1 % between batch sizes.
    if not torch.allclose(together[:1], alone, rtol=0, atol=0.05 * together.abs().max().item()):
        raise StudyError(
            f"{path} gives different embeddings for the same image depending on the batch, or on every "
            f"call: it was exported in training mode. {remedy}."
        )
    return image, alone

"""The nearest rows of a reference set by inner product: faiss on the CPU, PyTorch on a GPU.

A search takes queries (B, E) float32 and a width k ≤ N, the number of reference rows, and returns products
(B, k) float32, largest first, and rows (B, k) int64. The order of equal products, and which of them make it
into the list, is up to the library; :mod:`bgbias.retrieval.search` makes both definite.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

Search = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]

DEVICE_BYTES = 256 * 2**20  # of products on a device at once, besides the reference set


def on_cpu(reference: np.ndarray) -> Search:
    """Search ``reference`` (N, E) float32 with faiss, on as many threads as OMP_NUM_THREADS allows."""
    import faiss

    def search(query: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        return faiss.knn(query, reference, width, metric=faiss.METRIC_INNER_PRODUCT)

    return search


def on_device(reference: np.ndarray, device, device_bytes: int = DEVICE_BYTES) -> Search:
    """Search ``reference`` (N, E) float32 on a PyTorch ``device``, which holds all of it plus at most
    ``device_bytes`` of products."""
    import torch

    held = torch.from_numpy(reference).to(device)

    @torch.inference_mode()
    def search(query: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        return _search_blocks(torch.from_numpy(query).to(device), held, width, device_bytes)

    return search


def search_on(device) -> Callable[[np.ndarray], Search]:
    """:func:`on_cpu` or :func:`on_device`, by the PyTorch ``device`` on which the job computes."""
    return on_cpu if device.type == "cpu" else partial(on_device, device=device)


def _search_blocks(query, reference, width: int, device_bytes: int) -> tuple[np.ndarray, np.ndarray]:
    """Block after block of the reference, the best of each block merged with the best so far."""
    import torch

    size = max(1, device_bytes // (query.element_size() * max(1, len(query))))
    products = query.new_empty(len(query), 0)
    rows = torch.empty(len(query), 0, dtype=torch.int64, device=query.device)
    for start in range(0, len(reference), size):
        block = query @ reference[start : start + size].T
        best, at = block.topk(min(width, block.shape[1]))
        products = torch.cat([products, best], 1)
        rows = torch.cat([rows, at + start], 1)
        products, at = products.topk(min(width, products.shape[1]))
        rows = rows.gather(1, at)
    return products.cpu().numpy(), rows.cpu().numpy()

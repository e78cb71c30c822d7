"""Making batches ahead of the model: in a thread and, on a GPU, on a stream of its own."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

import torch
from torch import Tensor

from bgbias.prefetching import prefetch

Item = TypeVar("Item")


def made_ahead(
    make: Callable[[Item], Sequence[Tensor]], items: Iterable[Item], device: torch.device
) -> Iterator[Sequence[Tensor]]:
    """Yield ``make(item)``, tensors on ``device``, for each item, made while the caller uses earlier ones.

    On the caller's stream a GPU would make them between two operations of the model, which would wait.
    """
    if device.type != "cuda":
        yield from prefetch(make, items)
        return
    side = _side_stream(device)

    def on_the_side(item: Item) -> tuple[Sequence[Tensor], torch.cuda.Event]:
        with torch.cuda.stream(side):
            return make(item), side.record_event()

    for tensors, ready in prefetch(on_the_side, items):
        current = torch.cuda.current_stream(device)
        current.wait_event(ready)
        for tensor in tensors:
            # Else the next batch could be written into this one's memory while the model still reads it.
            tensor.record_stream(current)
        yield tensors


@lru_cache
def _side_stream(device: torch.device) -> torch.cuda.Stream:
    """One for all batches: PyTorch keeps freed memory apart for each stream."""
    return torch.cuda.Stream(device)

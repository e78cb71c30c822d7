"""The protocols of evaluation, and the names of their arrays in embeddings.npz."""

import re
from collections.abc import Iterable, Iterator

# Whether each image gets a new background, drawn as many times as the configuration says.
PROTOCOLS = {"clean": False, "swapped": True}


def conditions(draws: int) -> Iterator[tuple[str, int]]:
    """Every protocol with each of its draws, numbered from 0; a protocol without a swap has only one."""
    for protocol, swaps in PROTOCOLS.items():
        for draw in range(draws if swaps else 1):
            yield protocol, draw


def array_name(protocol: str, draw: int) -> str:
    """clean, swapped0, swapped1, …"""
    return f"{protocol}{draw}" if PROTOCOLS[protocol] else protocol


def conditions_of(names: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Protocol and draw of those of ``names`` that come from :func:`array_name`, in their order."""
    for name in names:
        for protocol, swaps in PROTOCOLS.items():
            if found := re.fullmatch(rf"{protocol}(\d+)" if swaps else protocol, name):
                yield protocol, int(found[1]) if swaps else 0

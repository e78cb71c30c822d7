"""The protocols of evaluation, and the names of their arrays in embeddings.npz."""

import re
from collections.abc import Iterable, Iterator, Sequence

# Whether each image gets a new background, drawn as many times as the configuration says.
PROTOCOLS = {"clean": False, "swapped": True}
# The tests in which only one side is swapped: by which protocols queries and gallery are embedded.
ONE_SIDED = {"queries": ("swapped", "clean"), "gallery": ("clean", "swapped")}


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


def searches(names: Iterable[str], one_sided: Sequence[str] = ()) -> Iterator[tuple[str, int, str, str]]:
    """Protocol, draw, and the names of the queries' and the gallery's array, for every search to be made.

    Every condition of the arrays ``names`` is searched in itself; then, for each of ``one_sided`` (of
    ONE_SIDED), every draw of the one side in the clean images of the other, as protocol ``swapped_…``.
    """
    found = list(conditions_of(names))
    for protocol, draw in found:
        yield protocol, draw, array_name(protocol, draw), array_name(protocol, draw)
    for side in one_sided:
        for draw in (draw for protocol, draw in found if protocol == "swapped"):
            query, gallery = (array_name(protocol, draw) for protocol in ONE_SIDED[side])
            yield f"swapped_{side}", draw, query, gallery

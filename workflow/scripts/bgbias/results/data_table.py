"""The table of the data behind a study's numbers."""

from collections.abc import Mapping

from bgbias.index import SPLITS
from bgbias.results.names import human
from bgbias.results.table_formats import Cell, Table

_SPLIT_NAMES = dict(zip(SPLITS, ("Training", "Validation", "Test"), strict=True))


def data_table(data: Mapping[str, dict], queries: Mapping[str, int], backgrounds: int) -> Table:
    """One row per dataset: classes and images of each non-empty split, queries if not every test image is
    one, images left out, ``backgrounds``.

    ``data``: for each dataset, what :func:`bgbias.datasets.contents.contents` returns; ``queries``: how many
    were averaged.
    """
    chosen = any(queries[dataset] != found["images"]["test"] for dataset, found in data.items())
    splits = [split for split in SPLITS if any(found["images"][split] for found in data.values())]
    lines = [
        [
            human(dataset),
            *(f"{found[count][split]:,}" for split in splits for count in ("classes", "images")),
            *([f"{queries[dataset]:,}"] if chosen else []),
            f"{found['left_out']:,}",
            f"{backgrounds:,}",
        ]
        for dataset, found in data.items()
    ]
    return Table(
        ["Dataset"],
        [
            *((_SPLIT_NAMES[split], ["classes", "images"]) for split in splits),
            ("", [*(["queries"] if chosen else []), "left out", "test backgrounds"]),
        ],
        [("", [[*map(Cell, line)] for line in lines])],
        "Classes and images of each split, images left out, and backgrounds swapped into the test images.",
    )

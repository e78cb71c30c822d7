"""A seeded subset of a dataset, for quick runs of the whole workflow on real data."""

import numpy as np

from bgbias.index import SPLITS, Index
from bgbias.randomness import generator


def limited(index: Index, limit: dict, seed: int) -> Index:
    """At most ``limit["classes"]`` classes of each split and ``limit["images"]`` images of each class.

    Either key may be missing (no limit). ``classes`` is a number or a mapping from split to number. The
    choice depends only on the seed, the class and the number of its images; rows keep their order. If queries
    and gallery are marked, each class keeps ``images`` of each kind: gallery only, query only, both.
    """
    if not limit:
        return index
    kept: list[int] = []
    for split in SPLITS:
        rows = index.rows(split)
        classes = np.unique(index.labels[rows])
        most = limit.get("classes")
        most = most.get(split) if isinstance(most, dict) else most
        if most is not None and most < len(classes):
            classes = generator(seed, f"limit classes {split}").choice(classes, most, replace=False)
        rows = rows[np.isin(index.labels[rows], classes)]
        rows = rows[np.argsort(index.labels[rows], kind="stable")]
        starts = np.flatnonzero(np.diff(index.labels[rows])) + 1
        for rows_of_class in np.split(rows, starts):
            kept += _images(index, rows_of_class, limit.get("images"), seed)
    return index.take(sorted(kept))


def _images(index: Index, rows: np.ndarray, most: int | None, seed: int) -> list[int]:
    if most is None:
        return rows.tolist()
    kinds = np.zeros(len(rows), int)
    if index.is_query is not None:
        # Chosen apart, so that no query loses all that it could find.
        kinds = np.where(index.is_query[rows], 1 + index.is_gallery[rows], 0)
    kept = []
    for kind in range(3):
        of_kind = rows[kinds == kind]
        if len(of_kind) > most:
            of_kind = generator(seed, "limit images", index.labels[of_kind[0]], kind).choice(
                of_kind, most, replace=False, shuffle=False
            )
        kept += of_kind.tolist()
    return kept

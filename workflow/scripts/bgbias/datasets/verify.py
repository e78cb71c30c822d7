"""Check that every image of an index exists and decodes, before the study starts instead of hours into it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from bgbias.datasets.index_checks import partnerless_rows
from bgbias.errors import StudyError
from bgbias.images import image_size, read_given_mask, read_rgb
from bgbias.index import Index
from bgbias.logs import progress_bar


def find_problems(index: Index, root: Path, threads: int = 1) -> dict[int, str]:
    """Row number -> problem with the row's image or hand label, in row order; empty if there are none.

    Every file is decoded to its last byte; JPEGs at an eighth of their size, which also detects truncation
    and takes a fraction of the time.
    """

    def problem_of_row(row):
        label = index.masks[row]
        return image_problem(root / index.paths[row]) or (
            label and hand_label_problem(root / label, root / index.paths[row])
        )

    with ThreadPoolExecutor(threads) as pool:
        found = pool.map(problem_of_row, range(len(index)))
        found = progress_bar(found, "checking images", "images", len(index))
        return {row: problem for row, problem in enumerate(found) if problem}


def image_problem(path: Path) -> str | None:
    """Why the image ``path`` cannot be used, in a few words; None if it can."""
    try:
        image_size(path)
        if not _is_sound_jpeg(path):
            read_rgb(path)
    except StudyError as error:
        return _reason(error, path)
    return None


def hand_label_problem(label: Path, image: Path) -> str | None:
    """The same for the hand label of a valid image, whose size it must have."""
    try:
        read_given_mask(label, image_size(image))
    except StudyError as error:
        return f"has a bad hand label: {label} {_reason(error, label)}"
    return None


def _is_sound_jpeg(path: Path) -> bool:
    """Whether ``path`` is a JPEG that decodes completely at an eighth of its size; False is inconclusive."""
    try:
        with Image.open(path) as image:
            if image.format != "JPEG":
                return False
            image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
            image.load()
    except Exception:  # any decoder error: read_rgb then reports it
        return False
    return True


def _reason(error: StudyError, path: Path) -> str:
    """The reason only: the table already names the path, and the remedy is printed once."""
    return str(error).removeprefix(f"{path} ").partition(". ")[0]


def without_problems(index: Index, problems: dict[int, str]) -> tuple[Index, dict[int, str]]:
    """The index without the rows of ``problems``, and the problems plus those that this removal causes.

    A test query whose class has no other image left in the gallery cannot be evaluated and is removed as
    well. If the index marks queries and the image is in the gallery, it stays but is no longer a query.
    StudyError if fewer than two classes of a split, or no query, are left.
    """
    problems = dict(problems)
    kept = np.array([row for row in range(len(index)) if row not in problems], dtype=np.int64)
    lonely = kept[partnerless_rows(index.take(kept))]
    is_query, reason = index.is_query, "no other image of its class is left in the test gallery"
    if is_query is not None:
        is_query = is_query & ~np.isin(np.arange(len(index)), lonely)
        others_find = index.is_gallery[lonely]
        problems |= {int(row): f"is not a query: {reason}" for row in lonely[others_find]}
        lonely = lonely[~others_find]
    problems |= {int(row): reason for row in lonely}
    rest = replace(index, is_query=is_query).take(np.setdiff1d(kept, lonely))
    for split in sorted(set(index.splits)):
        if len(np.unique(rest.labels[rest.rows(split)])) < 2:
            raise StudyError(
                f"No two classes with readable images are left in split {split}: {len(problems)} of "
                f"{len(index)} images have problems, the first is {index.paths[min(problems)]!r}, which "
                f"{problems[min(problems)]}."
            )
    if rest.is_query is not None and not rest.is_query.any():
        raise StudyError("No query is left with another image of its class in the test gallery.")
    return rest, dict(sorted(problems.items()))

"""Does every image of an index exist and decode? Found out before the study starts, not in its third hour."""

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
    """Row number -> what is wrong with the row's image or hand label, in row order; empty when all is well.

    Every file is decoded to its last byte; JPEGs at an eighth of their size, which finds truncation as well
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
    """Why no stage could use the image ``path``, in a few words; None when all can."""
    try:
        image_size(path)
        if not _is_sound_jpeg(path):
            read_rgb(path)
    except StudyError as error:
        return _reason(error, path)
    return None


def hand_label_problem(label: Path, image: Path) -> str | None:
    """The same for the hand label of a sound image, which must have its size."""
    try:
        read_given_mask(label, image_size(image))
    except StudyError as error:
        return f"has a bad hand label: {label} {_reason(error, label)}"
    return None


def _is_sound_jpeg(path: Path) -> bool:
    """Whether ``path`` is a JPEG that decodes to its end, at an eighth of its size; False says nothing."""
    try:
        with Image.open(path) as image:
            if image.format != "JPEG":
                return False
            image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
            image.load()
    except Exception:  # whatever the decoder stumbles on: read_rgb finds the words for it
        return False
    return True


def _reason(error: StudyError, path: Path) -> str:
    """The reason alone: the table names the path, and whoever reads it needs the remedy once."""
    return str(error).removeprefix(f"{path} ").partition(". ")[0]


def without_problems(index: Index, problems: dict[int, str]) -> tuple[Index, dict[int, str]]:
    """The index without the rows of ``problems``, and the problems with those that this causes.

    A test image of whose class no other is left in the gallery can no longer be retrieved. It goes as well,
    but for one in the gallery where the index says what is a query: it stays, and is no query any more.
    StudyError when fewer than two classes of a split, or no query, are left.
    """
    problems = dict(problems)
    kept = np.array([row for row in range(len(index)) if row not in problems], dtype=np.int64)
    lonely = kept[partnerless_rows(index.take(kept))]
    is_query, reason = index.is_query, "no other image of its class is left in the test gallery"
    if is_query is not None:
        is_query = is_query & ~np.isin(np.arange(len(index)), lonely)
        others_find = index.is_gallery[lonely]
        problems |= {int(row): f"is no query: {reason}" for row in lonely[others_find]}
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
        raise StudyError("No query is left of whose class another image is in the test gallery.")
    return rest, dict(sorted(problems.items()))

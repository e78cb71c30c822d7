"""Does every image of an index exist and decode? Found out before the study starts, not in its third hour."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from bgbias.errors import StudyError
from bgbias.index import Index
from bgbias.index_checks import partnerless_rows
from bgbias.logs import progress


def find_problems(index: Index, root: Path, threads: int = 1) -> dict[int, str]:
    """Row number -> what is wrong with the row's image or hand label, in row order; empty when all is well.

    Every file is decoded to its last byte; JPEGs at an eighth of their size, which finds truncation as well
    and takes a fraction of the time.
    """

    def problem_of_row(row):
        problem = image_problem(root / index.paths[row])
        if problem is None and index.masks[row]:
            problem = image_problem(root / index.masks[row])
            problem = problem and f"hand label {index.masks[row]}: {problem}"
        return problem

    with ThreadPoolExecutor(threads) as pool:
        found = progress(pool.map(problem_of_row, range(len(index))), "checking images", "images", len(index))
        return {row: problem for row, problem in enumerate(found) if problem}


def image_problem(path: Path) -> str | None:
    """Why ``path`` cannot be read as an image, in a few words; None when it can."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            # Large scans are legitimate; Pillow still refuses those beyond twice its limit as an error.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
            image.load()
    except FileNotFoundError:
        return "does not exist"
    except UnidentifiedImageError:
        return "is empty" if path.stat().st_size == 0 else "is not an image of a known type"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except Exception as error:  # a damaged header raises whatever the decoder stumbles on
        return f"cannot be decoded: {type(error).__name__}: {error}"
    return None


def without_problems(index: Index, problems: dict[int, str]) -> tuple[Index, dict[int, str]]:
    """The index without the rows of ``problems``, and the problems with those that this causes.

    A test image whose class loses every other image can no longer be retrieved and goes as well, with its own
    entry. StudyError when nothing of a split is left.
    """
    problems = dict(problems)
    kept = np.array([row for row in range(len(index)) if row not in problems], dtype=np.int64)
    lonely = kept[partnerless_rows(index.take(kept))]
    problems.update(
        {int(row): "no other readable image of its class is left in the test split" for row in lonely}
    )
    rest = index.take([row for row in range(len(index)) if row not in problems])
    for split in sorted(set(index.splits)):
        if not len(rest.rows(split)):
            raise StudyError(
                f"No readable image is left in split {split}: {len(problems)} of {len(index)} images have "
                f"problems, the first is {index.paths[min(problems)]!r}, which {problems[min(problems)]}."
            )
    return rest, dict(sorted(problems.items()))

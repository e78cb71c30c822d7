"""Write the index of a dataset after checking every image that it lists."""

from pathlib import Path

from bgbias.datasets import dataset_index
from bgbias.datasets.verify import find_problems, without_problems
from bgbias.errors import StudyError
from bgbias.files import write_rows
from bgbias.index import write_index
from bgbias.logs import job_log


def index_dataset(
    dataset: str,
    root: str,
    settings: dict,
    on_bad_image: str,
    index_path: str,
    problems_path: str,
    threads: int = 1,
) -> None:
    """Index ``root`` according to ``settings``.

    Unreadable images, and test images without another one of their class, end the study (``on_bad_image:
    fail``) or are left out of the index (``skip``) and listed in ``problems_path``.
    """
    index = dataset_index(root, settings, alone=on_bad_image)
    problems = find_problems(index, Path(root), threads)
    kept = index
    if on_bad_image == "skip":
        kept, problems = without_problems(index, problems)
    rows = [{"path": index.paths[row], "problem": problem} for row, problem in problems.items()]
    write_rows(problems_path, rows, ["path", "problem"])
    if problems and on_bad_image == "fail":
        first = "; ".join(f"{row['path']!r} {row['problem']}" for row in rows[:3])
        raise StudyError(
            f"{len(rows)} of {len(index)} images of dataset {dataset} in {root} are unusable: {first}"
            f"{'; …' if len(rows) > 3 else ''}. All are listed in {problems_path}. Fix them, or set "
            "on_bad_image: skip in the config to leave them out."
        )
    print(f"{dataset}: {len(kept)} images indexed, {len(index) - len(kept)} left out")
    write_index(index_path, kept)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        index_dataset(
            snakemake.params.dataset,
            snakemake.params.root,
            snakemake.params.settings,
            snakemake.config["on_bad_image"],
            snakemake.output.index,
            snakemake.params.problems,
            snakemake.threads,
        )

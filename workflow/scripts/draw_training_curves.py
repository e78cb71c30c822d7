"""The training curves of all runs."""

from bgbias.figures.style import save
from bgbias.figures.training_curves import draw
from bgbias.files import read_rows
from bgbias.logs import job_log


def draw_training_curves(histories: list[str], png: str, pdf: str, *, runs: list[dict]) -> None:
    """Draw the validation score of each run over its epochs.

    ``histories``: each run's history.csv, in the order of ``runs``, dictionaries of the axes.
    """
    save(draw(runs, [read_rows(history) for history in histories]), png, pdf)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_training_curves(**snakemake.input, **snakemake.output, runs=snakemake.params.runs)

"""The training curves of all runs.

input: ``histories`` (the runs' history.csv); params: ``runs`` (in the same order: dictionaries with dataset,
backbone, loss, variant, seed); output: ``png``, ``pdf``.
"""

from bgbias.figures.style import save
from bgbias.figures.training_curves import draw
from bgbias.files import read_rows
from bgbias.logs import job_log


def draw_training_curves(histories: list[str], runs: list[dict], png: str, pdf: str) -> None:
    save(draw(runs, [read_rows(history) for history in histories]), png, pdf)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_training_curves(
            snakemake.input.histories,
            snakemake.params.runs,
            snakemake.output.png,
            snakemake.output.pdf,
        )

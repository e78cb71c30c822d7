"""The chart of clean against swapped retrieval over the whole grid."""

from bgbias.figures.style import save
from bgbias.figures.swap_chart import draw
from bgbias.files import read_rows
from bgbias.logs import job_log
from bgbias.results.summaries import summarise_retrieval


def draw_swap_chart(results: str, png: str, pdf: str) -> None:
    """Draw the chart from ``results``, the collected retrieval.csv.

    StudyError if a value is missing or not finite.
    """
    save(draw(summarise_retrieval(read_rows(results))), png, pdf)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_swap_chart(**snakemake.input, **snakemake.output)

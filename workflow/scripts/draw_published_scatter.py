"""Measured against published numbers, one point per cell."""

from bgbias.figures.published_scatter import draw
from bgbias.figures.style import save
from bgbias.logs import job_log
from bgbias.results.published import read_comparison


def draw_published_scatter(retrieval: str, png: str, pdf: str, attention: str | None = None) -> None:
    """Draw one panel per protocol, and one of attention if scores by the published method were measured, from
    the CSV files of tabulate_published."""
    rows = read_comparison(retrieval)
    panels = [
        (f"MAP@R (%), {protocol}", [row for row in rows if row["protocol"] == protocol])
        for protocol in ("clean", "swapped")
    ]
    if attention:
        panels.append(("Attention score", read_comparison(attention)))
    save(draw(panels), png, pdf)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_published_scatter(**snakemake.input, **snakemake.output)

"""Measured against published numbers, a point a cell.

input: ``retrieval`` and ``attention`` (results/{study}/tables/published_{retrieval,attention}.csv);
output: ``png``, ``pdf``.
"""

from bgbias.figures.published_scatter import draw
from bgbias.figures.style import save
from bgbias.files import read_rows
from bgbias.logs import job_log


def draw_published(retrieval: str, attention: str, png: str, pdf: str) -> None:
    rows = comparison(retrieval)
    panels = [
        (f"MAP@R (%), {protocol}", [row for row in rows if row["protocol"] == protocol])
        for protocol in ("clean", "swapped")
    ]
    save(draw([*panels, ("Attention score", comparison(attention))]), png, pdf)


def comparison(path: str) -> list[dict]:
    """The rows of a comparison table, its numbers as numbers."""
    sides = ("published", "measured")
    return [
        row | {side: float(row[side]) if row[side] else None for side in sides} for row in read_rows(path)
    ]


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_published(
            snakemake.input.retrieval,
            snakemake.input.attention,
            snakemake.output.png,
            snakemake.output.pdf,
        )

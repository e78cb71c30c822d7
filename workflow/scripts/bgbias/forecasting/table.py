"""The forecast as a plain-text table."""

import math

from bgbias.forecasting.arithmetic import Counts, Seconds, hours, mask_hours, packed_bytes, result_bytes

HEADINGS = (
    ("", "", "", "training", "training", "test", "attribution", "masks", "pixels", "results"),
    ("dataset", "images", "runs", "min h", "max h", "h", "h", "CPU h", "GB", "GB"),
)
LEGEND = """h: hours of one device, for all runs of the row; CPU h: hours of one CPU core; GB: on disk.
Masks and pixels are made once, regardless of the number of runs and backbones. Masks have the images' size
and take disk space that is not counted here.
"""


def costs(
    config: dict,
    runs: int,
    counts: dict[str, Counts | None],
    masks: dict[str, float | None],
    seconds: Seconds,
    parameters: int,
) -> list[tuple[str, ...]]:
    """One row per dataset of known size, for all its ``runs``, in the columns of :data:`HEADINGS`.

    ``counts`` and ``masks`` (seconds per mask): by dataset, None if unknown; ``seconds`` and ``parameters``:
    as measured for the backbone.
    """
    rows = []
    for dataset, found in counts.items():
        if found is not None:
            values = [
                *hours(found, runs, config, seconds, masks[dataset]).values(),
                packed_bytes(found.images, **config["pixels"]) / 1e9,
                result_bytes(found, runs, config, parameters) / 1e9,
            ]
            rows.append((dataset, f"{found.images:,}", str(runs), *map(shown, values)))
    return rows


def mask_jobs(counts: dict[str, Counts | None], masks: dict[str, float | None], shards: int) -> str:
    """How long the longest of the mask jobs takes, and with how many per dataset none takes over an hour; ""
    if nothing is known. ``counts`` and ``masks`` as for :func:`costs`."""
    known = (mask_hours(found, masks[dataset]) for dataset, found in counts.items() if found is not None)
    longest = max(filter(None, known), default=None)
    if longest is None:
        return ""
    return (
        f"The longest mask job takes {shown(longest / shards)} h (masker.shards: {shards}); with "
        f"masker.shards: {math.ceil(longest)} none takes over an hour. Choose before the first run.\n"
    )


def shown(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def aligned(rows: list[tuple[str, ...]]) -> str:
    """Columns of equal width, two spaces apart; the first is left-aligned, the others right-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )

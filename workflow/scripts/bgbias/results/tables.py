"""The three tables of a study, laid out as in the paper, from summaries with one row per cell."""

from collections.abc import Callable, Sequence

from bgbias.axes import FAMILY_AXES, FROZEN, MODEL_AXES, trained
from bgbias.results.names import human, method_name, model_name, protocol_name
from bgbias.results.rows import finite, pick, unique, variants_of
from bgbias.results.summaries import sd_words
from bgbias.results.table_formats import Cell, Table, number


def retrieval_table(summary: Sequence[dict]) -> Table:
    """One row per loss × variant (base first), one column per protocol, grouped by dataset; percent.

    A model evaluated as is has no variant; if nothing was trained, there is no variant column.
    """
    stub = ["Loss", "Variant"] if trained(summary) else ["Model"]
    groups = {
        dataset: unique([row for row in summary if row["dataset"] == dataset], "protocol")
        for dataset in unique(summary, "dataset")
    }
    cells = {(*pick(row, MODEL_AXES), row["protocol"]): _retrieval_cell(row) for row in summary}

    def lines(backbone: str) -> list[list[Cell]]:
        found = []
        for loss in unique(summary, "loss"):
            family = []
            for variant in variants_of(summary):
                values = [
                    cells.get((dataset, backbone, loss, variant, protocol), Cell())
                    for dataset, protocols in groups.items()
                    for protocol in protocols
                ]
                if any(cell.text for cell in values):
                    names = ["" if family else model_name(loss, backbone)]
                    names.append("" if loss == FROZEN else human(variant))
                    family.append([*map(Cell, names[: len(stub)]), *values])
            found += family
        return found

    sd_over = sd_words(summary)
    spread = f": mean ± sample standard deviation {sd_over}" if sd_over else ""
    return Table(
        stub,
        [(human(dataset), [*map(protocol_name, protocols)]) for dataset, protocols in groups.items()],
        _blocks(summary, lines),
        f"{human(summary[0]['metric'])} in percent{spread}.{_bold_words(summary)}",
    )


def attention_table(summary: Sequence[dict], method: str) -> Table:
    """One row per loss, one column per variant (base first), grouped by dataset: mean (sd over images), with
    several seeds mean ± sd over seeds (sd over images).

    Models evaluated as is have no variant, but a column of their own.
    """
    summary = [row for row in summary if row["method"] == method]
    datasets, variants = unique(summary, "dataset"), variants_of(trained(summary))
    if len(trained(summary)) < len(summary):
        variants.append(FROZEN)
    stub, titles = ("Loss", list(map(human, variants))) if trained(summary) else ("Model", ["score"])
    cells = {
        (*pick(row, FAMILY_AXES), FROZEN if row["loss"] == FROZEN else row["variant"]): _attention_cell(row)
        for row in summary
    }

    def lines(backbone: str) -> list[list[Cell]]:
        rows = [
            [
                Cell(model_name(loss, backbone)),
                *(
                    cells.get((dataset, backbone, loss, variant), Cell())
                    for dataset in datasets
                    for variant in variants
                ),
            ]
            for loss in unique(summary, "loss")
        ]
        return [row for row in rows if any(cell.text for cell in row[1:])]

    seeds = max((row["seeds"] for row in summary), default=1)
    spread = f" ± sample standard deviation over {seeds} seeds" if seeds > 1 else ""
    return Table(
        [stub],
        [(human(dataset), titles) for dataset in datasets],
        _blocks(summary, lines),
        f"Attention score by {method_name(method)}: mean{spread} (standard deviation over test images). 0: "
        "attention spread evenly over the image; 1: all of it on the object; below 0: it avoids the object."
        f"{_bold_words(summary)}",
    )


def mask_quality_table(rows: Sequence[dict]) -> Table:
    """One row per dataset (and masker): labelled images, IoU with its quartiles, overlap; sd over images.

    A dataset without hand labels has empty cells.
    """
    parts = ("median", "min", "q25", "q75")

    def cells(row: dict, measure: str) -> list[Cell]:
        key = (row["dataset"],)
        if int(row["n"]) == 0:
            return [Cell()] * (1 + len(parts))
        plain = [Cell(number(finite(row, f"{measure}_{part}", key), 3)) for part in parts]
        mean, sd = (number(finite(row, f"{measure}_{part}", key), 3) for part in ("mean", "sd"))
        return [Cell(mean, f"± {sd}"), *plain]

    several = len(unique(rows, "masker")) > 1
    titles = ["mean", "median", "min", "q25", "q75"]
    lines = [
        [
            Cell(human(row["dataset"])),
            *([Cell(row["masker"])] if several else []),
            Cell(f"{int(row['n']):,}"),
            *cells(row, "iou"),
            *cells(row, "overlap")[:2],
        ]
        for row in rows
    ]
    return Table(
        ["Dataset", *(["Masker"] if several else [])],
        [("", ["labelled"]), ("IoU", titles), ("Overlap", titles[:2])],
        [("", lines)],
        "Masks compared with hand labels, both thresholded at one half. IoU: intersection over union; "
        "overlap: the share of the labelled object that the mask covers. ± population standard deviation "
        "over images.",
    )


def _retrieval_cell(row: dict) -> Cell:
    sd = "" if row["sd"] is None else f"± {number(100 * row['sd'])}"
    return Cell(number(100 * row["mean"]), sd, row["best"] == 1)


def _attention_cell(row: dict) -> Cell:
    spread, over_images = row["sd_over_seeds"], f"({number(row['sd'])})"
    rest = over_images if spread is None else f"± {number(spread)} {over_images}"
    return Cell(number(row["mean"]), rest, row["best"] == 1)


def _bold_words(summary: Sequence[dict]) -> str:
    return " Bold: the best variant of a loss." if any(row["best"] for row in summary) else ""


def _blocks(summary: Sequence[dict], lines: Callable[[str], list]) -> list[tuple[str, list[list[Cell]]]]:
    """One block per backbone; a single block if the rows name their backbones or there is only one."""
    backbones = unique(summary, "backbone")
    if len(unique(trained(summary), "backbone")) > 1:
        return [(human(backbone), lines(backbone)) for backbone in backbones]
    return [("", [line for backbone in backbones for line in lines(backbone)])]

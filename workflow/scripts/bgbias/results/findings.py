"""The findings as plain sentences, computed from the numbers, never written by hand."""

from collections.abc import Sequence

import numpy as np

from bgbias.axes import FAMILY_AXES, FROZEN, MODEL_AXES, trained
from bgbias.results.names import enumeration, human, model_name
from bgbias.results.rows import pick, unique, variants_of
from bgbias.results.table_formats import number


def retrieval_findings(summary: Sequence[dict]) -> list[str]:
    """Sentences on the cost of swapping and the effect of the other variants, from the retrieval summary."""
    measured = _drops(summary)
    drops = trained(measured)
    frozen = [row for row in measured if row["loss"] == FROZEN]
    untrained = [
        f"{model_name(FROZEN, backbone)} "
        f"{_change_by_dataset([row for row in frozen if row['backbone'] == backbone])}."
        for backbone in unique(frozen, "backbone")
    ]
    if not drops:
        return untrained
    baseline, *others = variants_of(drops)
    sentences = _largest_drop([row for row in drops if row["variant"] == baseline])
    for variant in (baseline, *others):
        of_variant = [row for row in drops if row["variant"] == variant]
        on_average = "On average " if len(of_variant) > len(unique(of_variant, "dataset")) else ""
        sentences.append(f"{on_average}{human(variant)} {_change_by_dataset(of_variant)}.")
    sentences += untrained
    for variant in others:
        pairs = _pairs(drops, baseline, variant)
        if pairs:
            better = _wins([(100 * old["swapped"], 100 * new["swapped"]) for old, new in pairs])
            change = 100 * float(np.mean([new["clean"] - old["clean"] for old, new in pairs]))
            sentences.append(
                f"With swapped backgrounds {human(variant)} retrieves better than {human(baseline)} in "
                f"{_of(better, drops, len(pairs))}; on the clean images it changes MAP@R by "
                f"{_signed(change)} points{' on average' if len(pairs) > 1 else ''}."
            )
    return sentences


def attention_findings(summary: Sequence[dict], method: str) -> list[str]:
    """In how many comparisons a variant's attention is more on the object than the baseline's."""
    rows = trained([row for row in summary if row["method"] == method])
    if not rows:
        return []
    baseline, *others = variants_of(rows)
    sentences = []
    for variant in others:
        pairs = _pairs(rows, baseline, variant)
        if pairs:
            scores = [(old["mean"], new["mean"]) for old, new in pairs]
            before, after = (number(float(mean)) for mean in np.mean(scores, axis=0))
            change = f"stays at {before}" if before == after else f"changes from {before} to {after}"
            sentences.append(
                f"Attention is more on the object with {human(variant)} than with {human(baseline)} in "
                f"{_of(_wins(scores), rows, len(pairs))}: the mean score {change}."
            )
    return sentences


def _drops(summary: Sequence[dict]) -> list[dict]:
    """One row per model measured with both protocols: ``clean``, ``swapped`` and the relative ``drop``."""
    rows = {}
    for row in summary:
        key = pick(row, MODEL_AXES)
        rows.setdefault(key, dict(zip(MODEL_AXES, key, strict=True)))[row["protocol"]] = row["mean"]
    both = [row for row in rows.values() if row.get("clean") and "swapped" in row]
    return [row | {"drop": 1 - row["swapped"] / row["clean"]} for row in both]


def _largest_drop(rows: Sequence[dict]) -> list[str]:
    """Where swapping costs most; nothing for a single model or if no number falls as printed."""
    falls = [row for row in rows if _percent(row["swapped"]) < _percent(row["clean"])]
    if len(rows) == 1 or not falls:
        return []
    worst = max(falls, key=lambda row: row["drop"])
    model = human(worst["loss"])
    if len(unique(rows, "backbone")) > 1:
        model = f"{human(worst['backbone'])} and {model}"
    return [
        f"Swapping the backgrounds of the test images costs {human(worst['variant'])} most on "
        f"{human(worst['dataset'])} with {model}: MAP@R falls from "
        f"{_percent(worst['clean'])} to {_percent(worst['swapped'])}\u00a0%."
    ]


def _change_by_dataset(rows: Sequence[dict]) -> str:
    """'loses 10 % of its MAP@R on A and 20 % on B, and gains 4 % on C'; for a single row with its MAP@R."""
    changes: dict[str, list[str]] = {"loses": [], "gains": []}
    for dataset in unique(rows, "dataset"):
        percent = round(100 * float(np.mean([row["drop"] for row in rows if row["dataset"] == dataset])))
        changes["gains" if percent < 0 else "loses"].append(f"{abs(percent)}\u00a0% on {human(dataset)}")
    said = {verb: enumeration(parts) for verb, parts in changes.items() if parts}
    first = next(iter(said))
    said[first] = said[first].replace("%", "% of its MAP@R", 1)
    ends = f" (from {_percent(rows[0]['clean'])} to {_percent(rows[0]['swapped'])}\u00a0%)"
    return ", and ".join(f"{verb} {parts}" for verb, parts in said.items()) + (ends if len(rows) == 1 else "")


def _pairs(rows: Sequence[dict], baseline: str, variant: str) -> list[tuple[dict, dict]]:
    """(baseline's row, variant's row) for every family that has both."""
    old = {pick(row, FAMILY_AXES): row for row in rows if row["variant"] == baseline}
    new = [row for row in rows if row["variant"] == variant]
    return [(old[pick(row, FAMILY_AXES)], row) for row in new if pick(row, FAMILY_AXES) in old]


def _of(count: int, rows: Sequence[dict], total: int) -> str:
    """'14 of 15 pairs (dataset × loss)', with '× backbone' if there are several."""
    axes = [axis for axis in FAMILY_AXES if axis != "backbone" or len(unique(rows, axis)) > 1]
    return f"{count} of {total} {'pair' if total == 1 else 'pairs'} ({' × '.join(axes)})"


def _percent(share: float) -> float:
    return round(100 * float(share), 1)


def _wins(pairs: Sequence[tuple[float, float]]) -> int:
    """How often the second number is higher, rounded as in the tables: a printed tie is not a win."""
    return sum(round(new, 2) > round(old, 2) for old, new in pairs)


def _signed(value: float) -> str:
    return f"{value:+z.1f}".replace("-", "−")

"""What the numbers say, in plain sentences that are computed, never written by hand."""

from collections.abc import Sequence

import numpy as np

from bgbias.axes import FAMILY_AXES, FROZEN, MODEL_AXES, trained
from bgbias.results.measured_on import MeasuredOn
from bgbias.results.names import enumeration, human, model_name
from bgbias.results.rows import pick, unique, variants_of
from bgbias.results.table_formats import number
from bgbias.retrieval.collapse import COLLAPSED

FEW_QUERIES = 50  # with fewer than that, one of them is more than two points of Precision@1
FEW_BACKGROUNDS = 20  # with fewer than that, more than one pair of images in twenty shares one by chance


def collapse_findings(rows: Sequence[dict]) -> list[str]:
    """Which models see hardly any difference between clean test images, from the rows of retrieval.csv."""
    clean = [row for row in rows if row["protocol"] == "clean"]
    collapsed = [row for row in clean if float(row["mean_similarity"]) > COLLAPSED]
    if not collapsed:
        return []
    names = "; ".join(map(_run, collapsed[:3])) + ("; …" if len(collapsed) > 3 else "")
    remedy = " A smaller training.learning_rate may help." if trained(collapsed) else ""
    of_all = f"{len(collapsed)} of {len(clean)} {'model' if len(clean) == 1 else 'models'}"
    return [
        f"{of_all} {'has' if len(collapsed) == 1 else 'have'} collapsed "
        f"(the embeddings' mean similarity is above {number(COLLAPSED)}), so that these numbers say little: "
        f"{names}.{remedy}"
    ]


def training_findings(runs: Sequence[dict]) -> list[str]:
    """Whether most trainings ended while they still improved, from the contents of run.yaml."""
    runs = trained(runs)
    rising = [run for run in runs if run["best_epoch"] == run["epochs"]]
    if 2 * len(rising) <= len(runs):
        return []
    return [
        f"{len(rising)} of {len(runs)} {'model was' if len(runs) == 1 else 'models were'} best at the last "
        "epoch: a longer training (training.max_epochs) may find better ones."
    ]


def retrieval_findings(summary: Sequence[dict]) -> list[str]:
    """Sentences on what swapping costs and what the other variants change, from the summary of retrieval."""
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
    """In how many comparisons a variant's attention lies more on the object than that of the baseline."""
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
            change = f"stays at {before}" if before == after else f"goes from {before} to {after}"
            sentences.append(
                f"Attention lies more on the object with {human(variant)} than with {human(baseline)} in "
                f"{_of(_wins(scores), rows, len(pairs))}: the mean score {change}."
            )
    return sentences


def mask_findings(rows: Sequence[dict]) -> list[str]:
    """How well the masks agree with hand labels, worst and best named, and how many are empty."""
    return [*_agreement_of_masks(rows), *_unlabelled(rows), *_empty_masks(rows)]


def data_findings(measured: Sequence[MeasuredOn], backgrounds: Sequence[dict]) -> list[str]:
    """What is wrong with the images: copies among them, those left out, few or small ``backgrounds``, the
    rows of the layout of the test's."""
    return [
        *_copies(measured),
        *_left_out(measured),
        *_few_backgrounds(len(backgrounds)),
        *_small_backgrounds(backgrounds),
    ]


def _agreement_of_masks(rows: Sequence[dict]) -> list[str]:
    rows = [row for row in rows if row["iou_mean"]]
    if not rows:
        return []
    ranked = sorted(rows, key=lambda row: float(row["iou_mean"]))
    ends = [f"{number(float(row['iou_mean']))} ({human(row['dataset'])})" for row in (ranked[0], ranked[-1])]
    if len(rows) == 1:
        return [f"The masks agree with hand labels to a mean IoU of {ends[0]}."]
    return [f"The masks agree with hand labels to a mean IoU between {ends[0]} and {ends[1]}."]


def _unlabelled(rows: Sequence[dict]) -> list[str]:
    names = [human(row["dataset"]) for row in rows if not row["iou_mean"]]
    if not names:
        return []
    return [f"Without hand labels the masks of {enumeration(names)} are unchecked: see the mask examples."]


def _empty_masks(rows: Sequence[dict]) -> list[str]:
    rows = [row for row in rows if int(row["empty"])]
    if not rows:
        return []
    counts = enumeration([f"{row['empty']} of {row['masks']} on {human(row['dataset'])}" for row in rows])
    return [
        f"Masks that are empty or failed: {counts}. An image with an empty one loses its object in the swap. "
        "The dataset’s masks.csv names them."
    ]


def _copies(measured: Sequence[MeasuredOn]) -> list[str]:
    meanings = {
        "own_class": "in their class: {}. A copy is found whatever a model looks at, so that clean retrieval "
        "and what the swap costs both come out too high.",
        "other_class": "in another class: {}. No model can tell these classes apart by it: one of the two "
        "labels may be wrong.",
        "training": "among the training or validation images: {}. What a model has seen in training is no "
        "test of it.",
    }
    sentences = []
    for kind, meaning in meanings.items():
        pairs = [(data, getattr(data.copies, kind)) for data in measured]
        counts = [
            f"{len(found)} of {data.images['test']} on {human(data.dataset)} "
            f"(first pair: {' and '.join(found[0])})"
            for data, found in pairs
            if found
        ]
        if counts:
            sentences.append(f"Test images with an exact copy {meaning.format(enumeration(counts))}")
    return sentences


def _left_out(measured: Sequence[MeasuredOn]) -> list[str]:
    counts = [
        f"{data.left_out} of {sum(data.images.values()) + data.left_out} on {human(data.dataset)}"
        for data in measured
        if data.left_out
    ]
    if not counts:
        return []
    return [
        f"Images left out: {enumeration(counts)}. The dataset’s problems.csv says why; one that is not "
        "listed there has no mask."
    ]


def query_findings(measured: Sequence[dict]) -> list[str]:
    """Of which datasets there are so few queries that a single one counts, from the rows of retrieval."""
    queries = {row["dataset"]: int(row["n_queries"]) for row in measured}
    return [
        f"{human(dataset)} has only {count} queries: one that is answered right or not moves Precision@1 by "
        f"{_percent(1 / count)} points."
        for dataset, count in queries.items()
        if count < FEW_QUERIES
    ]


def _small_backgrounds(backgrounds: Sequence[dict]) -> list[str]:
    enlarged = sum(row.get("enlarged") == "1" for row in backgrounds)
    if not enlarged:
        return []
    return [
        "Test backgrounds that are smaller than images are packed (pixels.short_side), and so blurred: "
        f"{enlarged} of {len(backgrounds)}. Take larger ones: a sharp object before them looks pasted."
    ]


def _few_backgrounds(count: int) -> list[str]:
    if count >= FEW_BACKGROUNDS:
        return []
    if count == 1:
        return ["All swapped images share the only test background: take some dozens at least."]
    return [
        f"With only {count} test backgrounds, one pair of swapped images in {count} shares one by chance: "
        "take some dozens at least."
    ]


def _drops(summary: Sequence[dict]) -> list[dict]:
    """One row a model that was measured both ways: ``clean``, ``swapped`` and the relative ``drop``."""
    rows = {}
    for row in summary:
        key = pick(row, MODEL_AXES)
        rows.setdefault(key, dict(zip(MODEL_AXES, key, strict=True)))[row["protocol"]] = row["mean"]
    both = [row for row in rows.values() if row.get("clean") and "swapped" in row]
    return [row | {"drop": 1 - row["swapped"] / row["clean"]} for row in both]


def _largest_drop(rows: Sequence[dict]) -> list[str]:
    """Where swapping costs most; nothing of a model alone, or where no number falls as it is printed."""
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
    """In words: loses 10 % of its MAP@R on A and 20 % on B, and gains 4 % on C; of one row with its MAP@R."""
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
    """(baseline's row, variant's row) of every family that has both."""
    old = {pick(row, FAMILY_AXES): row for row in rows if row["variant"] == baseline}
    new = [row for row in rows if row["variant"] == variant]
    return [(old[pick(row, FAMILY_AXES)], row) for row in new if pick(row, FAMILY_AXES) in old]


def _of(count: int, rows: Sequence[dict], total: int) -> str:
    """In words: 14 of 15 pairs (dataset × loss), and × backbone where there are several."""
    axes = [axis for axis in FAMILY_AXES if axis != "backbone" or len(unique(rows, axis)) > 1]
    return f"{count} of {total} {'pair' if total == 1 else 'pairs'} ({' × '.join(axes)})"


def _run(run: dict) -> str:
    """A run in words: 'Cars196: ArcFace, Base, ResNet-50, seed 0', 'Cars196: ResNet-50 (as it comes)'."""
    name = f"{human(run['dataset'])}: {model_name(run['loss'], run['backbone'])}"
    if run["loss"] == FROZEN:
        return name
    return f"{name}, {human(run['variant'])}, {human(run['backbone'])}, seed {run['seed']}"


def _percent(share: float) -> float:
    return round(100 * float(share), 1)


def _wins(pairs: Sequence[tuple[float, float]]) -> int:
    """How often the second is higher as the tables print both: what reads as a tie there is no win here."""
    return sum(round(new, 2) > round(old, 2) for old, new in pairs)


def _signed(value: float) -> str:
    return f"{value:+z.1f}".replace("-", "−")

"""What limits the numbers: collapsed models, masks, copies, few queries or backgrounds, short training."""

from collections.abc import Mapping, Sequence

from bgbias.axes import FROZEN, trained
from bgbias.results.names import enumeration, human, model_name
from bgbias.results.table_formats import number
from bgbias.retrieval.collapse import COLLAPSED

FEW_QUERIES = 50  # with fewer, a single query is worth more than two points of Precision@1
FEW_BACKGROUNDS = 20  # with fewer, more than one pair of images in twenty shares a background by chance


def collapse_caveats(rows: Sequence[dict]) -> list[str]:
    """Models that map all clean test images to similar embeddings, from the rows of retrieval.csv."""
    clean = [row for row in rows if row["protocol"] == "clean"]
    collapsed = [row for row in clean if float(row["mean_similarity"]) > COLLAPSED]
    if not collapsed:
        return []
    names = "; ".join(map(_run, collapsed[:3])) + ("; …" if len(collapsed) > 3 else "")
    remedy = " A smaller training.learning_rate may help." if trained(collapsed) else ""
    of_all = f"{len(collapsed)} of {len(clean)} {'model' if len(clean) == 1 else 'models'}"
    return [
        f"{of_all} {'has' if len(collapsed) == 1 else 'have'} collapsed "
        f"(the embeddings' mean similarity is above {number(COLLAPSED)}), so their numbers mean little: "
        f"{names}.{remedy}"
    ]


def training_caveats(runs: Sequence[dict]) -> list[str]:
    """Whether most training runs ended while still improving, from the contents of their run.yaml."""
    runs = trained(runs)
    rising = [run for run in runs if run["best_epoch"] == run["epochs"]]
    if 2 * len(rising) <= len(runs):
        return []
    return [
        f"{len(rising)} of {len(runs)} {'model was' if len(runs) == 1 else 'models were'} best at the last "
        "epoch: longer training (training.max_epochs) may improve on them."
    ]


def mask_caveats(rows: Sequence[dict]) -> list[str]:
    """How well the masks agree with hand labels (worst and best dataset), and how many are empty."""
    return [*_agreement_of_masks(rows), *_unlabelled(rows), *_empty_masks(rows)]


def _agreement_of_masks(rows: Sequence[dict]) -> list[str]:
    rows = [row for row in rows if row["iou_mean"]]
    if not rows:
        return []
    ranked = sorted(rows, key=lambda row: float(row["iou_mean"]))
    ends = [f"{number(float(row['iou_mean']))} ({human(row['dataset'])})" for row in (ranked[0], ranked[-1])]
    if len(rows) == 1:
        return [f"Compared with hand labels, the masks have a mean IoU of {ends[0]}."]
    return [f"Compared with hand labels, the masks have a mean IoU between {ends[0]} and {ends[1]}."]


def _unlabelled(rows: Sequence[dict]) -> list[str]:
    names = [human(row["dataset"]) for row in rows if not row["iou_mean"]]
    if not names:
        return []
    return [f"Without hand labels, the masks of {enumeration(names)} are unchecked: see the mask examples."]


def _empty_masks(rows: Sequence[dict]) -> list[str]:
    rows = [row for row in rows if int(row["empty"])]
    if not rows:
        return []
    counts = [f"{int(row['empty']):,} of {int(row['masks']):,} on {human(row['dataset'])}" for row in rows]
    return [
        f"Masks that are empty or failed: {enumeration(counts)}. With an empty mask, the swap removes "
        "the object too. The dataset’s masks.csv lists them."
    ]


def data_caveats(data: Mapping[str, dict], backgrounds: Sequence[dict]) -> list[str]:
    """What is wrong with the images: exact copies, images left out, few or small test backgrounds.

    ``data``: for each dataset, what :func:`bgbias.datasets.contents.contents` returns; ``backgrounds``: the
    rows of the test backgrounds' layout.
    """
    return [
        *_copies(data),
        *_left_out(data),
        *_few_backgrounds(len(backgrounds)),
        *_small_backgrounds(backgrounds),
    ]


def _copies(data: Mapping[str, dict]) -> list[str]:
    meanings = {
        "own_class": "in their class: {}. A copy is found no matter what a model looks at, so clean "
        "retrieval and the cost of the swap are both overestimated.",
        "other_class": "in another class: {}. No model can tell these images apart: one of the two labels "
        "may be wrong.",
        "training": "among the training or validation images: {}. An image seen in training does not test "
        "a model.",
    }
    sentences = []
    for kind, meaning in meanings.items():
        counts = [
            f"{len(pairs):,} of {found['images']['test']:,} on {human(dataset)} "
            f"(first pair: {' and '.join(pairs[0])})"
            for dataset, found in data.items()
            if (pairs := found["copies"][kind])
        ]
        if counts:
            sentences.append(f"Test images with an exact copy {meaning.format(enumeration(counts))}")
    return sentences


def _left_out(data: Mapping[str, dict]) -> list[str]:
    counts = [
        f"{left_out:,} of {sum(found['images'].values()) + left_out:,} on {human(dataset)}"
        for dataset, found in data.items()
        if (left_out := found["left_out"])
    ]
    if not counts:
        return []
    return [
        f"Images left out: {enumeration(counts)}. The dataset’s problems.csv says why; an image not listed "
        "there has no mask."
    ]


def _small_backgrounds(backgrounds: Sequence[dict]) -> list[str]:
    enlarged = sum(row.get("enlarged") == "1" for row in backgrounds)
    if not enlarged:
        return []
    return [
        "Test backgrounds smaller than the packed images (pixels.short_side), and therefore blurred: "
        f"{enlarged:,} of {len(backgrounds):,}. "
        "Use larger ones: a sharp object in front of them looks pasted."
    ]


def _few_backgrounds(count: int) -> list[str]:
    if count >= FEW_BACKGROUNDS:
        return []
    if count == 1:
        return ["There is only one test background, shared by all swapped images: use at least a few dozen."]
    return [
        f"With only {count} test backgrounds, one pair of swapped images in {count} shares one by chance: "
        "use at least a few dozen."
    ]


def query_caveats(queries: Mapping[str, int]) -> list[str]:
    """Datasets with too few ``queries`` for stable numbers."""
    return [
        f"{human(dataset)} has only {count} queries: a single one changes Precision@1 by "
        f"{round(100 / count, 1)} points."
        for dataset, count in queries.items()
        if count < FEW_QUERIES
    ]


def _run(run: dict) -> str:
    """A run's name: 'Cars196: ArcFace, Base, ResNet-50, seed 0', 'Cars196: ResNet-50 (as is)'."""
    name = f"{human(run['dataset'])}: {model_name(run['loss'], run['backbone'])}"
    if run["loss"] == FROZEN:
        return name
    return f"{name}, {human(run['variant'])}, {human(run['backbone'])}, seed {run['seed']}"

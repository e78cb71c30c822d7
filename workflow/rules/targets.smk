"""The files of each target, from the raw data onwards.

Snakemake deletes the outputs of a failed job, but does not miss them as long as files made from them earlier still
exist: the next command would succeed with old numbers under new settings. So a target lists everything that it is made
from, not only its final files.
"""


def files_of_masks():
    """Everything from the raw data of all datasets to their masks."""
    raw = [raw_index(SimpleNamespace(dataset=dataset)) for dataset in DATASETS]
    fetched = [f"data/{dataset}/archives.csv" for dataset in DATASETS if f"data/{dataset}/extracted.csv" in raw]
    shards = expand("data/{dataset}/mask_shards/{shard}.csv", dataset=DATASETS, shard=range(config["masker"]["shards"]))
    ends = expand("data/{dataset}/{end}", dataset=DATASETS, end=("index.csv", "masks.csv"))
    return [*fetched, *(str(path) for path in raw if path), *shards, *ends]


def files_of_mask_quality():
    return [
        *files_of_masks(),
        *expand("data/{dataset}/mask_quality.csv", dataset=DATASETS),
        *expand(f"{RESULTS}/masks_accepted/{{dataset}}", dataset=DATASETS),
    ]


def files_of_training():
    """The models and everything that they are made from."""
    packed = {path for run in axes.trained(RUNS) for path in training_backgrounds(SimpleNamespace(**run)).values()}
    packed |= set(packed_backgrounds("test").values())
    names = sorted({Path(path).parent.name for path in packed})
    roles = [SimpleNamespace(set=config["background_set"], role=name) for name in names]
    weights = {published_weights(SimpleNamespace(**run)) or "" for run in RUNS} - {""}
    return [
        *files_of_mask_quality(),
        *expand("data/{dataset}/pixels/{file}", dataset=DATASETS, file=("layout.csv", "rgba.bin")),
        *filter(None, map(photos_of_backgrounds, roles)),
        *sorted(packed),
        *sorted(weights),
        *of_runs(f"{RUN}/model.safetensors"),
    ]


def files_of_evaluation():
    return [
        *files_of_training(),
        *of_runs(f"{RUN}/embeddings.npz"),
        *of_runs(f"{RUN}/retrieval.csv"),
        *of_runs(f"{RUN}/retrieval_images.csv"),
        f"{RESULTS}/runs_verified",
        f"{RESULTS}/retrieval.csv",
    ]


def files_of_attribution():
    scores = [*of_runs(f"{RUN}/attention.csv"), f"{RESULTS}/attention.csv"] if METHOD else []
    return [*files_of_training(), f"{RESULTS}/runs_verified", *scores]


def matches_of_shown_runs():
    """What the retrieval galleries show."""
    shown = [shown_runs(SimpleNamespace(dataset=dataset)) for dataset in DATASETS]
    return [path for runs in shown for path in of_runs(f"{RUN}/matches.csv", runs)]


def files_of_results():
    """Everything that tables, figures and the report are made from."""
    return sorted({*files_of_evaluation(), *files_of_attribution(), f"{RESULTS}/mask_quality.csv"})

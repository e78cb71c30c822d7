"""The configuration, checked, and what all rules share."""

import csv
import os
import re
import sys
import time
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.utils import update_config

sys.path.insert(0, os.path.abspath("workflow/scripts"))

# On the path now, and none of them imports more than numpy and yaml.
from bgbias import axes, failures, files, hashes, listings, orphans
from bgbias.configuration import checks, keywords, protocol, repeated_keys, study
from bgbias.downloads.sources import archive_identities, load_sources
from bgbias.errors import StudyError
from bgbias.gpu_claims import count_gpus
from bgbias.hashes import hash_every_script, hash_script
from bgbias.models import pretrained
from bgbias.preflight import check_files
from bgbias.training import checkpoints

STARTED = time.time()
update_config(config, study.typed(workflow.config_settings.config))
DOWNLOADS_FILE = "resources/sources.yaml"
try:
    for path in workflow.configfiles:
        repeated_keys.check_repeated_keys(path)
    DOWNLOADS = load_sources(DOWNLOADS_FILE)
    checks.check(config, yaml.safe_load(Path("workflow/schemas/config.schema.yaml").read_text(encoding="utf-8")))
    config.update(protocol.settled(config))
    if workflow.is_main_process:
        check_files(config, [name for name in config["datasets"] if os.path.isfile(f"data/{name}/masks.csv")])
    BACKBONES = {
        name: pretrained.with_weights(study.backbone_settings(config, name), DOWNLOADS["weights"])
        for name in config["backbones"]
    }
except StudyError as error:
    raise WorkflowError(str(error)) from None

RUNS = study.runs(config)
DATASETS = config["grid"]["dataset"]
RESULTS = f"results/{config['study']}"
if study.accepted_masks(RESULTS) and not any(Path(".snakemake/metadata").glob("*")):
    logger.warning(
        f"There is no .snakemake/metadata here, so that nobody can tell what has changed since {RESULTS} was made. "
        "What is there is taken as it is; to be sure of it, run with --forceall."
    )
RUN = f"{RESULTS}/{{dataset}}/{{backbone}}/{{loss}}/{{variant}}/seed{{seed}}"
RUN_NAME = "{dataset}.{backbone}.{loss}.{variant}.seed{seed}"  # the same identity, for logs and benchmarks
BACKGROUNDS = f"data/backgrounds/{config['background_set']}"
# The keys of `transform` that evaluation uses.
EVALUATION_VIEW = {key: config["transform"][key] for key in ("eval_size", "scale", "ratio", "flip")}
# On this machine Snakemake is told how many GPUs there are; to a cluster each job says that it needs one, or a profile.
GPUS = count_gpus() if workflow.local_exec else 0
GPU = 1 if config["device"] == "cuda" or (config["device"] == "auto" and GPUS) else 0
if workflow.is_main_process and GPUS and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", GPUS)
# The attribution method of panels, printed tables and sentences; attention.csv has them all.
METHOD = "study" if "study" in config["attribution"]["methods"] else config["attribution"]["methods"][0]
TABLES = ("retrieval", "attention", "mask_quality")
# Of these, measured values are printed beside the published ones.
COMPARED_DATASETS = study.published_datasets(config)
COMPARED = study.published_tables(config)


def any_of(names):
    """A wildcard constraint that admits just these names, or nothing at all when there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def datasets_from(*sources):
    """The configured datasets that come from one of these sources."""
    return [name for name, settings in config["datasets"].items() if settings["source"] in sources]


def background_sets_from(source):
    return [name for name, settings in config["backgrounds"].items() if settings["source"] == source]


ARCHIVED_DATASETS = datasets_from(*(name for name, entry in DOWNLOADS.items() if "layouts" in entry))


def of_runs(pattern, **fixed):
    """``pattern`` filled in for every run whose axes have the values in ``fixed``."""
    return [pattern.format(**run) for run in RUNS if all(run[axis] == value for axis, value in fixed.items())]


def figure(name, category):
    """The files of a figure; the PNG is in Snakemake's report too, with the caption of this name."""
    path, caption = f"{RESULTS}/figures/{name}", name.removesuffix("_{dataset}")
    return {"png": report(f"{path}.png", caption=f"../report/{caption}.rst", category=category), "pdf": f"{path}.pdf"}


def table(name, caption):
    """The files of a table; Snakemake's report has the one for people."""
    path = f"{RESULTS}/tables/{name}"
    shown = report(f"{path}.md", caption=f"../report/{caption}.rst", category="Tables")
    return {"tex": f"{path}.tex", "csv": f"{path}.csv", "md": shown}


def growing(amount, per_input_mb=0):
    """Megabytes or minutes that double with every retry, and ``per_input_mb`` for each MB of the job's inputs."""

    def resource(wildcards, input, attempt):
        inputs = input.size_mb if per_input_mb else 0  # unknown while they do not exist, so ask only where needed
        return int(amount * 2 ** (attempt - 1) + per_input_mb * inputs)

    return resource


@cache
def validation_images(layout, date):
    """In the layout of this date: while Snakemake runs, another one may be made."""
    with open(layout, newline="", encoding="utf-8") as lines:
        return sum(row["split"] == "val" for row in csv.DictReader(lines))


def training_minutes(wildcards, input):
    """The time limit of a training from its number of images; unknown until these are packed.

    It does not grow: a training goes on from its checkpoint, and a limit beyond the partition's waits for ever.
    """
    settings = config["training"]
    trained = settings["iterations_per_epoch"] * settings["batch_size"]
    validated = validation_images(input.layout, os.path.getmtime(input.layout))
    # ASSUME: the slowest device in use trains 100 images a second and embeds 300; an hour for start and a busy disk.
    seconds = settings["max_epochs"] * (trained / 100 + validated / 300)
    return 60 + int(seconds / 60)


def made_since(moment, path):
    return os.path.isfile(path) and os.path.getmtime(path) >= moment


def remove_leftovers():
    """Take away what nobody reads any more: half-written files of jobs that were killed, checkpoints of trained models.

    A checkpoint outlives its training, for Snakemake deletes a model whose job is called failed after its last line.
    """
    for folder in ("data", RESULTS):
        files.sweep(folder)
    for run in RUNS:
        if os.path.isfile(f"{RUN}/model.safetensors".format(**run)):
            checkpoints.remove_checkpoint(f"{RUN}/checkpoint".format(**run))


wildcard_constraints:
    dataset=any_of(config["datasets"]),
    backbone=any_of(config["backbones"]),
    loss=any_of([*config["losses"], axes.FROZEN]),
    variant=any_of(config["variants"]),
    set=any_of(config["backgrounds"]),
    model=any_of(settings["model"] for settings in BACKBONES.values()),
    seed=r"\d+",
    shard=r"\d+",
    role="(train|validation)(_half)?|test",

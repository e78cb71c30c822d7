"""The validated configuration, and what all rules share."""

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

# Importable from here on; none of these modules imports more than numpy and yaml.
from bgbias import axes, failures, files, hashes, listings, orphans
from bgbias.configuration import checks, keywords, presets, repeated_keys, study
from bgbias.downloads.sources import archive_identities, load_sources
from bgbias.errors import StudyError
from bgbias.gpu_claims import count_gpus
from bgbias.hashes import hash_every_script, hash_script
from bgbias.models import pretrained
from bgbias.preflight import check_files
from bgbias.runs import check_settings

STARTED = time.time()
update_config(config, study.typed(workflow.config_settings.config))
DOWNLOADS_FILE = "resources/sources.yaml"
try:
    for path in workflow.configfiles:
        repeated_keys.check_repeated_keys(path)
    DOWNLOADS = load_sources(DOWNLOADS_FILE)
    checks.check(config, yaml.safe_load(Path("workflow/schemas/config.schema.yaml").read_text(encoding="utf-8")))
    config.update(presets.settled(study.plain_numbers(config)))
    if workflow.is_main_process:
        check_files(config)
    BACKBONES = {
        name: pretrained.with_weights(study.backbone_settings(config, name), DOWNLOADS["weights"])
        for name in config["backbones"]
    }
except StudyError as error:
    raise WorkflowError(str(error)) from None

RUNS = study.runs(config)
DATASETS = config["grid"]["dataset"]
RESULTS = f"results/{config['study']}"
RUN_NAME = "{dataset}/{backbone}/{loss}/{variant}/seed{seed}"
RUN = f"{RESULTS}/{RUN_NAME}"
PIXELS = {"layout": "data/{dataset}/pixels/layout.csv", "rgba": "data/{dataset}/pixels/rgba.bin"}
BACKGROUNDS = f"data/backgrounds/{config['background_set']}"
# The keys of `transform` that evaluation uses.
EVALUATION_VIEW = {key: config["transform"][key] for key in ("eval_size", "scale", "ratio", "flip")}
# Locally, Snakemake is told the number of GPUs; on a cluster each job, or a profile, requests one.
GPUS = count_gpus() if workflow.local_exec else 0
GPU = 1 if config["device"] == "cuda" or (config["device"] == "auto" and GPUS) else 0
if workflow.is_main_process and GPUS and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", GPUS)
METHOD = study.shown_method(config)
TABLES = ("retrieval", *(["attention"] if METHOD else []), "mask_quality")
# For these, measured values are printed next to the published ones.
COMPARED_DATASETS = study.published_datasets(config)
COMPARED = study.published_tables(config)


def any_of(names):
    """A wildcard constraint that matches exactly these names, or nothing if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def datasets_from(*sources):
    """The configured datasets that come from one of these sources."""
    return [name for name, settings in config["datasets"].items() if settings["source"] in sources]


def background_sets_from(source):
    return [name for name, settings in config["backgrounds"].items() if settings["source"] == source]


ARCHIVED_DATASETS = datasets_from(*(name for name, entry in DOWNLOADS.items() if "layouts" in entry))


def of_runs(pattern, runs=RUNS):
    """``pattern`` filled in for each of ``runs``."""
    return [pattern.format(**run) for run in runs]


def figure(name, category):
    """The files of a figure; the PNG is also in Snakemake's report, with the caption of the same name."""
    path, caption = f"{RESULTS}/figures/{name}", name.removesuffix("_{dataset}")
    return {"png": report(f"{path}.png", caption=f"../report/{caption}.rst", category=category), "pdf": f"{path}.pdf"}


def table(name, caption):
    """The files of a table; Snakemake's report includes the Markdown version."""
    path = f"{RESULTS}/tables/{name}"
    shown = report(f"{path}.md", caption=f"../report/{caption}.rst", category="Tables")
    return {"tex": f"{path}.tex", "csv": f"{path}.csv", "md": shown}


def growing(amount, per_input_mb=0):
    """Megabytes or minutes that double with every retry, plus ``per_input_mb`` for each MB of the job's inputs."""

    def resource(wildcards, input, attempt):
        inputs = input.size_mb if per_input_mb else 0  # unknown until they exist, so ask only if needed
        return int(amount * 2 ** (attempt - 1) + per_input_mb * inputs)

    return resource


@cache
def validation_images(layout, date):
    """Cached by the layout's ``date``, because it may be rebuilt while Snakemake runs."""
    with open(layout, newline="", encoding="utf-8") as lines:
        return sum(row["split"] == "val" for row in csv.DictReader(lines))


def training_minutes(wildcards, input):
    """The time limit of a training, from its number of images; unknown until these are packed.

    It does not grow with retries: training resumes from its checkpoint, and a job with a longer time limit than the
    partition's would be pending forever.
    """
    settings = config["training"]
    trained = settings["iterations_per_epoch"] * settings["batch_size"]
    validated = validation_images(input.layout, os.path.getmtime(input.layout))
    # ASSUME: the slowest device in use trains on 100 images/s and embeds 300/s; one hour for start-up and a busy disk.
    seconds = settings["max_epochs"] * (trained / 100 + validated / 300)
    return 60 + int(seconds / 60)


def check_gpu():
    """Refuse to start jobs that cannot find their GPU: Snakemake deletes what they made earlier before they fail."""
    if workflow.local_exec and not GPUS and not workflow.touch:
        waiting = [job for job in workflow.dag.needrun_jobs() if job.resources.get("gpu")]
        if waiting:
            raise WorkflowError(
                f"{len(waiting)} jobs, such as {waiting[0].rule.name}, request a GPU, but there is none here. Set "
                "device: cpu (and evaluation.search_device: cpu) in your configuration file, which trains finished "
                "models again; on the command line it would have to be repeated in every call."
            )


def check_touched():
    """With --touch, refuse models of other settings: they would be published as if made with these."""
    if not workflow.touch:
        return
    runs = zip(of_runs(f"{RUN}/run.yaml"), settings_of_runs(), strict=True)
    there = {path: settings for path, settings in runs if os.path.isfile(path)}
    try:
        check_settings(there.keys(), there.values())
    except StudyError as error:
        raise WorkflowError(str(error)) from None


def made_since(moment, path):
    return os.path.isfile(path) and os.path.getmtime(path) >= moment


def remove_leftovers():
    """Remove partial files of killed jobs."""
    for folder in ("data", RESULTS):
        files.sweep(folder)


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

"""Functions and constants that the rules share; the rules themselves are in the other files."""

import os
import re
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

WORKFLOW = Path(os.path.relpath(workflow.basedir)) / "workflow"
sys.path.insert(0, str((WORKFLOW / "scripts").resolve()))

from bgbias import files, listings, pretrained, protocol, study, study_checks  # noqa: E402 - found through the line above
from bgbias.errors import StudyError  # noqa: E402
from bgbias.hashes import hash_every_script, hash_script  # noqa: E402
from bgbias.sources import load_sources  # noqa: E402

if not Path("config/config.yaml").is_file():
    raise WorkflowError("There is no config/config.yaml here. Call snakemake in the project's folder.")
update_config(config, study.typed(workflow.config_settings.config))
SOURCES_FILE = str(WORKFLOW.parent / "resources" / "sources.yaml")
try:
    SOURCES = load_sources(SOURCES_FILE)
    study_checks.check(config, yaml.safe_load((WORKFLOW / "schemas" / "config.schema.yaml").read_text()))
    config.update(protocol.settled(config))
    BACKBONES = {
        name: pretrained.with_weights(study.backbone_settings(config, name), SOURCES["weights"])
        for name in config["backbones"]
    }
except StudyError as error:
    raise WorkflowError(str(error)) from None

RUNS = study.runs(config)
DATASETS = config["grid"]["dataset"]
RESULTS = f"results/{config['study']}"
RUN = f"{RESULTS}/{{dataset}}/{{backbone}}/{{loss}}/{{variant}}/seed{{seed}}"
RUN_NAME = "{dataset}.{backbone}.{loss}.{variant}.seed{seed}"  # the same identity, for logs and benchmarks
BACKGROUNDS = f"data/backgrounds/{config['background_set']}"
# The keys of `transform` that evaluation uses.
EVALUATION_VIEW = {key: config["transform"][key] for key in ("eval_size", "scale", "ratio", "flip")}
GPU = 1 if config["device"] == "cuda" else 0
TABLES = ("retrieval", "attention", "mask_quality")
# Of these, measured values are printed beside the published ones.
PUBLISHED_DATASETS = study.published_datasets(config)
COMPARED = TABLES if PUBLISHED_DATASETS else ()


def any_of(names):
    """A wildcard constraint that admits just these names, or nothing at all when there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def datasets_from(*sources):
    """The configured datasets that come from one of these sources."""
    return [name for name, settings in config["datasets"].items() if settings["source"] in sources]


def background_sets_from(source):
    return [name for name, settings in config["backgrounds"].items() if settings["source"] == source]


ARCHIVED_DATASETS = datasets_from(*(name for name, entry in SOURCES.items() if "layouts" in entry))


def demo_world_settings(wildcards):
    """What draws a generated dataset: its entry without the name of the source."""
    return {key: value for key, value in config["datasets"][wildcards.dataset].items() if key != "source"}


def background_settings(wildcards):
    return {key: value for key, value in config["backgrounds"][wildcards.set].items() if key != "source"}


def background_folder(wildcards):
    """Where the photographs of a role lie: the user's folder, the fetched one, or the one that is drawn."""
    settings, role = config["backgrounds"][wildcards.set], wildcards.role.removesuffix("_half")
    photos = f"data/backgrounds/{wildcards.set}/photos"
    if settings["source"] == "study":
        return f"{photos}/test" if role == "test" else f"{photos}/val"
    return settings.get(role, f"{photos}/{role}")


def background_half(wildcards):
    """Which of every two photographs a role has, where training and validation share a folder."""
    return {"train_half": 0, "validation_half": 1}.get(wildcards.role)


def photos_of_backgrounds(wildcards):
    """What must be there before a role is packed; a user's folder is no input, no rule makes it."""
    source = config["backgrounds"][wildcards.set]["source"]
    made = {"demo_world": background_folder(wildcards), "study": f"data/backgrounds/{wildcards.set}/fetched.csv"}
    return made.get(source, [])


def archive_folder(wildcards):
    """Where a dataset's archives lie; a folder, for Snakemake would delete the half-fetched file of a failed job."""
    return f"data/{wildcards.dataset}/archives"


@cache
def listing(folder):
    """Which images are in a folder of the user's: when some come, go or change, what is made of them is made again."""
    try:
        return listings.fingerprint(folder)
    except (OSError, StudyError):
        return None  # the job that reads them says what is wrong


def listed_images(wildcards):
    """Of a dataset of folders. An index is a file, whose date is looked at, and its root may be a whole disk."""
    settings = config["datasets"][wildcards.dataset]
    return listing(settings["root"]) if settings["source"] == "folders" else None


def listed_masks(wildcards):
    ready = config["datasets"][wildcards.dataset].get("masks")
    return listing(ready) if ready else None


def listed_backgrounds(wildcards):
    return listing(background_folder(wildcards)) if wildcards.set in background_sets_from("folders") else None


def mask_folder(wildcards):
    """The tree of a dataset's masks; its files are no outputs, the tables that list them are."""
    return f"data/{wildcards.dataset}/masks"


def image_root(wildcards):
    """The folder that the paths in a dataset's index are relative to."""
    return config["datasets"][wildcards.dataset].get("root", f"data/{wildcards.dataset}/raw")


def hand_labels(wildcards):
    """The folder of the hand labels that attention is scored against, where the study wants them."""
    return image_root(wildcards) if config["attribution"]["masks"] == "hand_labels" else None


def dataset_settings(wildcards):
    """What the index of a dataset depends on: its entry without what only later stages need."""
    settings = config["datasets"][wildcards.dataset]
    if settings["source"] == "demo_world":
        return {"source": "index"}
    return {key: value for key, value in settings.items() if key not in ("masks", "root", "gallery_draws")}


def raw_index(wildcards):
    """The file whose change must make a new index, where there is one."""
    settings = config["datasets"][wildcards.dataset]
    if settings["source"] == "demo_world":
        return f"data/{wildcards.dataset}/raw/index.csv"
    if wildcards.dataset in ARCHIVED_DATASETS and "root" not in settings:
        return f"data/{wildcards.dataset}/extracted.csv"
    return study.index_file(settings) if settings["source"] == "index" else []


def gallery_draws(wildcards):
    """How many galleries of one random image a class retrieval is averaged over; None: the index says."""
    settings = config["datasets"][wildcards.dataset]
    return settings.get("gallery_draws", 10 if settings["source"] == "vehicleid" else None)


def published_source(wildcards):
    """The archives of a published dataset, as resources/sources.yaml lists them."""
    return SOURCES[config["datasets"][wildcards.dataset]["source"]]


def masker(wildcards):
    return study.masker_settings(config, wildcards.dataset)


def masker_weights(wildcards):
    """The ONNX file of the masker, when it is a file of the user's or the project's."""
    return masker(wildcards).get("weights") or []


def pixels(wildcards):
    folder = f"data/{wildcards.dataset}/pixels"
    return {"layout": f"{folder}/layout.csv", "rgba": f"{folder}/rgba.bin"}


def packed_backgrounds(role, name="backgrounds"):
    """The packed backgrounds of a role, as two inputs."""
    return {name: f"{BACKGROUNDS}/{role}/layout.csv", f"{name}_rgba": f"{BACKGROUNDS}/{role}/rgba.bin"}


def training_backgrounds(wildcards):
    """The backgrounds that this variant's training and validation look at; base needs none of them."""
    if wildcards.loss == study.FROZEN:
        return {}
    variant = config["variants"][wildcards.variant]
    needed = {}
    if variant["probability"] > 0:
        needed |= packed_backgrounds(protocol.background_role(config, "train"), "train_backgrounds")
    if variant["selection"] == "swapped":
        needed |= packed_backgrounds(protocol.background_role(config, "validation"), "validation_backgrounds")
    return needed


def run_identity(wildcards):
    """The values of the run's axes, as columns of its tables."""
    identity = {axis: getattr(wildcards, axis) for axis in study.AXES}
    return identity | {"seed": int(wildcards.seed)}


def training_settings(wildcards):
    """Everything that the training of this run depends on, and nothing else: a change elsewhere reruns nothing."""
    settings = {
        "backbone": BACKBONES[wildcards.backbone],
        "loss": study.loss_settings(config, wildcards.loss, wildcards.dataset),
    }
    if wildcards.loss == study.FROZEN:
        return settings
    return settings | {
        "embedding_size": config["embedding_size"],
        "variant": config["variants"][wildcards.variant],
        "transform": config["transform"],
        "training": config["training"],
    }


def settings_of_runs():
    """What :func:`training_settings` gives for each run, in the order of ``RUNS``."""
    return [training_settings(SimpleNamespace(**run)) for run in RUNS]


def backbone_weights(wildcards):
    """The backbone's weights: nothing, the user's file, or the receipt of the published ones."""
    if config["backbones"][wildcards.backbone].get("weights") == pretrained.IMAGENET:
        return f"{pretrained.FOLDER}/{BACKBONES[wildcards.backbone]['model']}.csv"
    return BACKBONES[wildcards.backbone].get("weights") or []


def shown_runs(dataset):
    """The runs that the figures of single images show: one loss, backbone and seed, every variant."""
    grid, loss = config["grid"], config["publish"]["loss"]
    if not grid["loss"]:
        fixed = {"backbone": config["frozen"][0], "loss": study.FROZEN}
    else:
        loss = loss if loss in grid["loss"] else grid["loss"][0]
        fixed = {"backbone": grid["backbone"][0], "loss": loss, "seed": grid["seed"][0]}
    return [run for run in RUNS if run["dataset"] == dataset and fixed.items() <= run.items()]


def files_of_shown_runs(name):
    """An input function: one file of each shown run of the dataset."""

    def files(wildcards):
        return [f"{RUN}/{name}".format(**run) for run in shown_runs(wildcards.dataset)]

    return files


def of_runs(pattern, **fixed):
    """``pattern`` filled in for every run whose axes have the values in ``fixed``."""
    return [pattern.format(**run) for run in RUNS if all(run[axis] == value for axis, value in fixed.items())]


def growing(amount, per_input_mb=0):
    """Megabytes or minutes that double with every retry; ``per_input_mb`` more for each MB of the job's inputs."""

    def resource(wildcards, input, attempt):
        inputs = input.size_mb if per_input_mb else 0  # unknown while they do not exist, so ask only where needed
        return int((amount + per_input_mb * inputs) * 2 ** (attempt - 1))

    return resource


def training_minutes():
    """The time limit of a training from its number of images.

    It does not grow: a training goes on from its checkpoint, and a limit beyond the partition's waits for ever.
    """
    settings = config["training"]
    images = settings["max_epochs"] * settings["iterations_per_epoch"] * settings["batch_size"]
    # ASSUME: the slowest device in use trains 100 images a second; an hour for start, validation and a busy disk.
    return 60 + images // (100 * 60)


def remove_leftovers():
    """Take away the half-written files of jobs that were killed; nobody ever read them."""
    for folder in ("data", RESULTS):
        files.sweep(folder)


def reasons(snakemake_logs):
    """What the failed jobs of this call said, for the end of the screen: there it is read."""
    text = "".join(Path(log).read_text(errors="replace") for log in snakemake_logs)
    finished = re.findall(r"^Finished jobid: (\d+)", text, flags=re.M)  # some of them at a second attempt
    failed = re.findall(r"^    jobid: (\d+)\n(?:    .*\n)*?    log: (.+) \(check log", text, flags=re.M)
    said = {last_words(log): log for job, log in reversed(failed) if job not in finished}  # each reason once
    lines = [f"{words}\n  (the whole log: {log})" for words, log in reversed(said.items())]
    return "\n".join(["", "The study is not finished. Why:", *lines, ""]) if lines else ""


def last_words(log):
    said = Path(log).read_text(errors="replace") if Path(log).is_file() else ""
    silent = "A job left no reason in its log: it was killed (memory? time limit?), or its disk is full."
    return said.rpartition("ERROR: ")[2].strip() if "ERROR: " in said else silent


def published_beside_measured(wildcards):
    """What the report shows of the published study, where the grid has a part of it."""
    if not COMPARED:
        return {}
    tables = {f"published_{kind}": f"{RESULTS}/tables/published_{kind}.csv" for kind in COMPARED}
    return {**tables, "published_scatter": f"{RESULTS}/figures/published_scatter.png"}


wildcard_constraints:
    dataset=any_of(config["datasets"]),
    backbone=any_of(config["backbones"]),
    loss=any_of([*config["losses"], study.FROZEN]),
    variant=any_of(config["variants"]),
    set=any_of(config["backgrounds"]),
    model=any_of(settings["model"] for settings in BACKBONES.values()),
    seed=r"\d+",
    shard=r"\d+",
    role="(train|validation)(_half)?|test",

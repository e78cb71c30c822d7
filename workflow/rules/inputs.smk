"""Input functions and parameters of jobs: functions of the wildcards that return only what a job depends on."""


def in_order(settings, without=()):
    """``settings`` with sorted keys: Snakemake compares parameters as text, and reordering keys changes nothing."""
    if not isinstance(settings, dict):
        return settings
    return {key: in_order(settings[key]) for key in sorted(settings.keys() - set(without))}


def demo_world_settings(wildcards):
    """The settings of a generated dataset: its entry without the name of the source."""
    return in_order(config["datasets"][wildcards.dataset], without=["source"])


def background_settings(wildcards):
    return in_order(config["backgrounds"][wildcards.set], without=["source"])


def background_folder(wildcards):
    """The folder with the photographs of a role: the user's, the downloaded one or the generated one."""
    settings, role = config["backgrounds"][wildcards.set], wildcards.role.removesuffix("_half")
    photos = f"data/backgrounds/{wildcards.set}/photos"
    if settings["source"] == "study":
        return f"{photos}/test" if role == "test" else f"{photos}/val"
    return settings.get(role, f"{photos}/{role}")


def background_half(wildcards):
    """Which of every two photographs a role gets if training and validation share a folder."""
    return {"train_half": 0, "validation_half": 1}.get(wildcards.role)


def photos_of_backgrounds(wildcards):
    """What must exist before a role is packed; a user's folder is not an input, because no rule makes it."""
    source = config["backgrounds"][wildcards.set]["source"]
    made = {"demo_world": background_folder(wildcards), "study": f"data/backgrounds/{wildcards.set}/fetched.csv"}
    return made.get(source, [])


def archive_folder(wildcards):
    """The folder of a dataset's archives; Snakemake would delete a partial download if it were an output."""
    return f"data/{wildcards.dataset}/archives"


@cache
def fingerprint_of_file(path):
    """A fingerprint of a user's file, which is no input: only its contents matter, not its date."""
    try:
        return hashes.fingerprint_file(path)
    except OSError:
        return None  # the job that reads it reports the problem


def listing(folder):
    """A fingerprint of a user's image folder: if images are added, removed or changed, what uses them is rebuilt."""
    try:
        return listings.fingerprint_once(folder)
    except (OSError, StudyError):
        return None  # the job that reads them reports the problem


def listed_images(wildcards):
    """A fingerprint of what lists a user's images: the folders or the index file, whose root may be a whole disk.

    Not its date: a replacement may be older, and a touched file is the same.
    """
    settings = config["datasets"][wildcards.dataset]
    if settings["source"] == "index":
        return fingerprint_of_file(study.index_file(settings))
    return listing(settings["root"]) if settings["source"] == "folders" else None


def listed_masks(wildcards):
    ready = config["datasets"][wildcards.dataset].get("masks")
    return listing(ready) if ready else None


def listed_backgrounds(wildcards):
    return listing(background_folder(wildcards)) if wildcards.set in background_sets_from("folders") else None


def mask_folder(wildcards):
    """The folder of a dataset's masks; its files are not outputs, but the tables that list them are."""
    return f"data/{wildcards.dataset}/masks"


def image_root(wildcards):
    """The folder that the paths in a dataset's index are relative to."""
    return config["datasets"][wildcards.dataset].get("root", f"data/{wildcards.dataset}/raw")


def hand_labels(wildcards):
    """The folder of the hand labels that attention is scored against, if the study uses them."""
    return image_root(wildcards) if config["attribution"]["masks"] == "hand_labels" else None


def dataset_settings(wildcards):
    """What the index of a dataset depends on: its entry without keys that only later stages need.

    A generated dataset has an index, and is read through it.
    """
    settings = config["datasets"][wildcards.dataset]
    if settings["source"] == "demo_world":
        return {"source": "index"}
    return in_order(settings, without=["masks", "root", "gallery_draws"])


def raw_index(wildcards):
    """The file of an earlier rule whose change must rebuild the index; a user's own is in `listed_images`."""
    settings = config["datasets"][wildcards.dataset]
    if settings["source"] == "demo_world":
        return f"data/{wildcards.dataset}/raw/index.csv"
    if wildcards.dataset in ARCHIVED_DATASETS and "root" not in settings:
        return f"data/{wildcards.dataset}/extracted.csv"
    return []


def gallery_draws(wildcards):
    """The number of galleries (one random image per class) that retrieval is averaged over; None: the index decides."""
    settings = config["datasets"][wildcards.dataset]
    return settings.get("gallery_draws", 10 if settings["source"] == "vehicleid" else None)


def source(wildcards):
    return config["datasets"][wildcards.dataset]["source"]


def published_archives(wildcards):
    """The archives of a published dataset. Their addresses do not matter: the bytes are the same."""
    return archive_identities(DOWNLOADS[source(wildcards)])


def code_of_index(wildcards):
    """Fingerprints of the script and of the one module that it reads the dataset with."""
    return [hash_script("index_dataset.py"), hash_script(f"bgbias/datasets/{dataset_settings(wildcards)['source']}.py")]


def masker(wildcards):
    return study.masker_settings(config, wildcards.dataset)


def masker_weights(wildcards):
    """A fingerprint of the masker's ONNX file, if it is a file of the user or the project."""
    given = masker(wildcards).get("weights")
    return fingerprint_of_file(given) if given else None


def packed_backgrounds(role, name="backgrounds"):
    """The packed backgrounds of a role, as two inputs."""
    return {name: f"{BACKGROUNDS}/{role}/layout.csv", f"{name}_rgba": f"{BACKGROUNDS}/{role}/rgba.bin"}


def training_backgrounds(wildcards):
    """The backgrounds that this variant's training and validation use; base uses none."""
    variant = config["variants"][wildcards.variant]
    needed = {}
    if variant["probability"] > 0:
        needed |= packed_backgrounds(presets.background_role(config, "train"), "train_backgrounds")
    if variant["selection"] == "swapped":
        needed |= packed_backgrounds(presets.background_role(config, "validation"), "validation_backgrounds")
    return needed


def run_identity(wildcards):
    """The values of the run's axes, as columns of its tables."""
    identity = {axis: getattr(wildcards, axis) for axis in axes.AXES}
    return identity | {"seed": int(wildcards.seed)}


def training_settings(wildcards):
    """Everything that the training of this run depends on, and nothing else: a change elsewhere reruns nothing."""
    settings = {
        "backbone": BACKBONES[wildcards.backbone],
        "loss": study.loss_settings(config, wildcards.loss, wildcards.dataset),
        "embedding_size": config["embedding_size"],
        "variant": config["variants"][wildcards.variant],
        "transform": config["transform"],
        "training": config["training"],
    }
    return in_order(settings)


def attribution_settings():
    """What the maps and scores depend on; only integrated gradients take steps."""
    unused = [] if "integrated_gradients" in config["attribution"]["methods"] else ["steps"]
    return in_order(config["attribution"], without=["batch_size", *unused])


def frozen_settings(wildcards):
    """The same for a backbone that is evaluated without training."""
    return in_order({"backbone": BACKBONES[wildcards.backbone], "loss": {"type": axes.FROZEN}})


def settings_of_runs():
    """What each run's model depends on, in the order of ``RUNS``."""
    runs = [SimpleNamespace(**run) for run in RUNS]
    return [frozen_settings(run) if run.loss == axes.FROZEN else training_settings(run) for run in runs]


def published_weights(wildcards):
    """The receipt of the backbone's weights, if they are the published ones."""
    wanted = config["backbones"][wildcards.backbone].get("weights") == keywords.IMAGENET
    return f"{pretrained.FOLDER}/{BACKBONES[wildcards.backbone]['model']}.csv" if wanted else []


def given_weights(wildcards):
    """A fingerprint of the backbone's weights, if they are a user's file."""
    settings = BACKBONES[wildcards.backbone]
    given = settings["model"] if settings["model"].endswith(keywords.NETWORKS) else settings["weights"]
    return fingerprint_of_file(given) if given and not published_weights(wildcards) else None


def shown_runs(wildcards):
    """The runs of a dataset that figures of single images show: one loss, backbone and seed, every variant; of a study
    without training, all models."""
    grid, loss = config["grid"], config["publish"]["loss"]
    if not grid["loss"]:
        fixed = {"loss": axes.FROZEN}
    else:
        loss = loss if loss in grid["loss"] else grid["loss"][0]
        fixed = {"backbone": grid["backbone"][0], "loss": loss, "seed": grid["seed"][0]}
    fixed["dataset"] = wildcards.dataset
    return [run for run in RUNS if fixed.items() <= run.items()]


def files_of_shown_runs(name):
    """An input function: one file of each shown run of the dataset."""
    return lambda wildcards: of_runs(f"{RUN}/{name}", shown_runs(wildcards))

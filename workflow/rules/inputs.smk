"""What a job takes, as functions of its wildcards: its input files, and parameters of just what it depends on."""


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
    """What the index of a dataset depends on: its entry without what only later stages need.

    A drawn dataset comes with an index, and is read as one.
    """
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


def source(wildcards):
    return config["datasets"][wildcards.dataset]["source"]


def published_archives(wildcards):
    """Which archives a published dataset comes in. From where is no matter: their bytes are the same."""
    return archive_identities(DOWNLOADS[source(wildcards)])


def code_of_index(wildcards):
    """The script and the one source that it reads the dataset with."""
    return [hash_script("index_dataset.py"), hash_script(f"bgbias/datasets/{dataset_settings(wildcards)['source']}.py")]


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
    variant = config["variants"][wildcards.variant]
    needed = {}
    if variant["probability"] > 0:
        needed |= packed_backgrounds(protocol.background_role(config, "train"), "train_backgrounds")
    if variant["selection"] == "swapped":
        needed |= packed_backgrounds(protocol.background_role(config, "validation"), "validation_backgrounds")
    return needed


def run_identity(wildcards):
    """The values of the run's axes, as columns of its tables."""
    identity = {axis: getattr(wildcards, axis) for axis in axes.AXES}
    return identity | {"seed": int(wildcards.seed)}


def training_settings(wildcards):
    """Everything that the training of this run depends on, and nothing else: a change elsewhere reruns nothing."""
    return {
        "backbone": BACKBONES[wildcards.backbone],
        "loss": study.loss_settings(config, wildcards.loss, wildcards.dataset),
        "embedding_size": config["embedding_size"],
        "variant": config["variants"][wildcards.variant],
        "transform": config["transform"],
        "training": config["training"],
    }


def frozen_settings(wildcards):
    """The same of a backbone that is measured as it comes."""
    return {"backbone": BACKBONES[wildcards.backbone], "loss": {"type": axes.FROZEN}}


def settings_of_runs():
    """What its model depends on, of each run in the order of ``RUNS``."""
    runs = [SimpleNamespace(**run) for run in RUNS]
    return [frozen_settings(run) if run.loss == axes.FROZEN else training_settings(run) for run in runs]


def backbone_weights(wildcards):
    """The backbone's weights: nothing, a file of the user's, or the receipt of the published ones."""
    settings = BACKBONES[wildcards.backbone]
    if config["backbones"][wildcards.backbone].get("weights") == keywords.IMAGENET:
        return f"{pretrained.FOLDER}/{settings['model']}.csv"
    if settings["model"].endswith(keywords.EXPORTED):
        return settings["model"]
    return settings["weights"] or []


@cache
def fingerprint_of_file(path):
    try:
        return hashes.fingerprint_file(path)
    except OSError:
        return None  # the job that reads it says what is wrong


def given_weights(wildcards):
    """A fingerprint of the backbone's weights if they are a user's file: one copied over it may have an older date."""
    if config["backbones"][wildcards.backbone].get("weights") == keywords.IMAGENET:
        return None
    given = backbone_weights(wildcards)
    return fingerprint_of_file(given) if given else None


def shown_runs(dataset):
    """The runs that the figures of single images show: one loss, backbone and seed, every variant; of a study that trains
    nothing all its models."""
    grid, loss = config["grid"], config["publish"]["loss"]
    if not grid["loss"]:
        fixed = {"loss": axes.FROZEN}
    else:
        loss = loss if loss in grid["loss"] else grid["loss"][0]
        fixed = {"backbone": grid["backbone"][0], "loss": loss, "seed": grid["seed"][0]}
    return [run for run in RUNS if run["dataset"] == dataset and fixed.items() <= run.items()]


def files_of_shown_runs(name):
    """An input function: one file of each shown run of the dataset."""

    def files(wildcards):
        return [f"{RUN}/{name}".format(**run) for run in shown_runs(wildcards.dataset)]

    return files

"""Without a network: every rule that fetches says what, from where and what to do; all the others run."""

import pytest
import yaml

from bgbias.files import read_rows

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9"  # nothing listens there: refused at once
OFFLINE = """
study: offline
device: cpu
grid: {dataset: [tiny_cars], loss: [triplet]}
background_set: paper
datasets:
  tiny_cars: {source: demo_world, world: cars, rho: 0.5, classes: 12, images_per_class: 2, size: 32, seed: 1}
  cars196: {source: cars196}
  cub200: {source: cub200}
  sop: {source: sop}
  inshop: {source: inshop}
  vehicleid: {source: vehicleid}
backgrounds:
  paper: {source: study, accept_terms: true}
  tiny: {source: demo_world, count: 2, size: 32, seed: 4}
backbones:
  bninception: {weights: imagenet}
"""
# What each failure must tell: the address (none where there is only the way by hand), and the remedy.
FETCHED = {
    "data/cub200/archives.csv": [NOWHERE, "Put CUB_200_2011.tgz and segmentations.tgz into data/cub200/"],
    "data/sop/archives.csv": [NOWHERE, "Put Stanford_Online_Products.zip into data/sop/archives"],
    "data/weights/bninception.csv": [NOWHERE, "put the file at data/weights/bn_inception-52deb4733.pth"],
    "data/backgrounds/paper/fetched.csv": [NOWHERE, "Put the folders val and test of the paper's repository"],
    "data/cars196/archives.csv": ["Put car_ims.tgz and cars_annos.mat into data/cars196/archives"],
    "data/inshop/archives.csv": ["Put img.zip and list_eval_partition.txt into data/inshop/archives"],
    "data/vehicleid/archives.csv": ["Put VehicleID_V1.0.zip into data/vehicleid/archives"],
}
OWN = ["data/tiny_cars/index.csv", "data/backgrounds/tiny/test/layout.csv"]


def unplugged(project):
    """Every address of the list of sources leads nowhere, as every name does without a network."""
    path = project.root / "resources/sources.yaml"
    sources = yaml.safe_load(path.read_text())
    layouts = [layout for entry in sources.values() for layout in entry.get("layouts", [])]
    archives = [archive for layout in layouts for archive in layout["archives"]]
    for entry in [*archives, *sources["weights"].values()]:
        entry["urls"] = [f"{NOWHERE}/{entry['name']}"] if entry.get("urls") else []
    sources["study_backgrounds"]["address"] = f"{NOWHERE}/{{commit}}/{{folder}}/{{name}}"
    path.write_text(yaml.safe_dump(sources))
    (project.root / "offline.yaml").write_text(OFFLINE)


def test_each_fetching_rule_fails_with_one_sentence_and_the_rest_runs(project):
    unplugged(project)
    done = project.snakemake(*FETCHED, *OWN, "--keep-going", config="offline.yaml")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout, done.stdout
    # Each once as it happens and once among the reasons at the end.
    sentences = {line for line in done.stdout.splitlines() if line.startswith("ERROR: ")}
    assert len(sentences) == len(FETCHED), done.stdout
    for target, words in FETCHED.items():
        assert not (project.root / target).exists()
        assert any(all(word in sentence for word in words) for sentence in sentences), (target, sentences)
    for target in OWN:
        assert read_rows(project.root / target)

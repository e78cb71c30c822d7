"""Every published dataset from an archive of its exact layout to the table, in one run of the workflow."""

import hashlib
import shutil

import numpy as np
import pytest
import yaml
from layouts import CONTENTS, LAYOUTS, packed
from loopback import Page, http_server
from PIL import Image

from bgbias.files import read_rows

pytestmark = pytest.mark.slow

CONFIG = "tests/config/archives.yaml"
DATASETS = {"cars_by_classes": "cars196 by classes"} | {name: name for name in LAYOUTS if " " not in name}
FETCHED = "cub200"  # the others are placed by hand


def make_archives(folder):
    """{archive's name: its path} for every layout, with pictures that show something."""
    archives = {}
    for number, (layout, (make, _)) in enumerate(LAYOUTS.items()):
        made = folder / str(number)
        made.mkdir(parents=True)
        make(made)
        pictures = [path for path in sorted(made.rglob("*")) if path.suffix.lower() == ".jpg"]
        assert len(pictures) == 32
        for seed, path in enumerate(pictures):
            coarse = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
            Image.fromarray(coarse).resize((40, 30)).save(path)
        for path in made.rglob("segmentations/*/*.png"):
            with Image.open(path) as label:
                enlarged = label.resize((40, 30))
            enlarged.save(path)
        archives |= {name: packed(made, top, folder / name) for name, top in CONTENTS[layout].items()}
    return archives


def state_checksums(project, archives, address):
    """The real list of sources, with the checksums of the small archives and an address on loopback."""
    path = project.root / "resources/sources.yaml"
    sources = yaml.safe_load(path.read_text())
    for name in DATASETS:
        for layout in sources.get(name, {"layouts": []})["layouts"]:
            for archive in layout["archives"]:
                archive["md5"] = hashlib.md5(archives[archive["name"]].read_bytes()).hexdigest()
                archive["urls"] = [f"{address}/{archive['name']}"] if name == FETCHED else []
    path.write_text(yaml.safe_dump(sources))


def place(project, archives):
    for dataset, layout in DATASETS.items():
        folder = project.root / f"data/{dataset}/archives"
        folder.mkdir(parents=True)
        for name in CONTENTS[layout] if dataset != FETCHED else ():
            shutil.copyfile(archives[name], folder / name)


def test_archives_become_tables(project, tmp_path):
    archives = make_archives(tmp_path / "made")
    place(project, archives)
    pages = {f"/{name}": Page(archives[name].read_bytes()) for name in CONTENTS[FETCHED]}
    with http_server(pages) as address:
        state_checksums(project, archives, address)
        tables = [
            f"results/archives/tables/{name}.csv"
            for name in ("retrieval", "mask_quality", "published_retrieval", "published_mask_quality")
        ]
        tables.append("results/archives/figures/mask_examples_sop.png")  # without hand labels
        done = project.snakemake(*tables, "--quiet", "rules", config=CONFIG)
    assert done.returncode == 0, done.stdout

    for dataset, layout in DATASETS.items():
        receipts = read_rows(project.root / f"data/{dataset}/archives.csv")
        assert {row["archive"]: row["verified"] for row in receipts} == dict.fromkeys(CONTENTS[layout], "md5")
        origins = {row["origin"] for row in receipts}
        assert (origins == {"was there already"}) == (dataset != FETCHED)
        rows = read_rows(project.root / f"data/{dataset}/pixels/layout.csv")
        # 32 images of 16 classes: half of the classes test, and a quarter of the others validation.
        splits = [row["split"] for row in rows]
        assert {split: splits.count(split) for split in splits} == {"train": 12, "val": 4, "test": 16}
        masks = read_rows(project.root / f"data/{dataset}/masks.csv")
        assert [row["failed"] for row in masks] == ["0"] * 32
        (quality,) = read_rows(project.root / f"data/{dataset}/mask_quality.csv")
        assert quality["n"] == ("32" if dataset == "cub200" else "0")  # its segmentations are hand labels

    measured = read_rows(project.root / "results/archives/retrieval.csv")
    queries = {(row["dataset"], row["protocol"]): row["n_queries"] for row in measured}
    # One of each item's two images is the query in In-Shop and VehicleID, every image elsewhere.
    expected = {name: "8" if name in ("inshop", "vehicleid") else "16" for name in DATASETS}
    assert queries == {
        (name, protocol): number for name, number in expected.items() for protocol in ("clean", "swapped")
    }
    table = read_rows(project.root / "results/archives/tables/retrieval.csv")
    assert {row["dataset"] for row in table} == set(DATASETS)

    # Another way to the same archives fetches nothing, and reruns nothing behind it; another archive does.
    project.edit_code("workflow/scripts/bgbias/downloads/transports.py")
    project.edit("resources/sources.yaml", f"{address}/", "https://mirror.example/")
    project.edit("resources/sources.yaml", "instructions: ", "instructions: Politely. ")
    assert project.planned(*tables, config=CONFIG) == {}
    checksum = hashlib.md5(archives["Stanford_Online_Products.zip"].read_bytes()).hexdigest()
    project.edit("resources/sources.yaml", checksum, 32 * "0")
    planned = project.planned(*tables, config=CONFIG)
    assert planned["download_dataset"] == planned["index_dataset"] == planned["train_model"] == 1

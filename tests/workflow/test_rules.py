"""What the rules make of a configuration, from dry runs."""

import json
import re

import pytest

pytestmark = pytest.mark.slow

PROBE = """
include: "Snakefile"
import json
def of(rule, key):
    return workflow.get_rule(rule).params[key]
roles = ("train", "validation", "train_half", "test")
folders = [background_folder(SimpleNamespace(set="photos", role=role)) for role in roles]
datasets = [SimpleNamespace(dataset=name) for name in ("vehicleid", "cub200", "sop")]
print("PROBE", json.dumps({
    "method": METHOD,
    "compared": COMPARED_DATASETS,
    "gallery_draws": [gallery_draws(dataset) for dataset in datasets],
    "limits": [dataset_settings(dataset).get("limit") for dataset in datasets],
    "hand_labels": [hand_labels(dataset) for dataset in datasets],
    "backgrounds": [folder.rpartition("/")[2] for folder in folders],
    "seeds": [of("embed_images", "evaluation")["seed"], of("measure_retrieval", "seed")],
    "size": of("attribute_images", "size"),
}))
"""
CONFIG = """
study: probe
protocol: strict
background_set: photos
grid: {dataset: [cub200, sop, vehicleid], loss: [triplet]}
datasets: {cub200: {source: cub200, limit: {classes: 5}}, sop: {source: sop}, vehicleid: {source: vehicleid}}
backgrounds: {photos: {source: study, accept_terms: true}}
masker: {weights: masker.onnx}
evaluation: {seed: 3}
attribution: {methods: [gradcam, study]}
transform: {train_size: 40, eval_size: 48}
"""


ASKED = """
include: "Snakefile"
print("ASKED", *rules.report.input, sep="\\n")
"""


PAPER = "config/paper.yaml"
WITHOUT_SCORES = [PAPER, "--config", "grid={dataset: [cub200]}", "attribution={methods: [gradcam]}"]


@pytest.mark.parametrize("config", [["tests/config/tiny.yaml"], [PAPER], WITHOUT_SCORES])
def test_an_output_of_every_job_is_asked_for(project, config):
    # Else the next command would not miss what Snakemake deletes where that job fails.
    (project.root / "asked.smk").write_text(ASKED)
    config, *others = config
    done = project.snakemake("report", "-s", "asked.smk", "--dry-run", *others, config=config)
    assert done.returncode == 0, done.stdout
    asked = set(done.stdout.partition("ASKED\n")[2].splitlines())
    made = re.findall(r"^rule (\w+):\n(?: .*\n)*? +output: (.+)\n", done.stdout, flags=re.M)
    assert {"mask_images", "train_model", "write_report"} <= {rule for rule, _ in made}
    assert [rule for rule, outputs in made if asked.isdisjoint(outputs.split(", "))] == []


GPUS = """
include: "Snakefile"
limit = workflow.global_resources["gpu"].value if "gpu" in workflow.global_resources else None
print("GPUS", GPU, limit, sep=",")
"""


@pytest.mark.parametrize(
    ("visible", "device", "options", "asked_and_limit"),
    [
        ("", "auto", [], "0,None"),  # no GPU: jobs on the CPU are not counted
        ("0,1", "auto", [], "1,2"),
        ("0,1", "auto", ["--resources", "gpu=6"], "1,6"),
        ("0,1", "cpu", [], "0,2"),
        ("", "cuda", [], "1,None"),
    ],
)
def test_as_many_jobs_use_a_gpu_as_there_are_unless_told(
    project, visible, device, options, asked_and_limit, monkeypatch
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    (project.root / "gpus.smk").write_text(GPUS)
    done = project.snakemake("-s", "gpus.smk", "--dry-run", "--config", f"device={device}", *options)
    assert f"GPUS,{asked_and_limit}\n" in done.stdout


def test_settings_reach_the_jobs_that_need_them(project):
    (project.root / "probe.smk").write_text(PROBE)
    (project.root / "probe.yaml").write_text(CONFIG)
    done = project.snakemake("-s", "probe.smk", "--dry-run", config="probe.yaml")
    found = re.search(r"^PROBE (.*)$", done.stdout, flags=re.M)
    assert found, done.stdout
    assert json.loads(found[1]) == {
        "method": "study",  # in the tables, wherever it stands in the list
        "compared": {"sop": "sop"},  # a part of a dataset is compared with nothing
        "gallery_draws": [10, None, None],
        "limits": [None, {"classes": 5}, None],
        "hand_labels": ["data/vehicleid/raw", "data/cub200/raw", "data/sop/raw"],  # the strict protocol's
        "backgrounds": ["val", "val", "val", "test"],  # the study has two folders
        "seeds": [3, 3],
        "size": 48,
    }


def test_jobs_ask_for_a_gpu_and_for_time_by_the_length_of_the_training(project):
    pixels = project.root / "data/cub200/pixels"
    pixels.mkdir(parents=True)
    (pixels / "layout.csv").write_text("path,split\n" + "a.jpg,val\n" * 3000 + "b.jpg,train\n")
    settings = ("--config", "device=cuda", "evaluation={search_device: cuda}")
    done = project.snakemake("--dry-run", *settings, config="config/paper.yaml")
    assert done.returncode == 0, done.stdout
    jobs = {}
    for block in done.stdout.split("\nrule ")[1:]:
        jobs.setdefault(block.partition(":")[0], set()).add(re.search(r"resources: (.*)", block)[1])
    for rule in ("train_model", "embed_images", "attribute_images", "measure_retrieval"):
        assert all("gpu=1" in resources for resources in jobs[rule]), rule
    minutes = {re.search(r"runtime=([^,]*)", resources)[1] for resources in jobs["train_model"]}
    # 1,000 epochs of 100 steps of 32 images at 100 images a second are 533 minutes, 3,000 validation images
    # each time at 300 a second 167; an hour is for the rest. Of what is not packed nobody knows.
    assert minutes == {"760", "<TBD>"}

"""The reproduction, planned: every job of config/paper.yaml from nothing but the configuration."""

from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def test_the_paper_is_30_trainings_each_tested_on_5_draws(project):
    planned = project.planned(config="config/paper.yaml")
    # 3 datasets x 5 losses x 2 variants; one embedding job holds the 5 draws of its run.
    runs = ("train_model", "embed_images", "measure_retrieval", "attribute_images")
    assert {rule: planned[rule] for rule in runs} == dict.fromkeys(runs, 30)
    paper = yaml.safe_load((project.root / "config/paper.yaml").read_text())
    assert planned["embed_images"] * paper["evaluation"]["draws"] == 150
    # Everything starts from rules: nothing has to lie there, and the weights are one file for all 30.
    once = {"download_dataset": 3, "download_weights": 1, "fetch_backgrounds": 1, "index_dataset": 3}
    assert {rule: planned[rule] for rule in once} == once


def test_the_papers_protocol_does_not_hang_on_the_demos_settings():
    """Crops, size, optimiser and attribution of Kobs & Hotho 2022."""
    paper = yaml.safe_load((ROOT / "config/paper.yaml").read_text())
    assert paper["transform"] == {
        "train_size": 227, "eval_size": 227, "scale": [0.16, 1.0], "ratio": [0.75, 1.33], "flip": True,
        "noise": 0.0,
    }  # fmt: skip
    assert paper["training"] == {
        "optimizer": "rmsprop", "learning_rate": 1e-6, "weight_decay": 1e-4, "momentum": 0.9,
        "batch_size": 32, "iterations_per_epoch": 100, "max_epochs": 1000, "patience": 15,
        "freeze_batchnorm": True,
    }  # fmt: skip
    assert (paper["embedding_size"], paper["pixels"], paper["evaluation"]) == (
        128,
        {"short_side": 256},
        {"draws": 5, "seed": 0},
    )
    assert paper["attribution"] == {
        "methods": ["study"], "images": None, "copies": 25, "noise": 0.15, "seed": 0,
    }  # fmt: skip
    # What is replaced in training; which images select the epoch is the protocol's.
    probabilities = {name: variant["probability"] for name, variant in paper["variants"].items()}
    assert probabilities == {"base": 0, "bgaugment": 1, "base_corrupted": 0}
    assert {name: loss["images_per_class"] for name, loss in paper["losses"].items()} == {
        "contrastive": 4, "triplet": 4, "multi_similarity": 4, "arcface": 1, "normalized_softmax": 1,
    }  # fmt: skip


def test_three_seeds_are_90_trainings_and_the_strict_protocol_packs_half_backgrounds(project):
    # As a user writes it; the strict protocol plans the same runs on disjoint backgrounds.
    done = project.snakemake(
        "--dry-run", "--config", "grid={seed: [0,1,2]}", "protocol=strict", config="config/paper.yaml"
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("rule train_model:") == 90
    assert done.stdout.count("rule embed_images:") == 90
    for role in ("train_half", "validation_half", "test"):
        assert done.stdout.count(f"output: data/backgrounds/paper/{role}/layout.csv") == 1
    assert "data/backgrounds/paper/validation/layout.csv" not in done.stdout


def test_a_grid_without_the_loss_of_the_figures_shows_its_first(project):
    done = project.snakemake("--dry-run", "--config", "grid={loss: [triplet]}", config="config/config.yaml")
    assert done.returncode == 0, done.stdout
    panels = done.stdout.split("rule draw_attribution_panels:")[1].split("rule ")[0]
    assert "small_cnn/triplet/base/seed0/attention_maps.npz" in panels

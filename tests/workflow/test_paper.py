"""The reproduction, planned: every job of config/paper.yaml from nothing but the configuration."""

import pytest
import yaml

pytestmark = pytest.mark.slow


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

"""What each kind of edit reruns, as the job counts of a dry run after a finished study.

The tiny study has 1 dataset x 2 losses x 2 variants x 1 seed = 4 runs, 2 of each loss.
"""

import os
import re
import shutil
from base64 import urlsafe_b64encode

import pytest
import yaml

from bgbias.gpu_claims import count_gpus

pytestmark = pytest.mark.slow

PUBLISHING = {
    "tabulate_retrieval",
    "tabulate_attention",
    "tabulate_mask_quality",
    "write_report",
    "write_provenance",
}
DRAWING = {
    "draw_contact_sheet",
    "draw_swap_chart",
    "draw_attribution_panels",
    "draw_retrieval_gallery",
    "draw_training_curves",
    "draw_mask_examples",
}
COLLECTING = {"verify_runs", "collect_retrieval", "collect_attention", "collect_mask_quality"}


def of_stage(planned, *rules):
    return {rule: planned.get(rule, 0) for rule in rules}


def test_a_finished_study_has_nothing_to_do(finished):
    assert finished.planned() == {}


def test_an_edit_of_the_table_code_reruns_publishing_only(finished):
    finished.edit_code("workflow/scripts/bgbias/results/tables.py")
    planned = finished.planned()
    assert planned
    assert set(planned) <= PUBLISHING | DRAWING


def test_a_loss_margin_retrains_the_runs_of_that_loss_only(finished):
    finished.edit(
        "config/config.yaml",
        "triplet: {images_per_class: 4, margin: 0.1}",
        "triplet: {images_per_class: 4, margin: 0.15}",
    )
    planned = finished.planned()
    assert of_stage(planned, "train_model", "embed_images", "measure_retrieval", "attribute_images") == {
        "train_model": 2,
        "embed_images": 2,
        "measure_retrieval": 2,
        "attribute_images": 2,
    }
    assert of_stage(planned, "make_demo_world", "mask_images", "pack_pixels") == {
        "make_demo_world": 0,
        "mask_images": 0,
        "pack_pixels": 0,
    }


def test_a_new_seed_adds_the_runs_of_that_seed_only(finished):
    planned = finished.planned("--config", "grid={seed: [0, 1]}")
    assert of_stage(planned, "train_model", "embed_images", "attribute_images", "pack_pixels") == {
        "train_model": 4,
        "embed_images": 4,
        "attribute_images": 4,
        "pack_pixels": 0,
    }


@pytest.mark.parametrize(
    ("module", "reruns", "spares"),
    [
        ("retrieval/metrics.py", {"measure_retrieval": 4}, ("pack_pixels", "mask_images")),
        (
            "attribution/score.py",
            {"attribute_images": 4, "train_model": 0, "embed_images": 0},
            ("pack_pixels",),
        ),
        # The verdict on the masks comes before any training; Snakemake's ancient(), which would spare the
        # trainings, hides from it what else has changed behind the file.
        ("masks/quality.py", {"check_masks": 1, "train_model": 4}, ("mask_images", "index_dataset")),
        ("datasets/index.py", {"index_dataset": 1, "train_model": 4}, ("make_demo_world",)),
        ("masks/maskers.py", {"mask_images": 2}, ("make_demo_world", "index_dataset")),
    ],
)
def test_an_edit_of_a_module_reruns_the_stages_that_import_it(finished, module, reruns, spares):
    finished.edit_code(f"workflow/scripts/bgbias/{module}")
    planned = finished.planned()
    assert of_stage(planned, *reruns) == reruns
    assert not set(spares) & set(planned)


def test_a_better_sentence_reruns_nothing(finished):
    for script in (finished.root / "workflow/scripts").rglob("*.py"):
        script.write_text(f"{script.read_text()}# a comment\n".replace('"""', '"""Edited. ', 1))
    assert finished.planned() == {}


def test_an_edit_of_a_source_that_the_study_does_not_use_makes_no_index(finished):
    finished.edit_code("workflow/scripts/bgbias/datasets/cars196.py")
    # The provenance lists the code of all scripts, of the forecast too.
    assert set(finished.planned()) == {"write_report", "write_provenance"}


def test_smaller_batches_where_they_change_no_result_rerun_only_what_prints_the_settings(finished):
    planned = finished.planned("--config", "evaluation={batch_size: 2}", "attribution={batch_size: 2}")
    assert set(planned) == {"write_report", "write_provenance"}


def test_skipping_bad_images_makes_nothing_again_where_there_are_none(finished):
    planned = finished.planned("--config", "on_bad_image=skip")
    assert planned["accept_masks"] == 1
    assert set(planned) <= PUBLISHING | DRAWING | COLLECTING | {"accept_masks"}


def test_a_change_of_the_mask_threshold_reruns_the_verdict_and_what_prints_it(finished):
    finished.edit("tests/config/tiny.yaml", "minimum_iou: 0.3", "minimum_iou: 0.31")
    planned = finished.planned()
    assert planned["accept_masks"] == 1
    assert set(planned) <= PUBLISHING | DRAWING | COLLECTING | {"accept_masks"}


def test_another_order_of_the_grid_reruns_only_what_is_printed_in_that_order(finished):
    planned = finished.planned("--config", "grid={loss: [arcface, triplet]}")
    assert planned["collect_retrieval"] == planned["collect_attention"] == 1
    assert set(planned) <= PUBLISHING | DRAWING | COLLECTING


def test_a_change_of_the_threshold_hides_no_other(finished):
    finished.edit("tests/config/tiny.yaml", "minimum_iou: 0.3", "minimum_iou: 0.31")
    planned = finished.planned("--config", "training={learning_rate: 0.02}")
    assert of_stage(planned, "accept_masks", "train_model") == {"accept_masks": 1, "train_model": 4}


def test_no_rule_has_an_ancient_input(finished):
    # Behind one Snakemake does not look for other reasons to run while the job that makes it is due.
    assert not [
        path for path in (finished.root / "workflow").rglob("*.smk") if "ancient(" in path.read_text()
    ]


def test_a_threshold_that_is_not_met_ends_the_study_with_its_models_left_alone(finished):
    model = finished.root / f"{RUN}/model.safetensors"
    before = model.stat().st_mtime_ns
    done = finished.snakemake("--config", "mask_quality={minimum_iou: 0.999}")
    assert done.returncode == 1
    assert "required 0.999. Choose another `masker.model`" in done.stdout
    assert model.stat().st_mtime_ns == before


@pytest.mark.parametrize("packed", [True, False])
def test_another_study_with_stricter_limits_trains_nothing_on_masks_that_are_there(finished, packed):
    if not packed:
        shutil.rmtree(finished.root / "data/tiny_cars/pixels")
    settings = ("--config", "study=other", "mask_quality={minimum_iou: 0.999}")
    done = finished.snakemake("--keep-going", *settings)
    assert done.returncode == 1
    assert done.stdout.partition("did not finish:")[2].count("required 0.999") == 1, "one reason is told once"
    assert not list((finished.root / "results/other").rglob("model.safetensors"))
    assert (finished.root / "data/tiny_cars/pixels/layout.csv").exists() == packed


def test_a_script_that_only_got_another_date_reruns_nothing(finished):
    for script in (finished.root / "workflow").rglob("*.py"):
        script.touch()
    assert finished.planned() == {}


def test_the_order_of_keys_reruns_only_what_prints_them(finished):
    path = finished.root / "tests/config/tiny.yaml"

    def turned(value):
        return {key: turned(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    path.write_text(yaml.safe_dump(turned(yaml.safe_load(path.read_text())), sort_keys=False))
    assert set(finished.planned()) <= {"write_report", "write_provenance"}


def test_another_spelling_of_a_number_reruns_nothing(finished):
    finished.edit("config/config.yaml", "margin: 20.0, scale: 30.0", "margin: 20, scale: 30")
    finished.edit("config/config.yaml", "scale: [0.16, 1.0]", "scale: [.160, 1]")
    assert finished.planned() == {}


def test_a_slip_that_costs_a_model_is_made_good_without_training(finished):
    # Only the job itself finds out that these weights do not fit, and Snakemake deletes its model before.
    model = f"{RUN}/model.safetensors"
    log = finished.root / RUN.replace("tiny/", "tiny/logs/train_model/", 1)
    log = log.with_name(f"{log.name}.log")
    before = (finished.root / model).read_bytes()
    (finished.root / "other.pth").write_bytes(b"the weights of something else")
    done = finished.snakemake(model, "--config", "backbones={small_cnn: {weights: other.pth}}")
    assert done.returncode == 1
    assert "other.pth is not a weights file" in done.stdout
    assert not (finished.root / model).exists()
    done = finished.snakemake(model)
    assert done.returncode == 0, done.stdout
    assert (finished.root / model).read_bytes() == before
    assert "This model was trained before" in log.read_text()
    assert "epoch" not in log.read_text()


def test_models_of_other_settings_are_not_touched_into_the_study(finished):
    done = finished.snakemake("--touch", "--config", "training={learning_rate: 0.05}")
    assert done.returncode == 1
    assert "was made with other settings than those of the current configuration" in done.stdout
    assert finished.planned() == {}, "nothing was touched"


def test_a_study_is_not_renamed_behind_snakemakes_back(finished):
    # Under the new path nothing is known of how the files were made, and nothing would be made anew.
    (finished.root / "results/tiny").rename(finished.root / "results/renamed")
    (finished.root / "results/renamed/provenance.json").unlink()  # as where only a part was made
    done = finished.snakemake("--config", "study=renamed", "training={learning_rate: 0.05}")
    assert done.returncode == 1
    assert "study: results/renamed was made as study 'tiny'" in done.stdout


def test_files_that_no_record_describes_are_reported(finished):
    told = "not made by Snakemake in this folder"
    assert told not in finished.snakemake("-n").stdout
    shutil.rmtree(finished.root / "results")  # another study, with data from elsewhere
    shutil.rmtree(finished.root / ".snakemake/metadata")
    for _ in range(2):  # the first call makes the folder
        done = finished.snakemake("-n", "--config", "pixels={short_side: 50}")
        assert "existing files, such as data/" in done.stdout
        assert told in done.stdout


def test_models_are_not_lost_to_a_gpu_that_is_not_there(finished):
    # Snakemake deletes a job's earlier outputs before the job finds out that it cannot run.
    if count_gpus():
        pytest.skip("this machine has a GPU")
    done = finished.snakemake("--config", "device=cuda")
    assert done.returncode == 1
    assert "request a GPU, but there is none here. Set device: cpu" in done.stdout
    assert (finished.root / RUN / "model.safetensors").exists()
    done = finished.snakemake("mask_quality", "--config", "device=cuda")
    assert done.returncode == 0, "what needs no GPU still runs"


def test_a_metric_key_reruns_no_model(finished):
    planned = finished.planned("--config", "evaluation={recall_at: [1, 2]}")
    assert of_stage(planned, "measure_retrieval", "embed_images", "train_model") == {
        "measure_retrieval": 4,
        "embed_images": 0,
        "train_model": 0,
    }


@pytest.mark.parametrize(
    ("key", "redrawn"),
    [
        ("panels", {"draw_attribution_panels": 1}),
        ("gallery_queries", {"find_matches": 2, "draw_retrieval_gallery": 1}),  # of the shown runs
        ("contact_rows", {"draw_contact_sheet": 1}),
        ("mask_examples", {"draw_mask_examples": 1}),
    ],
)
def test_another_number_of_pictures_reruns_only_their_figure_and_what_prints_the_settings(
    finished, key, redrawn
):
    planned = finished.planned("--config", f"publish={{{key}: 3}}")
    assert planned == redrawn | {"write_report": 1, "write_provenance": 1}


def test_a_search_elsewhere_measures_again_and_one_with_more_memory_does_not(finished):
    assert finished.planned("--config", "evaluation={search_memory_mb: 128}").get("measure_retrieval", 0) == 0
    planned = finished.planned("--config", "evaluation={search_device: cuda}")
    jobs = of_stage(planned, "measure_retrieval", "embed_images")
    assert jobs == {"measure_retrieval": 4, "embed_images": 0}


RUN = "results/tiny/tiny_cars/small_cnn/triplet/base/seed0"


@pytest.mark.parametrize(
    ("lost", "rule"),
    [
        ("data/tiny_cars/masks.csv", "merge_masks"),
        (f"{RUN}/model.safetensors", "train_model"),
    ],
)
def test_what_a_failed_job_took_along_is_missed(finished, lost, rule):
    # Snakemake deletes a failed job's outputs; what was made of them before is still there, with a good date.
    # That every job's are asked for is seen in test_rules.py.
    (finished.root / lost).unlink()
    assert rule in finished.planned()


def test_what_was_finished_while_no_snakemake_looked_is_made_again(finished):
    # As on a cluster after a kill -9: the output is there, and nobody recorded what it was made by.
    output = f"{RUN}/embeddings.npz"
    (finished.root / ".snakemake/metadata" / urlsafe_b64encode(output.encode()).decode()).unlink()
    assert finished.planned() == {}, "what was brought from elsewhere is taken as it is"
    (log,) = (finished.root / ".snakemake/log").glob("*.log")
    text = log.read_text()
    job = re.search(rf"output: {re.escape(output)}\n(?: .*\n)*? +jobid: (\d+)\n", text)[1]
    log.write_text(text.replace(f"Finished jobid: {job} ", ""))
    assert finished.planned()["embed_images"] == 1


def test_a_record_of_an_earlier_file_is_none_of_the_one_that_is_there(finished):
    # The settings were changed, a job ended unseen, and they were changed back: now they fit the record.
    output = finished.root / RUN / "embeddings.npz"
    for log in (finished.root / ".snakemake/log").glob("*.log"):
        log.write_text(re.sub(r"^Finished jobid: .*\n", "", log.read_text(), flags=re.M))
    assert finished.planned() == {}
    os.utime(output, (output.stat().st_atime, output.stat().st_mtime + 1))
    assert finished.planned()["embed_images"] == 1


def test_a_repeated_command_does_not_report_old_masks_under_the_name_of_a_new_masker(finished):
    masker = ("--config", "masker={model: nobodys-model, weights: null}")
    for _ in range(2):
        done = finished.snakemake(*masker)
        assert done.returncode == 1
        assert "rembg has no model 'nobodys-model'" in done.stdout
    assert "u2net_custom" in (finished.root / "data/tiny_cars/mask_quality.csv").read_text()

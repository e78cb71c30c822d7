"""A training that was killed or stopped ends with the very bits of one that was left alone."""

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import tiny_runs
import torch
import train_model
from safetensors.torch import load_file
from tiny_runs import ARCFACE, RUN, changed, same, train
from torch import nn

from bgbias import runs
from bgbias.errors import StudyError
from bgbias.hashes import fingerprint_file
from bgbias.index import COLUMNS
from bgbias.input_pipeline.packing import background_row, write_store
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.models.backbones import BACKBONES, Backbone
from bgbias.runs import read_run
from bgbias.training import loop
from bgbias.training.checkpoints import (
    read_checkpoint,
    remove_other_checkpoints,
    training_identity,
    write_checkpoint,
)

KILLS = int(os.environ.get("BGBIAS_KILLS", 3))
# Long enough that the training, and not numba's start before it, is most of the job that is killed.
SETTINGS = changed(training={"max_epochs": 24, "patience": 24, "iterations_per_epoch": 15}) | {
    "loss": ARCFACE
}


@pytest.fixture(scope="module")
def start():
    """Starts the job in a fresh process forked from one that has the imports behind it."""
    imported_from = [str(Path(module.__file__).parent) for module in (train_model, tiny_runs)]
    os.environ["PYTHONPATH"] = os.pathsep.join([*imported_from, os.environ.get("PYTHONPATH", "")])
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tiny_runs", "faiss"])

    def begin(layouts, folder, settings=SETTINGS):
        process = context.Process(target=_job, args=(layouts, folder, settings))
        process.start()
        return process

    warm = context.Process(target=os.getpid)  # the server pays for its imports here, not in a measured job
    warm.start()
    warm.join()
    return begin


def _job(layouts, folder, settings):
    log = open(folder / "log.txt", "a")  # noqa: SIM115 - lives as long as the process
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    try:
        train(layouts, folder, settings)
    except Exception as error:
        print(f"ERROR: {error}", flush=True)
        os._exit(1)


def folder_of(path: Path, name: str) -> Path:
    (path / name).mkdir()
    return path / name


def test_kill_9_at_random_moments_leaves_the_same_model(layouts, tmp_path, start):
    quiet = folder_of(tmp_path, "quiet")
    start(layouts, folder_of(tmp_path, "first")).join()  # compiles on a new checkout, which must not be timed
    begun = time.monotonic()
    process = start(layouts, quiet)
    process.join()
    length = time.monotonic() - begun
    expected = load_file(quiet / "model.safetensors")
    moments = random.Random(0)
    continued = 0
    for kill in range(KILLS):
        folder = folder_of(tmp_path, f"kill{kill}")
        process = start(layouts, folder)
        if kill == 0:  # once when there is a checkpoint for sure: on a busy machine the length varies
            while process.is_alive() and not list(folder.glob("checkpoint/[!.]*.safetensors")):
                time.sleep(0.01)
        else:
            time.sleep(moments.uniform(0.1, 1.0) * length)
        process.kill()  # nothing happens when it has already ended
        process.join()
        in_time = not (folder / "model.safetensors").exists()
        process = start(layouts, folder)
        process.join()
        assert process.exitcode == 0, (folder / "log.txt").read_text()
        assert same(load_file(folder / "model.safetensors"), expected)
        continued += in_time and "Continuing after step" in (folder / "log.txt").read_text()
    assert continued > 0, "no kill fell between two checkpoints: the test shows nothing"


def test_sigterm_keeps_the_last_step(layouts, tmp_path, start):
    settings = changed(training={"iterations_per_epoch": 3000, "max_epochs": 1})
    process = start(layouts, tmp_path, settings)
    log = tmp_path / "log.txt"
    while not (log.exists() and "epoch 1" in log.read_text()):
        assert process.is_alive(), log.read_text()
        time.sleep(0.05)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGTERM)
    asked = time.monotonic()
    process.join(timeout=30)
    assert process.exitcode == 1
    assert time.monotonic() - asked < 5
    assert "SIGTERM" in log.read_text()
    assert not (tmp_path / "model.safetensors").exists()
    (checkpoint,) = tmp_path.glob("checkpoint/*.safetensors")
    header = checkpoint.read_bytes()
    assert b'\\"step\\": 0,' not in header, "the checkpoint must hold steps of the unfinished epoch"


def forgetful():
    """A network with dropout, as GoogLeNet has it."""
    module = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(48, 16), nn.ReLU(), nn.Dropout(0.5))
    return Backbone(module, 16, Preprocessing((0.5,) * 3, (0.5,) * 3, "RGB", 1.0), last_map=None)


@pytest.mark.parametrize("backbone", ["small_cnn", "forgetful"])
def test_stopping_after_any_step_changes_nothing(layouts, tmp_path, monkeypatch, backbone):
    monkeypatch.setitem(BACKBONES, "forgetful", forgetful)
    settings = changed(training={"max_epochs": 2, "iterations_per_epoch": 4})
    settings |= {"backbone": {"model": backbone, "weights": None}, "loss": ARCFACE}  # with weights of its own
    expected = train(layouts, tmp_path / "quiet", settings)
    real, before = loop.Training.step, signal.getsignal(signal.SIGTERM)
    steps = []

    def interrupting(self, images, labels):
        steps.append(0)
        if len(steps) in (1, 3, 6):
            os.kill(os.getpid(), signal.SIGTERM)
        return real(self, images, labels)

    monkeypatch.setattr(loop.Training, "step", interrupting)
    for _ in range(3):
        with pytest.raises(StudyError, match="SIGTERM"):
            train(layouts, tmp_path / "stopped", settings)
    found = train(layouts, tmp_path / "stopped", settings)
    assert len(steps) == 8, "no step is made twice"
    assert signal.getsignal(signal.SIGTERM) == before
    assert same(found, expected)
    assert not same(train(layouts, tmp_path / "another", settings, RUN | {"seed": 1}), expected)


def test_the_checkpoint_of_other_settings_is_ignored(layouts, tmp_path, capsys):
    checkpoint = tmp_path / "checkpoint"
    write_checkpoint(checkpoint, {"a": 1, "b": 1}, {"x": torch.arange(3)}, {"step": 2})
    tensors, state = read_checkpoint(checkpoint, {"b": 1, "a": 1})  # settings have no order
    assert (tensors["x"].tolist(), state) == ([0, 1, 2], {"step": 2})
    assert read_checkpoint(checkpoint, {"a": 2}) is None
    assert "other settings" in capsys.readouterr().out


def test_a_finished_training_whose_model_was_deleted_is_done_at_once(layouts, tmp_path, capsys):
    # Snakemake deletes a job's outputs when it starts, and when SLURM calls it failed, whatever it said last.
    settings = changed(training={"max_epochs": 2})
    expected = train(layouts, tmp_path, settings)
    recorded = [(tmp_path / name).read_text() for name in ("history.csv", "run.yaml")]
    kept = list((tmp_path / "checkpoint").iterdir())
    assert len(kept) == 1
    # The weights and their history, without the optimiser's two tensors for each of them.
    assert kept[0].stat().st_size < 1.2 * (tmp_path / "model.safetensors").stat().st_size
    for name in ("model.safetensors", "history.csv", "run.yaml"):
        (tmp_path / name).unlink()
    capsys.readouterr()
    assert same(train(layouts, tmp_path, settings), expected)
    said = capsys.readouterr().out
    assert "This model was trained before" in said
    assert "epoch" not in said
    assert [(tmp_path / name).read_text() for name in ("history.csv", "run.yaml")] == recorded


def test_a_model_taken_again_is_not_said_to_come_from_todays_device(layouts, tmp_path, monkeypatch):
    settings = changed(training={"max_epochs": 1})
    train(layouts, tmp_path, settings)
    before = read_run(tmp_path / "run.yaml")["device"]
    monkeypatch.setattr(loop, "describe_device", lambda device: "another")
    train(layouts, tmp_path, settings)
    assert read_run(tmp_path / "run.yaml")["device"] == before


def test_taking_a_finished_model_costs_no_unfinished_one(layouts, tmp_path, monkeypatch):
    first, second = (changed(training={"max_epochs": 2, "learning_rate": rate}) for rate in (0.01, 0.02))
    train(layouts, tmp_path, first)

    def stopped(self, score, close=loop.Training._close_epoch):
        close(self, score)
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(loop.Training, "_close_epoch", stopped)
        with pytest.raises(StudyError, match="SIGTERM"):
            train(layouts, tmp_path, second)
    kept = set((tmp_path / "checkpoint").iterdir())
    assert len(kept) == 2
    train(layouts, tmp_path, first)
    assert set((tmp_path / "checkpoint").iterdir()) == kept


def test_a_finished_model_is_kept_until_one_of_other_settings_is_finished(layouts, tmp_path):
    first, second = (changed(training={"max_epochs": 1, "learning_rate": rate}) for rate in (0.01, 0.02))
    expected = train(layouts, tmp_path, first)
    (kept,) = (tmp_path / "checkpoint").iterdir()
    with pytest.raises(StudyError, match="margin"):
        train(layouts, tmp_path, first | {"loss": first["loss"] | {"margin": "a slip at the keyboard"}})
    assert kept.exists()
    assert same(train(layouts, tmp_path, first), expected)
    assert not same(train(layouts, tmp_path, second), expected)
    assert len(list((tmp_path / "checkpoint").iterdir())) == 1
    assert not kept.exists()


def test_a_training_goes_on_from_a_checkpoint_that_is_some_epochs_old(layouts, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_CHECKPOINT_SHARE", 1e-9)  # after the first epoch, and at the end
    settings = changed(training={"max_epochs": 4, "iterations_per_epoch": 3})
    expected = train(layouts, tmp_path / "quiet", settings)
    real, written = loop.write_checkpoint, []

    def writing(folder, identity, tensors, state):
        written.append(state["step"])
        real(folder, identity, tensors, state)

    def dying(self, score, close=loop.Training._close_epoch):
        close(self, score)
        if self.progress.epoch == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "write_checkpoint", writing)
    with monkeypatch.context() as patched:
        patched.setattr(loop.Training, "_close_epoch", dying)
        with pytest.raises(KeyboardInterrupt):
            train(layouts, tmp_path / "killed", settings)
    assert written == [3]
    assert same(train(layouts, tmp_path / "killed", settings), expected)
    assert written == [3, 6, 12]


def test_a_torn_checkpoint_is_ignored(tmp_path, capsys):
    write_checkpoint(tmp_path, {}, {"x": torch.arange(3)}, {})
    (path,) = tmp_path.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-5])
    assert read_checkpoint(tmp_path, {}) is None
    assert "cannot be read" in capsys.readouterr().out


def test_a_start_with_other_settings_leaves_the_checkpoint_as_it_is(tmp_path, capsys):
    folder = tmp_path / "checkpoint"
    write_checkpoint(folder, {"settings": 1}, {"x": torch.arange(3)}, {"step": 7})
    assert read_checkpoint(folder, {"settings": 2}) is None
    assert "Starting anew" in capsys.readouterr().out
    write_checkpoint(folder, {"settings": 2}, {"x": torch.arange(5)}, {"step": 1})
    tensors, state = read_checkpoint(folder, {"settings": 1})
    assert (len(tensors["x"]), state) == (3, {"step": 7})
    remove_other_checkpoints(folder, {"settings": 2})
    assert read_checkpoint(folder, {"settings": 1}) is None
    assert read_checkpoint(folder, {"settings": 2}) is not None


def test_a_changed_pixel_of_a_store_shows_in_the_layout(tmp_path):
    files = [tmp_path / name for name in ("rgba.bin", "layout.csv")]
    images = [np.full((40, 40, 4), value, np.uint8) for value in range(8)]

    def identity():
        rows = [(image, background_row(f"{number}")) for number, image in enumerate(images)]
        write_store(*files, rows, COLUMNS)
        return fingerprint_file(files[1])

    before = identity()
    assert identity() == before
    images[3][20, 20, 3] += 1
    assert identity() != before


def test_the_identity_notices_settings_code_device_data_and_weights(layouts, tmp_path, monkeypatch):
    def identity(settings=SETTINGS, layout=layouts[0], code="1", device="cpu"):
        return json.dumps(training_identity(RUN, settings, code, device, [str(layout)]))

    assert identity() == identity()
    assert identity(changed(training={"learning_rate": 0.5})) != identity()
    assert identity(code="2") != identity()
    assert identity(device="cuda") != identity()
    with monkeypatch.context() as patched:
        patched.setattr(runs, "installed_versions", lambda names: dict.fromkeys(names, "another"))
        other = identity()
    assert other != identity()
    with monkeypatch.context() as patched:
        patched.setattr(torch, "__version__", "another")
        other = identity()
    assert other != identity()
    copied = tmp_path / "layout.csv"
    copied.write_bytes(layouts[0].read_bytes())
    assert identity(layout=copied) == identity(), "a copy is the same data"
    flip_last_bit(copied)
    assert identity(layout=copied) != identity()

    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(bytes(100))
    with_weights = changed(backbone={"weights": str(weights)})
    before = identity(with_weights)
    assert identity(with_weights) == before
    flip_last_bit(weights)
    assert identity(with_weights) != before


def test_a_training_on_other_backgrounds_begins_anew(layouts, tmp_path, monkeypatch):
    identities = []

    def run(self, checkpoint, identity):
        identities.append(json.dumps(identity))
        raise StudyError("nothing is trained")

    monkeypatch.setattr(loop.Training, "run", run)
    images, one, other = layouts
    for backgrounds in ((one, other), (other, other), (one, one)):
        with pytest.raises(StudyError, match="nothing"):
            train([images, *backgrounds], tmp_path)
    assert len(set(identities)) == 3


def flip_last_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

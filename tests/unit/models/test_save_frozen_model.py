"""A backbone that is measured as it comes is saved with what it takes and gives, or refused at once."""

import pytest
import torch
from safetensors.torch import load_file
from save_frozen_model import save_frozen_model

from bgbias.errors import StudyError
from bgbias.models.embedding_model import load_model
from bgbias.runs import read_run

RUN = {"dataset": "d", "backbone": "mine", "loss": "frozen", "variant": "base", "seed": 0}
SMALL = {"model": "small_cnn", "widths": [4, 8], "weights": None}


def save(folder, backbone=SMALL, run=RUN, size=24):
    folder.mkdir(exist_ok=True)
    settings = {"backbone": backbone, "loss": {"type": "frozen"}}
    paths = folder / "model.safetensors", folder / "run.yaml"
    save_frozen_model(*paths, run=run, settings=settings, size=size)
    return load_file(folder / "model.safetensors"), read_run(folder / "run.yaml")


def test_it_is_saved_without_a_head_by_the_seed_of_its_run(tmp_path):
    tensors, run = save(tmp_path)
    assert not any(key.startswith("head") for key in tensors)
    assert run["settings"]["model"]["embedding_size"] is None
    other, _ = save(tmp_path / "other", run=RUN | {"seed": 1})
    assert any(not torch.equal(tensors[key], other[key]) for key in tensors)
    model, _ = load_model(tmp_path / "model.safetensors", run, 24)
    assert torch.equal(model.state_dict()["backbone.0.weight"], tensors["backbone.0.weight"])


def test_the_reader_is_told_what_it_takes_and_gives(tmp_path):
    _, run = save(tmp_path)
    # By the network: small_cnn takes values from -1 to 1, and has as many features as its last stage is wide.
    assert run["input"] == {"mean": [0.5] * 3, "std": [0.5] * 3, "order": "RGB", "maximum": 1.0}
    assert run["embedding_size"] == 8
    _, run = save(tmp_path, SMALL | {"mean": [0.1, 0.2, 0.3], "std": [1, 1, 1]})
    assert (run["input"]["mean"], run["input"]["std"]) == ([0.1, 0.2, 0.3], [1, 1, 1])


def test_one_that_cannot_take_the_images_is_not_saved(tmp_path):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(4 * 22**2, 5))
    images = (torch.rand(2, 3, 24, 24),)
    program = torch.export.export(network.eval(), images, dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    torch.export.save(program, tmp_path / "mine.pt2")
    exported = {"model": str(tmp_path / "mine.pt2"), "weights": None}
    with pytest.raises(StudyError, match=r"32×32 pixels.*exported with 24×24: set transform\.eval_size"):
        save(tmp_path / "large", exported, size=32)
    assert not list((tmp_path / "large").iterdir())
    _, run = save(tmp_path / "fitting", exported)
    assert (run["embedding_size"], set(run["hashes"])) == (5, {"settings", "code", "program"})

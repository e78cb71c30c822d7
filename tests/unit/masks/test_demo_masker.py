"""The demo's mask network, run by rembg itself on classes that it never saw."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from bgbias.demo_world.classes import WORLDS, make_classes
from bgbias.demo_world.dataset import make_image
from bgbias.demo_world.scenery import new_place, view
from bgbias.masks import demo_masker
from bgbias.masks.demo_masker import SIDE, MaskNetwork, network_input, reduced, write_onnx
from bgbias.masks.maskers import import_rembg
from bgbias.randomness import generator

MASKER = Path(__file__).parents[3] / "resources" / "demo_masker.onnx"


@pytest.fixture(scope="module")
def session():
    """A rembg session with the shipped network; rembg takes custom models from below U2NET_HOME only."""
    before = os.environ.get("U2NET_HOME")
    os.environ["U2NET_HOME"] = str(MASKER.parent)
    yield import_rembg().new_session("u2net_custom", model_path=str(MASKER))
    os.environ.pop("U2NET_HOME") if before is None else os.environ.update(U2NET_HOME=before)


def test_network_is_small_enough_to_ship():
    assert MASKER.stat().st_size <= 2_000_000


@pytest.mark.parametrize("world", WORLDS)
def test_masks_agree_with_the_exact_ones(session, world):
    classes = make_classes(WORLDS[world], 54, 1)
    overlaps = []
    for number in range(24):
        label = 33 + number % 21  # the test classes
        picture, exact = make_image(WORLDS[world], classes[label], 0.5, 128, 1, label, number)
        found = np.asarray(import_rembg().remove(picture, session=session, only_mask=True)) > 127
        exact = np.asarray(exact) > 127
        overlaps.append((found & exact).sum() / (found | exact).sum())
    # The study's own promise. The masker saw other seeds, so other designs and other places.
    assert np.mean(overlaps) >= 0.85


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_nothing_to_find_gives_an_empty_mask(session):
    # rembg stretches by the output's own range: anything but exact zeros would become a mask out of nothing.
    empty = 0
    for number in range(8):
        scene = view(
            new_place(11, "nothing here", number, ["hills", "room", "shore"]), 128, generator(11, "v", number)
        )
        empty += not np.asarray(import_rembg().remove(scene, session=session, only_mask=True)).any()
    assert empty >= 6


def exported(network, folder):
    """The network's input for some picture, and the mask that its written graph makes of it."""
    import onnxruntime

    network.eval()
    write_onnx(network, folder / "network.onnx")
    run = onnxruntime.InferenceSession(folder / "network.onnx", providers=["CPUExecutionProvider"])
    x = network_input(generator(1, "pixels").integers(0, 256, (90, 70, 3), dtype=np.uint8))
    (found,) = run.run(None, {"image": x.numpy()})
    return x, found


def test_exported_graph_equals_the_network_in_torch(tmp_path):
    torch.manual_seed(0)
    network = MaskNetwork()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # statistics that folding could get wrong
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.normal_(module.bias)
    x, found = exported(network, tmp_path)
    with torch.no_grad():
        large = torch.nn.functional.interpolate(
            network(reduced(x)), scale_factor=demo_masker.REDUCTION, mode="bilinear", align_corners=False
        )
    expected = (large * demo_masker.SATURATION + 0.5).clamp(0, 1)
    assert expected.max() > 0.5, "something is found"
    assert found.shape == (1, 1, SIDE, SIDE)
    assert expected.std() > 0
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)


@pytest.mark.parametrize(("logit", "mask"), [(-9.0, 0), (-0.1, 0), (9.0, 1)])
def test_weak_evidence_gives_exact_zeros_and_certainty_exact_ones(tmp_path, logit, mask):
    # Logit 0 is "one half" in the hard sigmoid; nothing above one half is nothing at all. From 0 to 1 is the
    # range that rembg's stretching leaves as it is.
    network = MaskNetwork()
    torch.nn.init.zeros_(network.last.weight)
    torch.nn.init.constant_(network.last.bias, logit)
    assert (exported(network, tmp_path)[1] == mask).all()


def test_network_input_is_what_rembg_makes(session):
    picture, _ = make_image(WORLDS["cars"], make_classes(WORLDS["cars"], 9, 5)[0], 0.0, 100, 5, 0, 0)
    picture = picture.point(lambda value: value // 2)  # 1 is the largest value there is, not 255
    (theirs,) = session.normalize(
        picture, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), (SIDE, SIDE)
    ).values()
    np.testing.assert_allclose(network_input(np.asarray(picture)).numpy(), theirs, atol=1e-5)

"""A network from an ONNX file gives what the network itself gives, or says why it cannot."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from bgbias.errors import StudyError
from bgbias.models.backbones import build_backbone
from bgbias.models.embedding_model import build_model, check_size, load_model, save_model

IMAGES = torch.rand(5, 3, 24, 24, generator=torch.Generator().manual_seed(0))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution, self.top = nn.Conv2d(3, 6, 5, stride=2), nn.Linear(6, 4)

    def forward(self, images):
        return self.top(self.convolution(images).relu().mean(dim=(2, 3)))


class LikeTensorFlows(Network):
    """Channels last, and in half precision outside."""

    def forward(self, images):
        return super().forward(images.float().permute(0, 3, 1, 2)).half()


@pytest.fixture
def network():
    return seeded(Network)


def seeded(kind):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return kind().eval()


@pytest.fixture
def export(tmp_path):
    """Write a network as ONNX with the older of PyTorch's exporters, which needs no other package."""

    def write(network, images=IMAGES[:2], varying=(0,), mode=torch.onnx.TrainingMode.EVAL, outputs=1):
        path = tmp_path / "mine.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (images,),
                path,
                dynamo=False,
                input_names=["images"],
                output_names=[f"out{i}" for i in range(outputs)],
                dynamic_axes={"images": {axis: f"any{axis}" for axis in varying}},
                training=mode,
            )
        return str(path)

    return write


def test_it_embeds_as_the_network_does_and_comes_back_from_a_run(network, export, tmp_path):
    path = export(network)
    settings = {"model": path, "weights": None, "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]}
    model, preprocessing = build_model(path, settings, None, seed=0)
    expected = nn.functional.normalize(network(IMAGES), dim=1).detach()
    assert (model.embedding_size, preprocessing.mean) == (4, (0, 0, 0))
    torch.testing.assert_close(model(IMAGES.contiguous(memory_format=torch.channels_last)), expected)
    save_model(tmp_path / "model.safetensors", model)
    run = {"backbone": "mine", "settings": {"model": {"backbone": settings, "embedding_size": None}}}
    loaded, _ = load_model(tmp_path / "model.safetensors", run, 24)
    torch.testing.assert_close(loaded(IMAGES), expected)


@pytest.mark.parametrize("batch", [1, 2, 4, 5, 8])
def test_a_fixed_number_of_images_at_a_time_is_as_good_as_any(network, export, batch):
    model = build_backbone(export(network, torch.rand(batch, 3, 24, 24), varying=()), {}, 0).module
    torch.testing.assert_close(model(IMAGES), network(IMAGES).detach())


def test_images_may_be_channels_last_and_in_half_precision(export):
    network = seeded(LikeTensorFlows)
    images = IMAGES.permute(0, 2, 3, 1).half()
    model = build_backbone(export(network, images[:2]), {}, 0).module
    torch.testing.assert_close(model(IMAGES), network(images).detach().float(), rtol=1e-3, atol=1e-3)
    assert model.exported_size == (24, 24)


def test_its_size_is_the_one_it_was_exported_with_unless_it_takes_any(network, export):
    model, _ = build_model(export(network), {}, None, seed=0)
    check_size(model, "mine", 24)
    with pytest.raises(StudyError, match=r"32×32 pixels .*exported with 24×24: set transform\.eval_size"):
        check_size(model, "mine", 32)
    model, _ = build_model(export(network, varying=(0, 2, 3)), {}, None, seed=0)
    check_size(model, "mine", 32)
    with pytest.raises(StudyError, match=r"3×3 pixels .*take another backbone"):
        check_size(model, "mine", 3)


class Two(Network):
    def forward(self, images):
        return super().forward(images), images.mean(dim=(2, 3))


class Maps(Network):
    def forward(self, images):
        return self.convolution(images)


class Normed(Network):
    def __init__(self):
        super().__init__()
        self.top = nn.Sequential(self.top, nn.BatchNorm1d(4))


class Single(Network):
    def forward(self, image):
        return super().forward(image[None])


@pytest.mark.parametrize(
    ("network", "options", "sentence"),
    [
        (
            Two,
            {"outputs": 2},
            r"gives 2 results, out0, out1.*extract_model\('.*', \['images'\], \['out0'\]\)",
        ),
        (Maps, {}, r"gives \(2, 6, 10, 10\) for 2 images, not one vector"),
        (Normed, {"mode": torch.onnx.TrainingMode.TRAINING}, r"depending on the batch.*evaluation mode"),
        (
            Single,
            {"images": IMAGES[0], "varying": ()},
            r"takes images \[3, 24, 24\] tensor\(float\)\. Export",
        ),
    ],
)
def test_a_network_that_cannot_be_measured_is_told_why(export, network, options, sentence):
    path = export(seeded(network), **options)
    with pytest.raises(StudyError, match=sentence):
        build_backbone(path, {}, 0)


@pytest.mark.parametrize("content", [b"", b"nothing of the kind" * 20, None])
def test_a_file_that_holds_no_network_is_told(network, export, tmp_path, content):
    path = export(network)
    whole = (tmp_path / "mine.onnx").read_bytes()
    (tmp_path / "mine.onnx").write_bytes(whole[:300] if content is None else content)
    with pytest.raises(
        StudyError, match=r"mine\.onnx cannot be loaded by onnxruntime [\d.]+ \(.*be one ONNX file"
    ):
        build_backbone(path, {}, 0)
    with pytest.raises(StudyError, match="does not exist"):
        build_backbone(str(tmp_path / "nobodys.onnx"), {}, 0)


def test_weights_in_a_second_file_are_refused_because_a_change_would_go_unnoticed(
    network, export, tmp_path, monkeypatch
):
    onnx = pytest.importorskip("onnx")
    path = export(network)
    onnx.save_model(onnx.load(path), path, save_as_external_data=True, location="w", size_threshold=1024)
    monkeypatch.chdir(tmp_path)  # not even if the second file is where it could be found
    with pytest.raises(StudyError, match=r"contains its weights.*external_data=False"):
        build_backbone(path, {}, 0)


def test_a_value_that_is_not_finite_is_told(export):
    network = seeded(Network)
    with torch.no_grad():
        network.top.bias += np.nan
    with pytest.raises(StudyError, match="NaN or infinity"):
        build_backbone(export(network), {}, 0)

"""A network from a file of torch.export gives what the network itself gives, or says why it cannot."""

import json
import re
import zipfile
from pathlib import Path

import pytest
import torch
from paper_gpu import gpu
from torch import nn

from bgbias.errors import StudyError
from bgbias.hashes import fingerprint_file
from bgbias.models.backbones import build_backbone
from bgbias.models.embedding_model import build_model, check_size, load_model, save_model

IMAGES = torch.rand(5, 3, 24, 24, generator=torch.Generator().manual_seed(0))
ANY_BATCH = ({0: torch.export.Dim.DYNAMIC},)


class Network(nn.Module):
    """What an export has to carry: shared weights, constants, and tensors made while it runs."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 6, 5, stride=2)
        self.one, self.other = nn.Linear(6, 6), nn.Linear(6, 6)
        self.other.weight = self.one.weight
        self.scale = torch.linspace(0.5, 1, 6)
        self.register_buffer("numbers", torch.arange(6), persistent=False)
        self.register_buffer("shifts", torch.zeros(8))
        self.register_buffer("some_shifts", self.shifts[2:8])  # overlaps with the others in memory
        self.dropout = nn.Dropout(0.5)

    def forward(self, images):
        pooled = self.convolution(images).relu().mean(dim=(2, 3)) * self.scale
        places = torch.arange(6, device=images.device) / self.numbers.clamp(min=1)
        return (
            self.dropout(self.other(self.one(pooled)))
            + places
            + torch.tensor([0.0, 1, 2, 3, 4, 5])
            + self.some_shifts
        )


@pytest.fixture
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return Network().eval()


@pytest.fixture
def export(tmp_path):
    def write(network, images=IMAGES[:2], dynamic=ANY_BATCH):
        path = tmp_path / "mine.pt2"
        torch.export.save(torch.export.export(network, (images,), dynamic_shapes=dynamic), path)
        return str(path)

    return write


def test_it_embeds_as_the_network_does_and_comes_back_from_a_run(network, export, tmp_path):
    path = export(network)
    settings = {"model": path, "weights": None, "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]}
    model, preprocessing = build_model(path, settings, None, seed=0)
    expected = nn.functional.normalize(network(IMAGES), dim=1)
    assert model.embedding_size == 6
    assert preprocessing.mean == (0, 0, 0)
    torch.testing.assert_close(model(IMAGES), expected)
    save_model(tmp_path / "model.safetensors", model)
    run = {"backbone": "mine", "settings": {"model": {"backbone": settings, "embedding_size": None}}}
    loaded, _ = load_model(tmp_path / "model.safetensors", run, 24)
    torch.testing.assert_close(loaded(IMAGES), expected)
    torch.testing.assert_close(model.train()(IMAGES), expected, msg="it stays as it was exported")


def test_it_is_exported_as_the_readme_says(network, tmp_path, monkeypatch):
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    monkeypatch.chdir(tmp_path)
    exec(re.search(r"```python\n(.*?)```", readme, flags=re.DOTALL)[1], {"torch": torch, "model": network})
    assert build_backbone("mine.pt2", {}, 0).features == 6


def test_its_gradients_are_the_networks(network, export):
    model, _ = build_model(export(network), {}, None, seed=0)
    found, expected = IMAGES.clone().requires_grad_(), IMAGES.clone().requires_grad_()
    model.backbone(found).square().sum().backward()
    network(expected).square().sum().backward()
    torch.testing.assert_close(found.grad, expected.grad)


class WithoutGradient(nn.Module):
    """What lies under no_grad becomes a graph within the graph."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        with torch.no_grad():
            places = torch.arange(6, device=images.device) * 0.5
        return self.network(images) + places


@pytest.mark.parametrize("around", [nn.Identity, WithoutGradient])
def test_on_a_gpu_nothing_stays_behind(network, export, around):
    network = nn.Sequential(network) if around is nn.Identity else around(network)
    model, _ = build_model(export(network), {}, None, seed=0)
    expected = model(IMAGES).tolist()
    with gpu() as device, torch.no_grad():
        found = model.to(device)(IMAGES.to(device)).cpu().tolist()
    assert found == [pytest.approx(row, abs=1e-3) for row in expected]


class MixedPrecision(nn.Module):
    """Computes in bfloat16, twice."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        with torch.autocast(images.device.type, dtype=torch.bfloat16):
            vectors = self.network(images)
        with torch.autocast(images.device.type, dtype=torch.bfloat16):
            return self.network(images.flip(3)).float() + vectors.float()


def test_autocast_is_in_force_where_it_was(network, export):
    """The program asserts the formats of its tensors, and would fail on a GPU with another autocast."""
    model, _ = build_model(export(MixedPrecision(network)), {}, None, seed=0)
    graphs = [part for part in model.modules() if isinstance(part, torch.fx.GraphModule)]
    nodes = [node for part in graphs for node in part.graph.nodes]
    one, other = (node for node in nodes if node.target is torch.ops.higher_order.wrap_with_autocast)
    with gpu() as device:
        other.args = (device.type, *other.args[1:])  # as where a GPU was named, but the export was on a CPU
        model.to(device)
        assert (one.args[0], other.args[0]) == (device.type, "cpu")
        model.to("cpu")
    assert (one.args[0], other.args[0]) == ("cpu", device.type)


def test_a_size_that_it_was_not_exported_for_is_told(network, export):
    model, _ = build_model(export(network), {}, None, seed=0)
    check_size(model, "mine", 24)
    with pytest.raises(StudyError, match=r"mine cannot take images of 32×32 pixels \(.*24"):
        check_size(model, "mine", 32)


class Flattening(nn.Module):
    """Takes maps apart by `view`, which knows one layout in memory, and changes its input in place."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 5, stride=8)

    def forward(self, images):
        maps = self.convolution(images.sub_(0.5))
        return maps.view(maps.size(0), -1)


def test_layouts_in_memory_are_those_of_the_export(export, tmp_path):
    network = Flattening().eval()
    path = export(network)
    model, _ = build_model(path, {}, None, seed=0)
    save_model(tmp_path / "model.safetensors", model)
    run = {"backbone": "mine", "settings": {"model": {"backbone": {"model": path}, "embedding_size": None}}}
    loaded, _ = load_model(tmp_path / "model.safetensors", run, 24)  # moves the model to channels_last
    images = IMAGES.clone(memory_format=torch.channels_last)
    torch.testing.assert_close(loaded(images), nn.functional.normalize(network(IMAGES.clone()), dim=1))
    assert torch.equal(images, IMAGES), "the caller's images were changed"


def test_larger_batches_than_it_takes_are_cut(network, export):
    path = export(network, dynamic=({0: torch.export.Dim("batch", max=2)},))
    model = build_backbone(path, {}, 0).module
    assert model.at_once == 2
    torch.testing.assert_close(model(IMAGES), network(IMAGES))  # 5 images
    assert build_backbone(export(network), {}, 0).module.at_once is None


def test_another_program_in_the_place_of_that_of_a_run_is_refused(network, export, tmp_path):
    path = export(network)
    model, _ = build_model(path, {}, None, seed=0)
    save_model(tmp_path / "model.safetensors", model)
    settings = {"model": {"backbone": {"model": path}, "embedding_size": None}}
    run = {"backbone": "mine", "settings": settings, "hashes": {"program": fingerprint_file(path)}}
    load_model(tmp_path / "model.safetensors", run, 24)
    export(nn.Sequential(network))  # as good a network, with the same weights
    with pytest.raises(StudyError, match=r"mine\.pt2 has changed since the study began to measure it"):
        load_model(tmp_path / "model.safetensors", run, 24)


class Wrapped(nn.Module):
    def __init__(self, network, output):
        super().__init__()
        self.network, self.output = network, output

    def forward(self, images):
        return self.output(self.network(images))


def test_what_cannot_be_measured_is_told_with_how_to_export_it(network, export):
    def refusal(path):
        with pytest.raises(StudyError) as caught:
            build_backbone(path, {"weights": None}, 0)
        return str(caught.value)

    told = refusal(export(network, dynamic=None))
    assert "does not accept 2 images and then 1" in told
    assert "torch.export.Dim.DYNAMIC" in told
    assert "does not accept" in refusal(export(network.half(), IMAGES[:2].half()))
    network.float()
    assert "gives dict for 2 images" in refusal(export(Wrapped(network, lambda found: {"vectors": found})))
    assert "gives (2, 6, 1) for 2" in refusal(export(Wrapped(network, lambda found: found[..., None])))
    for without in (torch.Tensor.detach, lambda found: torch.heaviside(found, found)):
        told = refusal(export(Wrapped(network, without)))
        assert "does not propagate gradients to its input" in told
    assert "gives NaN or infinity" in refusal(export(Wrapped(network, lambda found: (found - 9).sqrt())))
    assert "must take one argument" in refusal(export(nn.Linear(4, 2), torch.rand(2, 4)))
    assert "must take one argument" in refusal(export(nn.Flatten(0), torch.rand(()), None))


def test_one_that_computes_in_bfloat16_is_no_training_mode(network, export):
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
            self.network.bfloat16()

        def forward(self, images):
            return self.network(images.bfloat16()).float()

    assert build_backbone(export(Half().eval()), {}, 0).features == 8


@pytest.mark.parametrize("layer", [nn.Dropout(0.5), nn.BatchNorm1d(6)])
def test_one_that_was_exported_in_training_mode_is_told(network, export, layer):
    with pytest.raises(StudyError, match=r"exported in training mode.*\.eval\(\)"):
        build_backbone(export(nn.Sequential(network, layer.train())), {}, 0)


def test_a_file_that_is_no_program_is_told(tmp_path):
    path = tmp_path / "mine.pt2"
    with pytest.raises(StudyError, match=r"mine\.pt2 does not exist"):
        build_backbone(str(path), {}, 0)
    for content in (b"", b"not a program"):
        path.write_bytes(content)
        with pytest.raises(StudyError, match=r"mine\.pt2 is not a complete file of torch\.export\.save"):
            build_backbone(str(path), {}, 0)


def test_a_program_that_cannot_be_read_is_told_by_who_wrote_it(network, export):
    """As PyTorch changes its format: a reader refuses a larger number of the major schema version."""
    path = Path(export(network))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in parts if name.endswith("models/model.json"))
    model = json.loads(parts[name])
    model["schema_version"]["major"] += 1
    for writer, told in (
        ("9.9.0", r"written by PyTorch 9\.9\.0, and .* again with the version"),
        (torch.__version__, "it is damaged, or uses operators that are not part of PyTorch"),
    ):
        parts[name] = json.dumps(model | {"torch_version": writer}).encode()
        with zipfile.ZipFile(path, "w") as archive:
            for each, content in parts.items():
                archive.writestr(each, content)
        with pytest.raises(StudyError, match=told):
            build_backbone(str(path), {}, 0)


def test_settings_of_other_networks_are_refused(network, export):
    with pytest.raises(StudyError, match="widths"):
        build_backbone(export(network), {"widths": [8]}, 0)

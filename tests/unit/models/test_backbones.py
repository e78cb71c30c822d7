"""The registry of backbones: shapes, seeds, preprocessing, and weights from files."""

import os
import pickle
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from bgbias.errors import StudyError
from bgbias.input_pipeline.preprocessing import Preprocessing, normalise
from bgbias.models.backbones import BACKBONES, build_backbone
from bgbias.models.embedding_model import EmbeddingModel, build_model, check_size, load_model, save_model
from bgbias.models.weights import read_weights

REAL = Path(os.environ.get("BGBIAS_REAL", Path(__file__).parents[3] / "../shared/real"))
SQUEEZENET = REAL / "models" / "squeezenet1_1.pth"


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_gives_the_features_it_promises(name):
    size = 224 if name == "vit_b_16" else 64
    maps = []
    with torch.device("meta"), torch.no_grad():  # shapes say it all
        backbone = build_backbone(name, {}, seed=0)
        if backbone.last_map is not None:
            layer = backbone.module.get_submodule(backbone.last_map)
            layer.register_forward_hook(lambda module, given, output: maps.append(output))
        features = backbone.module.eval()(torch.zeros(2, 3, size, size))
    assert features.shape == (2, backbone.features)
    assert bool(maps) == (backbone.last_map is not None), "the layer is passed by"
    assert all(found.shape[:2] == (2, backbone.features) and found.shape[2] > 1 for found in maps)


def test_the_seed_decides_the_random_weights_and_nothing_else_does():
    def first(seed):
        return build_model("small_cnn", {}, 8, seed)[0].state_dict()

    torch.manual_seed(1)
    once = first(0)
    torch.manual_seed(2)
    state = torch.get_rng_state()
    again = first(0)
    assert all(torch.equal(once[key], again[key]) for key in once)
    assert torch.equal(state, torch.get_rng_state()), "building a model must not disturb the generator"
    assert not torch.equal(once["head.weight"], first(1)["head.weight"])
    assert not torch.equal(once["backbone.0.weight"], first(1)["backbone.0.weight"])


def test_bninception_sees_bgr_from_0_to_255_without_the_mean():
    preprocessing = build_backbone("bninception", {}, 0).preprocessing
    pixel = torch.tensor([10.0, 20.0, 30.0])[None, :, None, None]  # R, G, B
    assert normalise(pixel, preprocessing).flatten().tolist() == pytest.approx([30 - 104, 20 - 117, 10 - 128])


@pytest.mark.parametrize("name", sorted(set(BACKBONES) - {"small_cnn", "bninception"}))
def test_input_is_prepared_as_the_weights_publisher_says(name):
    from torchvision.models import get_model_weights

    published = get_model_weights(name).IMAGENET1K_V1.transforms()
    with torch.device("meta"):  # its weights are not asked for
        found = build_backbone(name, {}, 0).preprocessing
    assert (found.order, found.maximum) == ("RGB", 1.0)
    # torchvision's GoogLeNet itself turns the usual input into one of −1 to 1.
    halves = ([0.5] * 3, [0.5] * 3)
    expected = halves if name == "googlenet" else (published.mean, published.std)
    assert (list(found.mean), list(found.std)) == expected


def test_the_demos_network_sees_minus_one_to_one_and_pools_the_fourth_power():
    backbone = build_backbone("small_cnn", {}, 0)
    pixel = torch.tensor([0.0, 127.5, 255.0])[None, :, None, None]
    assert normalise(pixel, backbone.preprocessing).flatten().tolist() == pytest.approx([-1, 0, 1])
    pooled = backbone.module[-2](torch.tensor([[[[2.0, 0.0], [0.0, 0.0]]]]))
    assert pooled.item() == pytest.approx((2**4 / 4) ** 0.25, rel=1e-4)


def test_embeddings_have_length_one_in_float32_whatever_the_network_computes_in():
    model, _ = build_model("small_cnn", {"widths": [4, 8]}, 128, seed=0)
    with torch.autocast("cpu", torch.bfloat16):
        lengths = model(torch.rand(16, 3, 16, 16)).norm(dim=1)
    assert lengths.tolist() == pytest.approx([1] * 16, abs=1e-6)


def test_embeddings_have_length_one_and_a_frozen_backbone_keeps_its_features():
    images = torch.randn(3, 3, 32, 32)
    model, _ = build_model("small_cnn", {"widths": [4, 8]}, 5, 0)
    assert model(images).shape == (3, 5)
    assert model(images).norm(dim=1).tolist() == pytest.approx([1, 1, 1])
    frozen, _ = build_model("small_cnn", {"widths": [4, 8]}, None, 0)
    frozen.eval()
    assert torch.equal(frozen(images), torch.nn.functional.normalize(frozen.backbone(images), dim=1))


def test_a_saved_model_comes_back(tmp_path):
    settings = {
        "model": "small_cnn",
        "weights": str(tmp_path / "is-not-needed-any-more.pth"),
        "widths": [4, 8],
    }
    model, _ = build_model("small_cnn", {"widths": [4, 8]}, 5, seed=3)
    save_model(tmp_path / "model.safetensors", model)
    run = {"backbone": "my_name", "settings": {"model": {"backbone": settings, "embedding_size": 5}}}
    loaded, _ = load_model(tmp_path / "model.safetensors", run, 16)
    images = torch.randn(2, 3, 16, 16)
    assert not loaded.training
    assert all(torch.equal(value, loaded.state_dict()[key]) for key, value in model.state_dict().items())
    torch.testing.assert_close(loaded(images), model.eval()(images))  # another memory layout, other roundings


def test_a_size_that_a_network_cannot_take_is_told():
    model, _ = build_model("squeezenet1_1", {}, 8, 0)
    model.train()
    check_size(model, "mine", 64)
    assert model.training
    with pytest.raises(StudyError, match=r"backbone mine cannot take images of 12×12 pixels \(.*too small\)"):
        check_size(model, "mine", 12)


def test_an_entry_that_names_another_number_of_features_is_told():
    built = replace(build_backbone("squeezenet1_1", {}, 0), features=500)
    with pytest.raises(StudyError, match=r"gives \(1, 512\) for an image, not \(1, 500\) as"):
        check_size(EmbeddingModel(built, 8), "mine", 64)


def message(name: str, settings: dict) -> str:
    with pytest.raises(StudyError) as caught:
        build_backbone(name, settings, 0)
    return str(caught.value)


def test_unknown_names_and_settings_are_refused():
    assert "small_cnn" in message("small_cn", {})
    assert "wdths" in message("small_cnn", {"wdths": [1]})


def test_timm_without_timm_says_what_to_install():
    try:
        import timm  # noqa: F401
    except ImportError:
        assert "pip install -r requirements-timm.txt" in message("timm/resnet10t", {})
    else:
        assert build_backbone("timm/resnet10t", {}, 0).features == 512


def test_weights_that_do_not_fit_are_refused_with_file_backbone_and_keys(tmp_path):
    state = build_backbone("small_cnn", {}, 0).module.state_dict()
    path = tmp_path / "weights.safetensors"

    save_file({**state, "0.weight": torch.zeros(32, 3, 5, 5)}, path)
    text = message("small_cnn", {"weights": str(path)})
    for words in (str(path), "small_cnn", "0.weight has shape (32, 3, 5, 5)"):
        assert words in text

    save_file({key: value for key, value in state.items() if key != "3.weight"}, path)
    assert "3.weight is missing" in message("small_cnn", {"weights": str(path)})

    save_file({**state, "fc.weight": torch.zeros(1)}, path)
    assert "fc.weight is unknown" in message("small_cnn", {"weights": str(path)})


def test_a_network_saved_with_something_around_it_is_told_how_to_save_it(tmp_path):
    state = build_backbone("small_cnn", {}, 0).module.state_dict()
    path = tmp_path / "weights.safetensors"
    save_file({f"module.{key}": value for key, value in state.items()}, path)
    text = message("small_cnn", {"weights": str(path)})
    assert re.search(r"0\.weight is missing; module\.\S+ is unknown and \d+ more", text)
    assert text.endswith(
        "begin with 'module.': save only that part, torch.save(model.module.state_dict(), file)."
    )
    # Other keys beside them belong to layers that have no place here, and are left to whoever made them.
    save_file({**{f"trunk.{key}": value for key, value in state.items()}, "head.bias": torch.zeros(1)}, path)
    assert "torch.save(model.trunk.state_dict(), file)" in message("small_cnn", {"weights": str(path)})


def test_files_that_are_no_weights_are_refused(tmp_path):
    path = tmp_path / "weights.pth"
    assert str(path) in message("small_cnn", {"weights": str(path)})
    for content in (b"", b"not a model at all", pickle.dumps({"a": print}, protocol=2)):
        path.write_bytes(content)
        assert str(path) in message("small_cnn", {"weights": str(path)})
    torch.save([1, 2], path)
    assert "dictionary" in message("small_cnn", {"weights": str(path)})
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"torn")
    assert str(path) in message("small_cnn", {"weights": str(path)})


def test_files_from_before_batchnorm_counted_its_steps_still_load(tmp_path):
    state = build_backbone("bninception", {}, seed=1).module.state_dict()
    old = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    torch.save({**old, "last_linear.weight": torch.zeros(2, 1024)}, tmp_path / "old.pth")
    loaded = build_backbone("bninception", {"weights": str(tmp_path / "old.pth")}, seed=2).module
    assert torch.equal(loaded.inception_5b_1x1.weight, state["inception_5b_1x1.weight"])


@pytest.mark.real
@pytest.mark.skipif(not SQUEEZENET.is_file(), reason="the real squeezenet1_1.pth is not here")
def test_the_real_squeezenet_loads_and_does_not_fit_another_backbone():
    loaded = build_backbone("squeezenet1_1", {"weights": str(SQUEEZENET)}, 0).module
    first = torch.load(SQUEEZENET, weights_only=True)["features.0.weight"]
    assert torch.equal(loaded.state_dict()["features.0.weight"], first)
    text = message("resnet18", {"weights": str(SQUEEZENET)})
    assert "resnet18" in text
    assert "squeezenet1_1.pth" in text


def test_a_file_with_more_than_weights_is_told_with_what_to_save_instead(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pth")
    torch.save({"weights": {"weight": torch.ones(1)}, "epoch": 3}, tmp_path / "training.pth")
    for name in ("model.pth", "training.pth"):
        with pytest.raises(StudyError, match=r"torch\.save\(model\.state_dict\(\), file\)"):
            read_weights(tmp_path / name)


@pytest.fixture
def with_top(tmp_path):
    """A checkpoint of BN-Inception with further layers on top of its 1024 features."""

    def write(**top):
        state = build_backbone("bninception", {}, seed=3).module.state_dict()
        torch.save(state | {f"last_linear.{key}": value for key, value in top.items()}, tmp_path / "mine.pth")
        return {"weights": str(tmp_path / "mine.pth")}

    return write


def test_the_embedding_layer_of_a_model_of_ones_own(with_top):
    weight, bias = torch.randn(6, 1024), torch.randn(6)
    settings = with_top(weight=weight, bias=bias)
    images = torch.randn(2, 3, 64, 64)
    features = build_backbone("bninception", settings, 0).module.eval()(images)
    model, _ = build_model("bninception", settings | {"head": True}, None, seed=0)
    expected = features @ weight.T + bias
    torch.testing.assert_close(model.eval()(images), expected / expected.norm(dim=1, keepdim=True))
    below, _ = build_model("bninception", settings | {"head": False}, None, seed=0)
    torch.testing.assert_close(below.eval()(images), features / features.norm(dim=1, keepdim=True))
    # Without a word of it nobody knows which of the two is meant.
    with pytest.raises(StudyError, match=r"last_linear\.weight, last_linear\.bias\. State in `backbones`"):
        build_model("bninception", settings, None, seed=0)
    # A bias is not needed.
    model, _ = build_model("bninception", with_top(weight=weight) | {"head": True}, None, seed=0)
    assert model.head.bias.count_nonzero() == 0


def test_a_model_with_a_head_of_its_own_is_what_was_saved(with_top, tmp_path):
    settings = with_top(weight=torch.randn(6, 1024), bias=torch.randn(6)) | {"head": True}
    model, _ = build_model("bninception", settings, None, seed=0)
    save_model(tmp_path / "model.safetensors", model)
    run = {"backbone": "bninception", "settings": {"model": {"backbone": settings, "embedding_size": None}}}
    run["settings"]["model"]["backbone"]["model"] = "bninception"
    loaded, _ = load_model(tmp_path / "model.safetensors", run, size=64)
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(loaded(images), model.eval()(images))
    assert loaded.embedding_size == 6


def test_a_classifier_of_imagenet_is_left_out_and_told(with_top, capsys):
    settings = with_top(weight=torch.ones(1000, 1024), bias=torch.ones(1000))
    model, _ = build_model("bninception", settings, None, seed=0)
    assert model.embedding_size == 1024
    assert "mine.pth: last_linear.weight, last_linear.bias." in capsys.readouterr().out
    # Under a training a head of embedding_size takes the place of any.
    assert build_model("bninception", with_top(weight=torch.ones(6, 1024)), 8, 0)[0].embedding_size == 8


def test_a_head_that_is_no_linear_layer_is_refused(with_top):
    settings = with_top(**{"0.weight": torch.ones(9, 1024), "2.weight": torch.ones(6, 9)}) | {"head": True}
    with pytest.raises(StudyError, match="no single linear layer on top of 1024 features"):
        build_model("bninception", settings, None, seed=0)


def test_a_batchnorm_on_top_may_be_left_out(with_top):
    # Re-identification's neck: its counter of batches is a tensor without a length.
    settings = with_top(weight=torch.ones(1024), num_batches_tracked=torch.tensor(7))
    with pytest.raises(StudyError, match="State in `backbones`"):
        build_model("bninception", settings, None, seed=0)
    assert build_model("bninception", settings | {"head": False}, None, seed=0)[0].embedding_size == 1024


def test_preprocessing_of_ones_own():
    settings = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2]}
    preprocessing = build_backbone("bninception", settings, 0).preprocessing
    # Values from 0 to 1, red first, whatever the published weights took.
    assert preprocessing == Preprocessing((0.5, 0.4, 0.3), (0.2, 0.2, 0.2), "RGB", 1.0)


def test_a_torchscript_program_is_told_from_weights(tmp_path):
    torch.jit.script(torch.nn.ReLU()).save(tmp_path / "program.pt")
    with pytest.raises(StudyError, match=r"program\.pt is a TorchScript program.*state_dict"):
        read_weights(tmp_path / "program.pt")


@pytest.mark.parametrize("text", ["j", "junk\n", "<html>not found</html>", "0", "q", "]a"])
def test_text_is_told_from_weights(text, tmp_path):
    # To a pickle its bytes are orders: to push, to name, to take what is not there.
    (tmp_path / "page.pth").write_text(text)
    said = r"page\.pth (is not a weights file|contains more than weights|is not a readable weights file)"
    with pytest.raises(StudyError, match=said):
        read_weights(tmp_path / "page.pth")

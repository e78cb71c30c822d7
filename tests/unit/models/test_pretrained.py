"""Published weights of backbones: fetched once, verified, or placed by hand."""

import hashlib
import importlib.util
import re
from pathlib import Path

import pytest
from download_weights import download_weights
from loopback import Page, http_server

from bgbias.downloads.sources import load_sources
from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.models.backbones import BACKBONES
from bgbias.models.pretrained import with_weights

PUBLISHED = load_sources(Path(__file__).parents[3] / "resources" / "sources.yaml")["weights"]
CONTENT = b"weights" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def entry(address):
    return {"name": f"net-{DIGEST[:8]}.pth", "sha256": DIGEST[:8], "urls": [f"{address}/net.pth"]}


@pytest.fixture
def page():
    return Page(CONTENT)


def fetch(tmp_path, page):
    path, receipt = tmp_path / "data/weights/net.pth", tmp_path / "receipt.csv"
    with http_server({"/net.pth": page}) as address:
        download_weights("net", entry(address), path, receipt)
    return path, read_rows(receipt)[0]


def test_weights_are_fetched_once_and_verified_by_the_digits_in_their_name(tmp_path, page):
    path, row = fetch(tmp_path, page)
    assert path.read_bytes() == CONTENT
    assert (row["bytes"], row["sha256"]) == (str(len(CONTENT)), DIGEST)
    again = fetch(tmp_path, page)
    assert (path, row) == again, "another origin must not change the receipt"
    assert len(page.requests) == 1


def test_a_hand_placed_file_is_used_without_any_request(tmp_path, page):
    (tmp_path / "data/weights").mkdir(parents=True)
    (tmp_path / "data/weights/net.pth").write_bytes(CONTENT)
    fetch(tmp_path, page)
    assert page.requests == []


def test_other_weights_are_refused_and_a_placed_file_is_kept(tmp_path, page):
    page.content = CONTENT[:-1] + b"x"
    with pytest.raises(StudyError, match=f"its sha256 is .* instead of {DIGEST[:8]}"):
        fetch(tmp_path, page)
    path = tmp_path / "data/weights/net.pth"
    assert not path.exists()
    path.write_bytes(b"another")
    with pytest.raises(StudyError, match="is not the published file"):
        fetch(tmp_path, page)
    assert path.read_bytes() == b"another"
    assert not (tmp_path / "receipt.csv").exists()


def test_without_the_file_the_message_says_what_from_where_and_what_to_do(tmp_path, page):
    page.status = 404
    with pytest.raises(StudyError) as caught:
        fetch(tmp_path, page)
    for words in ("/net.pth", "404", str(tmp_path / "data/weights/net.pth"), "by other means", "`backbones`"):
        assert words in str(caught.value)


def test_imagenet_becomes_a_file_and_everything_else_stays():
    resolved = with_weights({"model": "bninception", "weights": "imagenet"}, PUBLISHED)
    assert resolved == {"model": "bninception", "weights": "data/weights/bn_inception-52deb4733.pth"}
    for weights in (None, "nobodys.pth"):
        settings = {"model": "bninception", "weights": weights}
        assert with_weights(settings, PUBLISHED) == settings
    timm = with_weights({"model": "timm/vit_tiny.x", "weights": "imagenet"}, PUBLISHED)
    assert timm["weights"] == "data/weights/timm/vit_tiny.x.safetensors"
    with pytest.raises(StudyError, match="no published weights of the backbone small_cnn"):
        with_weights({"model": "small_cnn", "weights": "imagenet"}, PUBLISHED)


def test_timm_without_timm_leaves_nothing_and_says_what_to_install(tmp_path):
    if importlib.util.find_spec("timm"):
        pytest.skip("timm is installed")
    with pytest.raises(StudyError, match=r"pip install -r requirements-timm\.txt"):
        download_weights("timm/x", None, tmp_path / "timm/x.safetensors", tmp_path / "timm/x.csv")
    assert not list(tmp_path.iterdir())


def test_every_backbone_but_the_demos_has_published_weights_named_by_their_checksum():
    assert set(PUBLISHED) == set(BACKBONES) - {"small_cnn"}
    for weights in PUBLISHED.values():
        digits = re.fullmatch(r".+-([0-9a-f]{8,9})\.pth", weights["name"]).group(1)
        assert weights["sha256"] == digits
        assert all(url.endswith(f"/{weights['name']}") for url in weights["urls"])


@pytest.mark.parametrize("name", sorted(set(PUBLISHED) - {"bninception"}))
def test_the_addresses_are_torchvisions(name):
    import torchvision.models

    # ASSUME: the first published weights, those that the metric learning literature starts from.
    assert PUBLISHED[name]["urls"] == [torchvision.models.get_model_weights(name).IMAGENET1K_V1.url]

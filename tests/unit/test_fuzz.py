"""Whatever stands in an index, a configuration or an image file: a clear error or a right result.

    BGBIAS_FUZZ=10000 python -m pytest tests/unit/test_fuzz.py

tries 10,000 cases, shared by the three tests; 900 without the variable.
"""

import copy
import io
import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bgbias.configuration import study
from bgbias.configuration.checks import check
from bgbias.datasets.index_checks import check_index
from bgbias.datasets.verify import image_problem
from bgbias.errors import StudyError
from bgbias.images import image_size, read_mask, read_rgb
from bgbias.index import read_index, write_index

ROOT = Path(__file__).parents[2]
CASES = int(os.environ.get("BGBIAS_FUZZ", 900))
# No deadline: the machine may be busy. pytest's own timeout ends a hang.
fuzzed = settings(max_examples=-(-CASES // 3), deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder to work in; nothing may appear beside it, in the project or where the test runs."""
    folder = tmp_path_factory.mktemp("fuzz") / "inside"
    folder.mkdir()
    before = {place: sorted(os.listdir(place)) for place in (folder.parent, ROOT, Path.cwd())}
    yield folder
    assert before == {place: sorted(os.listdir(place)) for place in before}


awkward = st.sampled_from(
    [
        "",
        " ",
        "0",
        "1",
        "-1",
        "2",
        "9" * 30,
        "1e3",
        "1.0",
        "train",
        "val",
        "test",
        "Test",
        "nan",
        '"',
        "'",
        ",",
        "\\",
        "\n",
        "\r",
        "\0",
        "\ufeff",
        "../x",
        "/etc/passwd",
        "a//b",
        "./a",
        "a/../b",
        "ü/名.png",
        "=1+1",
        "$(id)",
        "٣",
    ]
)
cell = st.one_of(awkward, st.text(max_size=8))
good_row = st.tuples(
    st.integers(0, 9).map("a/{}.png".format),
    st.integers(0, 3).map(str),
    st.just("c"),
    st.sampled_from(["train", "val", "test"]),
)
row = st.one_of(good_row, good_row, st.lists(cell, min_size=3, max_size=6).map(tuple))
header = st.sampled_from(
    ["path,label,class_name,split"] * 4
    + [
        "path,label,class_name,split,mask,group",
        "path,label,class_name,split,is_query,is_gallery",
        "path,label",
        "path,path,label,class_name,split",
        "",
        ",",
    ]
)
table = st.tuples(header, st.lists(row, max_size=12), st.sampled_from(["\n", "\r\n", "\r"])).map(
    lambda parts: parts[2].join([parts[0], *(",".join(cells) for cells in parts[1])])
)
index_file = st.one_of(
    table.map(lambda text: text.encode("utf-8", "surrogatepass")),
    table.map(lambda text: text.encode("utf-16")),
    st.binary(max_size=200),
)


@fuzzed
@given(content=index_file)
def test_an_index(folder, content):
    path = folder / "index.csv"
    path.write_bytes(content)
    try:
        index = read_index(path)
        check_index(index, path)
    except StudyError as error:
        assert str(path) in str(error)  # noqa: PT017 - an error or a result, both are right
        return
    assert not any(".." in name.split("/") or name.startswith("/") for name in [*index.paths, *index.masks])
    assert len(set(index.paths)) == len(index)
    assert set(index.splits) == {"train", "val", "test"}
    write_index(folder / "again.csv", index)
    again = read_index(folder / "again.csv")
    for name in ("paths", "class_names", "splits", "masks", "groups"):
        assert getattr(again, name) == getattr(index, name)
    assert (again.labels == index.labels).all()


CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())


def places(value, here=()):
    """The path to every key and entry of nested settings."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*here, key)
        yield from places(inner, (*here, key))


scalar = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(
        ["demo", "../x", "a b", "$(id)", "demo_cars", "imagenet", "cpu", "\0", "frozen", "triplet"]
    ),
)
anything = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
change = st.tuples(
    st.sampled_from(list(places(CONFIG))), st.sampled_from(["set", "set", "drop", "add"]), anything
)


@fuzzed
@given(changes=st.lists(change, min_size=1, max_size=3))
def test_a_configuration(folder, changes):
    config = copy.deepcopy(CONFIG)
    for (*parents, last), kind, value in changes:
        try:
            inside = config
            for key in parents:
                inside = inside[key]
            if kind == "set":
                inside[last] = value
            elif kind == "drop":
                del inside[last]
            else:
                inside[last]["added"] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    try:
        check(config, SCHEMA)
    except StudyError as error:
        assert str(error)  # noqa: PT017
        return
    assert "/" not in config["study"]
    for run in study.runs(config):  # what is accepted can be spelt out
        study.masker_settings(config, run["dataset"])
        study.backbone_settings(config, run["backbone"])
        assert study.loss_settings(config, run["loss"], run["dataset"])["type"]


def encoded(form, mode="RGB", **options):
    stream = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (12, 10, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(stream, form, **options)
    return stream.getvalue()


EXIF = Image.Exif()
EXIF[0x0112] = 6
IMAGES = [
    encoded("PNG"),
    encoded("PNG", "P"),
    encoded("PNG", "I;16"),
    encoded("PNG", "LA"),
    encoded("PNG", exif=EXIF),
    encoded("JPEG"),
    encoded("JPEG", "CMYK"),
    encoded("JPEG", exif=EXIF),
    encoded("JPEG", progressive=True),
    encoded("GIF"),
    encoded("BMP"),
    encoded("TIFF"),
    encoded("TIFF", "I;16"),
    encoded("WEBP"),
    encoded("PPM"),
]
# Most damage in the first bytes: there are the type, the size and the directories.
position = st.one_of(st.integers(0, 60), st.integers(0, 400))
damage = st.lists(st.tuples(position, st.integers(0, 255)), max_size=6)


@fuzzed
@given(
    content=st.sampled_from(IMAGES),
    damage=damage,
    cut=st.none() | st.integers(0, 400),
    tail=st.binary(max_size=9),
)
def test_an_image(folder, content, damage, cut, tail):
    data = bytearray(content)
    for place, value in damage:
        if place < len(data):
            data[place] = value
    path = folder / "image.png"
    path.write_bytes(bytes(data[:cut]) + tail)
    try:
        size = image_size(path)
        rgb = read_rgb(path)
    except StudyError as error:
        assert str(path) in str(error)  # noqa: PT017
        assert image_problem(path) is not None, "what a later stage refuses must be found at the start"
        return
    assert rgb.dtype == np.uint8
    assert rgb.shape == (*size, 3)
    assert read_mask(path).shape == size

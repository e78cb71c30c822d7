"""Looking at every image before the study starts: what cannot be read is named, and decided about once."""

import csv
import zlib
from dataclasses import replace

import numpy as np
import pytest
from index_dataset import index_dataset
from PIL import Image

from bgbias.datasets.index_checks import partnerless_rows
from bgbias.datasets.verify import image_problem, without_problems
from bgbias.errors import StudyError
from bgbias.images import read_rgb
from bgbias.index import Index, read_index, write_index

CLASSES = {"train": "ab", "val": "cd", "test": "efg"}


@pytest.fixture
def root(tmp_path):
    """Seven classes of three noise images (noise, so that a truncated file lacks most of its data)."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rows = []
    for label, (split, name) in enumerate((s, n) for s, names in CLASSES.items() for n in names):
        for i in range(3):
            path = folder / name / f"{i} 'é\n\".jpg"
            path.parent.mkdir(exist_ok=True)
            noise = np.random.default_rng(label * 3 + i).integers(0, 256, (40, 30, 3), dtype=np.uint8)
            Image.fromarray(noise).save(path)
            rows.append([path.relative_to(folder).as_posix(), label, name, split])
    with open(folder / "index.csv", "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["path", "label", "class_name", "split"], *rows])
    return folder


def index_photos(root, on_bad_image):
    out = root.parent / "out"
    index_dataset(
        "photos", root, {"source": "index"}, on_bad_image, out / "index.csv", out / "problems.csv", 2
    )
    return read_index(out / "index.csv")


def problems(root):
    with open(root.parent / "out" / "problems.csv", newline="", encoding="utf-8") as stream:
        return {row["path"]: row["problem"] for row in csv.DictReader(stream)}


def picture(root, name, i):
    return root / name / f"{i} 'é\n\".jpg"


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_clean_dataset_keeps_every_row_and_an_empty_list(root):
    assert len(index_photos(root, "fail")) == 21
    assert problems(root) == {}


def test_fail_names_the_bad_images_and_the_way_out_and_writes_no_index(root):
    truncate(picture(root, "a", 0))
    picture(root, "b", 1).unlink()
    picture(root, "c", 2).write_bytes(b"")
    picture(root, "e", 0).write_text("<html>not found</html>")
    with pytest.raises(StudyError) as caught:
        index_photos(root, "fail")
    message = str(caught.value)
    assert message.startswith("4 of 21 images of dataset photos")
    for part in ("truncated", "does not exist", "it is empty", "; …", "problems.csv", "on_bad_image: skip"):
        assert part in message
    assert "HEIC must be converted" in problems(root)["e/0 'é\n\".jpg"]
    assert not (root.parent / "out" / "index.csv").exists()


def test_skip_leaves_them_out_and_a_lonely_test_image_with_them(root):
    truncate(picture(root, "a", 0))
    picture(root, "e", 0).unlink()
    picture(root, "e", 1).unlink()
    index = index_photos(root, "skip")
    # Gone: one of a, two of e, and the third of e, which could no longer be retrieved.
    assert len(index) == 17
    assert "e" not in index.class_names
    assert len(problems(root)) == 4
    assert "no other image of its class is left" in problems(root)["e/2 'é\n\".jpg"]


def test_skip_ends_the_study_when_a_split_has_one_class_left(root):
    for i in range(3):
        picture(root, "c", i).write_bytes(b"")
    with pytest.raises(StudyError, match="No two classes with readable images are left in split val"):
        index_photos(root, "skip")


def test_a_missing_hand_label_is_a_problem_of_its_image(root):
    index = read_index(root / "index.csv")
    write_index(root / "index.csv", replace(index, masks=["labels/a.png", *index.masks[1:]]))
    with pytest.raises(StudyError, match=r"has a bad hand label: \S+labels/a\.png does not exist"):
        index_photos(root, "fail")
    (root / "labels").mkdir()
    Image.new("L", (40, 30)).save(root / "labels/a.png")  # the image is 30 wide and 40 high
    with pytest.raises(StudyError, match=r"a\.png is 40×30 pixels but its image is 30×40"):
        index_photos(root, "fail")
    Image.new("L", (30, 40), 1).save(root / "labels/a.png")
    with pytest.raises(StudyError, match=r"bad hand label: \S+a\.png has no pixel value above 1"):
        index_photos(root, "fail")
    Image.new("L", (30, 40)).save(root / "labels/a.png")
    assert index_photos(root, "fail").masks[0] == "labels/a.png"


def test_skip_leaves_out_what_is_alone_in_its_class(root):
    lines = (root / "index.csv").read_text(encoding="utf-8")
    Image.new("RGB", (30, 40)).save(root / "single.jpg")
    (root / "index.csv").write_text(f"{lines}single.jpg,99,single,test\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"class 'single' .* has no other image.*on_bad_image: skip"):
        index_photos(root, "fail")
    assert len(index_photos(root, "skip")) == 21
    assert list(problems(root)) == ["single.jpg"]


def test_skip_takes_the_query_from_what_nothing_matches_and_leaves_it_to_be_found():
    # Of class 0 the gallery has row 0 alone, which row 1 finds; of class 1 it has nothing that row 2 finds.
    labels, query, gallery = [0, 0, 1, 2, 2], [1, 1, 1, 1, 1], [1, 0, 0, 1, 1]
    paths = [f"{row}.jpg" for row in range(5)]
    index = Index(paths, labels, list(map(str, labels)), ["test"] * 5, is_query=query, is_gallery=gallery)
    rest, problems = without_problems(index, {})
    assert rest.paths == ["0.jpg", "1.jpg", "3.jpg", "4.jpg"]
    assert rest.is_query.tolist() == [False, True, True, True]
    assert rest.is_gallery.tolist() == [True, False, True, True]
    assert list(problems) == [0, 2]
    assert problems[0].startswith("is not a query")
    assert not len(partnerless_rows(rest))


def test_skip_that_leaves_no_query_is_told():
    flags = {"is_query": [1, 0, 0], "is_gallery": [0, 1, 1]}
    index = Index(["a", "b", "c"], [0, 1, 2], ["0", "1", "2"], ["test"] * 3, **flags)
    with pytest.raises(StudyError, match="No query is left"):
        without_problems(index, {})


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "CMYK", "1", "I;16", "F"])
def test_every_mode_that_can_be_read_is_no_problem(tmp_path, mode):
    suffix = {"CMYK": "jpg", "F": "tiff"}.get(mode, "png")
    Image.new(mode, (4, 9)).save(tmp_path / f"image.{suffix}")
    assert image_problem(tmp_path / f"image.{suffix}") is None


def test_another_type_than_the_name_says_is_read_all_the_same(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "image.jpg", format="PNG")
    assert image_problem(tmp_path / "image.jpg") is None


def test_an_image_of_absurd_size_is_refused_before_it_fills_the_memory(tmp_path):
    # A PNG whose header announces 60,000 × 60,000 pixels in a few bytes.
    Image.new("L", (60_000, 1)).save(tmp_path / "small.png")
    data = bytearray((tmp_path / "small.png").read_bytes())
    data[20:24] = (60_000).to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(data)
    assert "million pixels" in image_problem(tmp_path / "bomb.png")


def test_a_folder_in_place_of_an_image_is_a_problem(tmp_path):
    (tmp_path / "a.jpg").mkdir()
    assert "cannot be read" in image_problem(tmp_path / "a.jpg")


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 300)])
def test_what_the_stages_refuse_is_refused_here_already(tmp_path, size):
    # read_rgb, which every stage uses, takes no sliver for a photograph; skip must be able to leave it out.
    Image.new("RGB", size).save(tmp_path / "sliver.jpg")
    with pytest.raises(StudyError):
        read_rgb(tmp_path / "sliver.jpg")
    assert "to be a photograph" in image_problem(tmp_path / "sliver.jpg")


@pytest.mark.parametrize("progressive", [False, True])
def test_a_truncated_jpeg_is_found_at_any_length(tmp_path, progressive):
    noise = np.random.default_rng(0).integers(0, 256, (120, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg", progressive=progressive)
    data = (tmp_path / "whole.jpg").read_bytes()
    assert image_problem(tmp_path / "whole.jpg") is None
    for share in (0.05, 0.3, 0.6, 0.9):
        (tmp_path / "torn.jpg").write_bytes(data[: int(share * len(data))])
        assert image_problem(tmp_path / "torn.jpg") is not None, share

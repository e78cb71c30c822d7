"""The shards of a dataset's masks, and the one table that they become."""

import numpy as np
import pytest
from mask_images import mask_images
from merge_masks import merge_masks
from PIL import Image

from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.images import read_mask
from bgbias.index import Index, write_index


@pytest.fixture
def dataset(tmp_path):
    """Five images, the fourth of them broken, and their ready masks, the last below one half everywhere."""
    masks = {"s p.png": 255, "a/x.jpg": 204, "b/x.jpg": 153, "broken.jpg": 255, "empty.png": 127}
    for path, value in masks.items():
        for place, colour in ((tmp_path / "raw" / path, 90), (tmp_path / "ready" / f"{path}.png", value)):
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 6), colour).save(place)
    (tmp_path / "raw/broken.jpg").write_bytes(b"")
    write_index(tmp_path / "index.csv", Index(list(masks), [0] * 5, ["c"] * 5, ["test"] * 5))
    return tmp_path


def run_shard(folder, shard, on_bad_image="skip", masker=None, code="code"):
    table = folder / f"shard{shard}.csv"
    mask_images(
        folder / "index.csv",
        table,
        root=str(folder / "raw"),
        masks=str(folder / "masks"),
        masker=masker or {"model": "ready", "folder": str(folder / "ready")},
        shard=shard,
        shards=2,
        on_bad_image=on_bad_image,
        code=code,
    )
    return table


def test_shards_join_in_the_order_of_the_index(dataset):
    shards = [run_shard(dataset, shard) for shard in (0, 1)]
    merge_masks(dataset / "index.csv", shards, dataset / "masks.csv")
    rows = read_rows(dataset / "masks.csv")
    assert [(r["path"], round(float(r["coverage"]), 3), r["empty"], r["failed"]) for r in rows] == [
        ("s p.png", 1.0, "0", "0"),
        ("a/x.jpg", 0.8, "0", "0"),
        ("b/x.jpg", 0.6, "0", "0"),
        ("broken.jpg", 0.0, "0", "1"),
        ("empty.png", 0.498, "1", "0"),
    ]
    assert (read_mask(dataset / "masks/a/x.jpg.png") == 204).all()
    assert (read_mask(dataset / "masks/b/x.jpg.png") == 153).all()
    assert not (dataset / "masks/broken.jpg.png").exists()


def test_the_log_of_the_join_lists_empty_and_failed_masks(dataset, capsys):
    shards = [run_shard(dataset, shard) for shard in (0, 1)]
    capsys.readouterr()
    merge_masks(dataset / "index.csv", shards, dataset / "masks.csv")
    said = "empty masks: 1 of 5\n  empty.png\nfailed masks: 1 of 5\n  broken.jpg\n"
    assert capsys.readouterr().out == said


def test_shards_of_another_index_are_refused(dataset):
    with pytest.raises(StudyError, match=r"a/x\.jpg is not in the tables"):
        merge_masks(dataset / "index.csv", [run_shard(dataset, 0)], dataset / "masks.csv")


def test_masks_of_more_images_than_the_index_has_are_refused(dataset):
    shards = [run_shard(dataset, shard) for shard in (0, 1)]
    write_index(dataset / "index.csv", Index(["s p.png", "a/x.jpg"], [0] * 2, ["c"] * 2, ["test"] * 2))
    with pytest.raises(StudyError, match=r"do not match .*: b/x\.jpg is not in the index"):
        merge_masks(dataset / "index.csv", shards, dataset / "masks.csv")


def test_whose_a_ready_mask_is_depends_on_the_images_of_all_shards(dataset):
    paths = ["b/x.jpg", "b/x.png"]  # of shards 0 and 1: b/x.png as a mask might be that of either
    (dataset / "ready/b/x.jpg.png").rename(dataset / "ready/b/x.png")
    write_index(dataset / "index.csv", Index(paths, [0] * 2, ["c"] * 2, ["test"] * 2))
    with pytest.raises(StudyError, match=r"no ready mask of b/x\.jpg"):
        run_shard(dataset, 0, on_bad_image="fail")


def test_a_bad_image_stops_the_shard_when_asked_to(dataset):
    with pytest.raises(StudyError, match=r"broken\.jpg"):
        run_shard(dataset, 1, on_bad_image="fail")
    assert not (dataset / "shard1.csv").exists()


def test_ready_masks_are_read_anew(dataset):
    for value in (204, 205):
        Image.new("L", (8, 6), value).save(dataset / "ready/a/x.jpg.png")
        run_shard(dataset, 1)
        assert (read_mask(dataset / "masks/a/x.jpg.png") == value).all()


@pytest.fixture
def asked(monkeypatch):
    """What a masker that takes the place of rembg's is asked for: "built", and the paths of images."""
    asked = []

    def build(settings, paths, threads):
        asked.append("built")
        return mask

    def mask(path, rgb):
        asked.append(path)
        return np.full(rgb.shape[:2], 0 if path == "empty.png" else 204, np.uint8)

    monkeypatch.setattr("mask_images.build_masker", build)
    return asked


def run_all(folder, asked, **settings):
    """The tables of both shards, what was asked of the masker, and the files of the masks as they are now."""
    asked.clear()
    tables = [run_shard(folder, shard, masker={"model": "u2net"}, **settings).read_text() for shard in (0, 1)]
    return tables, asked.copy(), {path: path.stat().st_mtime_ns for path in (folder / "masks").rglob("*.png")}


def test_masks_that_are_there_are_kept_and_the_masker_is_not_even_built(dataset, asked, capsys):
    (dataset / "raw/broken.jpg").unlink()
    write_index(
        dataset / "index.csv", Index(["s p.png", "a/x.jpg", "empty.png"], [0] * 3, ["c"] * 3, ["test"] * 3)
    )
    first, asked_first, files = run_all(dataset, asked)
    assert asked_first == ["built", "s p.png", "empty.png", "built", "a/x.jpg"]
    capsys.readouterr()
    assert run_all(dataset, asked) == (first, [], files)
    said = capsys.readouterr().out
    assert said == "2 of 2 masks already exist\n1 of 1 masks already exist\n"


def test_masks_that_failed_are_tried_again(dataset, asked):
    first, _, files = run_all(dataset, asked)
    assert run_all(dataset, asked) == (first, ["built"], files)
    Image.new("L", (8, 6), 90).save(dataset / "raw/broken.jpg")
    assert run_all(dataset, asked)[1] == ["built", "broken.jpg"]


def test_a_new_image_that_moves_others_to_another_shard_is_masked_alone(dataset, asked):
    Image.new("L", (8, 6), 90).save(dataset / "raw/broken.jpg")
    Image.new("L", (8, 6), 90).save(dataset / "raw/a/new.jpg")
    _, _, before = run_all(dataset, asked)
    paths = ["a/new.jpg", "s p.png", "a/x.jpg", "b/x.jpg", "broken.jpg", "empty.png"]
    write_index(dataset / "index.csv", Index(paths, [0] * 6, ["c"] * 6, ["test"] * 6))
    tables, masked, after = run_all(dataset, asked)
    assert masked == ["built", "a/new.jpg"]
    assert [line.partition(",")[0] for line in tables[0].splitlines()] == ["path", *paths[::2]]
    assert after == before | {dataset / "masks/a/new.jpg.png": after[dataset / "masks/a/new.jpg.png"]}


def test_after_an_edit_of_the_code_all_masks_are_made_again(dataset, asked):
    (dataset / "raw/broken.jpg").unlink()
    first, asked_first, _ = run_all(dataset, asked)
    assert run_all(dataset, asked, code="edited")[:2] == (first, asked_first)

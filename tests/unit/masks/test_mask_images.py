"""The shards of a dataset's masks, and the one table that they become."""

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


def run_shard(folder, shard, on_bad_image="skip"):
    table = folder / f"shard{shard}.csv"
    mask_images(
        folder / "index.csv",
        table,
        root=str(folder / "raw"),
        masks=str(folder / "masks"),
        masker={"model": "ready", "folder": str(folder / "ready")},
        shard=shard,
        shards=2,
        on_bad_image=on_bad_image,
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
    with pytest.raises(StudyError, match=r"are not of .*: b/x\.jpg is not in the index"):
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

"""The table of what the numbers rest on."""

from bgbias.results.data_table import data_table
from bgbias.results.table_formats import to_markdown


def test_a_table_has_the_splits_that_there_are():
    images = {"train": 8, "val": 0, "test": 1200}
    data = {"my_data": {"classes": {"train": 2, "val": 0, "test": 3}, "images": images, "left_out": 1}}
    assert to_markdown(data_table(data, {"my_data": 1200}, 30)).splitlines()[::2] == [
        "| Dataset | Training classes | Training images | Test classes | Test images | left out "
        "| test backgrounds |",
        "| My Data | 2 | 8 | 3 | 1,200 | 1 | 30 |",
    ]
    images["val"] = 4
    assert "Validation images" in to_markdown(data_table(data, {"my_data": 1200}, 30))


def test_queries_are_counted_where_not_every_test_image_is_one():
    splits = {"train": 0, "val": 0, "test": 12}
    data = {name: {"classes": splits, "images": splits, "left_out": 0} for name in ("shop", "street")}
    lines = to_markdown(data_table(data, {"shop": 12, "street": 5}, 30)).splitlines()
    assert lines[0].startswith("| Dataset | Test classes | Test images | queries | left out |")
    assert lines[2:] == ["| Shop | 12 | 12 | 12 | 0 | 30 |", "| Street | 12 | 12 | 5 | 0 | 30 |"]

"""What stands in the columns of rows."""

from bgbias.results.rows import shown_side_by_side, unique, variants_of


def rows(*variants, loss="triplet"):
    return [{"backbone": "b", "loss": loss, "variant": variant} for variant in variants]


def test_values_stand_in_the_order_of_their_first_appearance():
    assert unique(rows("b", "a", "b"), "variant") == ["b", "a"]


def test_base_is_first_and_the_others_stay_in_their_order():
    assert variants_of(rows("b", "a", "base")) == ["base", "b", "a"]


def test_the_first_run_of_a_variant_is_shown_and_a_model_as_it_comes_is_none():
    runs = [*rows("base", loss="frozen"), *rows("base", "bgaugment", "base")]
    assert shown_side_by_side(runs) == {"frozen": 0, "base": 1, "bgaugment": 2}


def test_models_as_they_come_are_told_apart_by_their_backbones():
    runs = [run | {"backbone": name} for name in ("mine", "base") for run in rows("base", loss="frozen")]
    assert shown_side_by_side(runs) == {"mine": 0, "base": 1}

"""The sentences of the report say what the numbers say."""

import pytest

from bgbias.results.findings import (
    attention_findings,
    data_findings,
    mask_findings,
    query_findings,
    retrieval_findings,
    training_findings,
)
from bgbias.results.measured_on import Copies, MeasuredOn


def cells(dataset, loss, **variants):
    """Summary rows; variants as (clean, swapped)."""
    run = {"dataset": dataset, "backbone": "b", "loss": loss}
    return [
        run | {"variant": variant, "protocol": protocol, "mean": mean, "seeds": 1, "draws": 1, "sd": None}
        for variant, means in variants.items()
        for protocol, mean in zip(("clean", "swapped"), means, strict=True)
    ]


def test_retrieval_sentences():
    summary = [
        *cells(
            "cars196", "arcface", base=(0.5, 0.4), bgaugment=(0.6, 0.6)
        ),  # base −20 %, better with bgaugment
        *cells("cars196", "triplet", base=(0.5, 0.5), bgaugment=(0.5, 0.4)),  # base 0 %, worse with bgaugment
        *cells(
            "sop", "triplet", base=(0.8, 0.1), bgaugment=(0.7, 0.6)
        ),  # base −87.5 %, better with bgaugment
    ]
    assert retrieval_findings(summary) == [
        "Swapping the backgrounds of the test images costs Base most on Online Products with Triplet: MAP@R "
        "falls from 80.0 to 10.0\u00a0%.",
        "On average Base loses 10\u00a0% of its MAP@R on Cars196 and 88\u00a0% on Online Products.",
        "On average BGAugment loses 10\u00a0% of its MAP@R on Cars196 and 14\u00a0% on Online Products.",
        # clean: +10, 0 and −10 points
        "With swapped backgrounds BGAugment retrieves better than Base in 2 of 3 pairs (dataset × loss); on "
        "the clean images it changes MAP@R by +0.0 points on average.",
    ]


def test_the_largest_drop_is_relative():
    cars = cells("a", "triplet", base=(0.8, 0.5), bgaugment=(0.8, 0.1))  # the other variant's is not Base's
    summary = [*cars, *cells("b", "triplet", base=(0.2, 0.05))]
    assert "costs Base most on B with Triplet: MAP@R falls from 20.0 to 5.0" in retrieval_findings(summary)[0]


def test_one_pair_is_no_average():
    (*_, sentence) = retrieval_findings(cells("sop", "triplet", base=(0.5, 0.4), mine=(0.6, 0.5)))
    assert sentence.endswith("on the clean images it changes MAP@R by +10.0 points.")


def test_what_is_equal_is_not_better():
    summary = cells("a", "triplet", base=(0.8, 0.5), bgaugment=(0.8, 0.5))
    assert "better than Base in 0 of 1 pair (dataset × loss);" in retrieval_findings(summary)[-1]
    rows = [row | {"method": "study"} for row in summary if row["protocol"] == "clean"]
    rows.append(rows[0] | {"loss": "frozen", "backbone": "another"})  # nothing to compare it with
    assert "in 0 of 1 pair (dataset × loss):" in attention_findings(rows, "study")[0]


def test_a_win_of_less_than_a_point_is_one():
    summary = cells("a", "triplet", base=(0.5, 0.1004), bgaugment=(0.5, 0.1041))  # print as 10.04 and 10.41
    assert "better than Base in 1 of 1 pair" in retrieval_findings(summary)[-1]


def test_no_largest_drop_where_nothing_falls():
    better = [*cells("rho_0", "triplet", base=(0.5, 0.52)), *cells("rho_1", "triplet", base=(0.5, 0.501))]
    assert retrieval_findings(better) == [
        # −4 % and −.2 %
        "Base loses 0\u00a0% of its MAP@R on Rho 1, and gains 4\u00a0% on Rho 0.",
    ]
    assert retrieval_findings(cells("sop", "triplet", base=(0.5004, 0.4996))) == [  # both print as 50.0
        "Base loses 0\u00a0% of its MAP@R on Online Products (from 50.0 to 50.0\u00a0%)."
    ]


def test_of_a_model_that_finds_nothing_there_is_nothing_to_lose():
    assert retrieval_findings(cells("sop", "triplet", base=(0.0, 0.0))) == []


def test_losses_and_gains_of_one_variant():
    rows = [
        *cells("a", "triplet", base=(0.5, 0.4)),
        *cells("b", "triplet", base=(0.5, 0.45)),
        *cells("c", "triplet", base=(0.5, 0.55)),
        *cells("d", "triplet", base=(0.5, 0.6)),
        *cells("e", "triplet", base=(0.0009, 0.0006)),  # a third is lost of what prints as 0.1
    ]
    largest, changes = retrieval_findings(rows)
    assert "most on A with Triplet: MAP@R falls from 50.0 to 40.0\u00a0%." in largest
    assert changes == (
        "Base loses 20\u00a0% of its MAP@R on A, 10\u00a0% on B and 33\u00a0% on E, and gains "
        "10\u00a0% on C and 20\u00a0% on D."
    )
    frozen = cells("a", "frozen", base=(0.5, 0.6))
    assert retrieval_findings(frozen) == [
        "B (as it comes) gains 20\u00a0% of its MAP@R on A (from 50.0 to 60.0\u00a0%)."
    ]


def test_backbones_that_were_not_trained_are_no_base():
    # The frozen one loses 90 %: it must not be named as Base's largest loss, nor enter Base's average.
    trained = cells("sop", "triplet", base=(0.6, 0.3), bgaugment=(0.6, 0.6))
    summary = [*trained, *cells("sop", "frozen", base=(0.2, 0.02))]
    expected = retrieval_findings(trained)
    last = "B (as it comes) loses 90\u00a0% of its MAP@R on Online Products (from 20.0 to 2.0\u00a0%)."
    assert retrieval_findings(summary) == [*expected[:2], last, *expected[2:]]
    assert "Base loses 50\u00a0%" in expected[0]
    assert retrieval_findings(cells("sop", "frozen", base=(0.2, 0.02))) == [last]
    other = [row | {"backbone": "mine"} for row in cells("sop", "frozen", base=(0.2, 0.06))]
    of_other = "Mine (as it comes) loses 70\u00a0% of its MAP@R on Online Products (from 20.0 to 6.0\u00a0%)."
    assert retrieval_findings([*cells("sop", "frozen", base=(0.2, 0.02)), *other]) == [last, of_other]
    assert retrieval_findings([*summary, *other]) == [*expected[:2], last, of_other, *expected[2:]]


def test_of_several_backbones_the_one_that_loses_most_is_named():
    other = [row | {"backbone": "resnet50"} for row in cells("sop", "triplet", base=(0.5, 0.1))]
    sentence = retrieval_findings([*cells("sop", "triplet", base=(0.5, 0.4)), *other])[0]
    assert "with ResNet-50 and Triplet: MAP@R falls from 50.0 to 10.0" in sentence


def test_with_several_backbones_a_pair_is_of_one_of_them():
    other = [
        row | {"backbone": "resnet50"} for row in cells("sop", "triplet", base=(0.5, 0.1), mine=(0.5, 0.2))
    ]
    rows = [*cells("sop", "triplet", base=(0.5, 0.4), mine=(0.5, 0.4)), *other]
    assert "better than Base in 1 of 2 pairs (dataset × backbone × loss);" in retrieval_findings(rows)[-1]


def test_most_models_best_at_their_last_epoch_should_train_longer():
    rising, fallen = ({"loss": "triplet", "best_epoch": best, "epochs": 6} for best in (6, 4))
    frozen = {"loss": "frozen", "best_epoch": 0, "epochs": 0}
    assert training_findings([rising, fallen, frozen]) == training_findings([frozen]) == []
    assert training_findings([rising, rising, fallen, frozen]) == [
        "2 of 3 models were best at the last epoch: a longer training (training.max_epochs) may find better "
        "ones."
    ]


def test_one_variant_alone_is_compared_with_nothing():
    # Nor is it the most of several, or an average.
    assert retrieval_findings(cells("sop", "triplet", mine=(0.4, 0.2))) == [
        "Mine loses 50\u00a0% of its MAP@R on Online Products (from 40.0 to 20.0\u00a0%).",
    ]
    assert retrieval_findings([]) == attention_findings([], "study") == mask_findings([]) == []


def test_attention_and_mask_sentences():
    rows = [
        {"dataset": "d", "backbone": "b", "loss": loss, "variant": variant, "method": "study", "mean": mean}
        for loss, variant, mean in (
            ("x", "base", 0.1), ("x", "bgaugment", 0.3), ("y", "base", 0.3), ("y", "bgaugment", 0.2),
        )
    ]  # fmt: skip
    assert attention_findings(rows, "study") == [
        "Attention lies more on the object with BGAugment than with Base in 1 of 2 pairs (dataset × loss): "
        "the mean score goes from 0.20 to 0.25."
    ]
    for row, mean in zip(rows, (0.098, 0.103, 0.2, 0.2), strict=True):
        row["mean"] = mean
    assert attention_findings(rows, "study")[0].endswith(
        "in 0 of 2 pairs (dataset × loss): the mean score stays at 0.15."
    ), "the table prints 0.10 twice"
    masks = [
        {"dataset": "sop", "iou_mean": "0.8517", "masks": "50", "empty": "3"},
        {"dataset": "cars196", "iou_mean": "0.9668", "masks": "40", "empty": "0"},
        {"dataset": "mine", "iou_mean": "", "masks": "9", "empty": "0"},
    ]
    assert mask_findings(masks) == [
        "The masks agree with hand labels to a mean IoU between 0.85 (Online Products) and 0.97 (Cars196).",
        "Without hand labels the masks of Mine are unchecked: see the mask examples.",
        "Masks that are empty or failed: 3 of 50 on Online Products. An image with an empty one "
        "loses its object in the swap. The dataset’s masks.csv names them.",
    ]


def data(dataset, left_out=0, test=60, **copies):
    """A dataset's MeasuredOn, of its classes nothing but their number."""
    splits = {"train": 30, "val": 10, "test": test}
    none = {"own_class": [], "other_class": [], "training": []}
    return MeasuredOn(dataset, dict.fromkeys(splits, 5), splits, left_out, Copies(**none | copies))


PHOTOS = [{"enlarged": "0"}] * 20


def test_images_without_fault_are_no_finding():
    assert data_findings([data("sop"), data("mine")], PHOTOS) == []


def test_copies_are_counted_by_what_they_do_and_the_first_is_named():
    pairs = [("a/1.png", "a/2.png"), ("a/2.png", "a/1.png")]
    assert data_findings(
        [data("sop"), data("mine", own_class=pairs), data("b", own_class=pairs[1:])], PHOTOS
    ) == [
        "Test images with an exact copy in their class: 2 of 60 on Mine (first pair: a/1.png and a/2.png) "
        "and 1 of 60 on B (first pair: a/2.png and a/1.png). A copy is found whatever a model looks at, so "
        "that clean retrieval and what the swap costs both come out too high."
    ]
    assert data_findings(
        [data("sop", other_class=pairs[:1], training=[("a/{1}.png", "b/2.png")])], PHOTOS
    ) == [
        "Test images with an exact copy in another class: 1 of 60 on Online Products (first pair: a/1.png "
        "and a/2.png). No model can tell these classes apart by it: one of the two labels may be wrong.",
        "Test images with an exact copy among the training or validation images: 1 of 60 on Online Products "
        "(first pair: a/{1}.png and b/2.png). What a model has seen in training is no test of it.",
    ]


def test_images_left_out_are_counted_of_all():
    assert data_findings([data("sop", left_out=3), data("b"), data("mine", left_out=1, test=50)], PHOTOS) == [
        "Images left out: 3 of 103 on Online Products and 1 of 91 on Mine. The dataset’s problems.csv says "
        "why; one that is not listed there has no mask."
    ]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (20, []),
        (
            19,
            [
                "With only 19 test backgrounds, one pair of swapped images in 19 shares one by chance: take "
                "some dozens at least."
            ],
        ),
        (1, ["All swapped images share the only test background: take some dozens at least."]),
    ],
)
def test_few_backgrounds_are_shared(count, said):
    assert data_findings([data("sop")], PHOTOS[:count]) == said


def test_few_queries_make_rough_numbers():
    rows = [{"dataset": name, "n_queries": count} for name, count in (("sop", "50"), ("mine", "16"))]
    # One of 16 queries is 6.25 percent of them.
    assert query_findings(rows) == [
        "Mine has only 16 queries: one that is answered right or not moves Precision@1 by 6.2 points."
    ]


def test_backgrounds_that_were_enlarged_are_told():
    said = data_findings([data("sop")], [*PHOTOS, {"enlarged": "1"}])
    assert said == [
        "Test backgrounds that are smaller than images are packed (pixels.short_side), and so blurred: 1 of "
        "21. Take larger ones: a sharp object before them looks pasted."
    ]

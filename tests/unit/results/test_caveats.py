"""The report names what limits its numbers, and only that."""

import pytest

from bgbias.results.caveats import data_caveats, mask_caveats, query_caveats, training_caveats


def test_most_models_best_at_their_last_epoch_should_train_longer():
    rising, fallen = ({"loss": "triplet", "best_epoch": best, "epochs": 6} for best in (6, 4))
    frozen = {"loss": "frozen", "best_epoch": 0, "epochs": 0}
    assert training_caveats([rising, fallen, frozen]) == training_caveats([frozen]) == []
    assert training_caveats([rising, rising, fallen, frozen]) == [
        "2 of 3 models were best at the last epoch: longer training (training.max_epochs) may improve on "
        "them."
    ]


def test_mask_sentences():
    masks = [
        {"dataset": "sop", "iou_mean": "0.8517", "masks": "5000", "empty": "3"},
        {"dataset": "cars196", "iou_mean": "0.9668", "masks": "40", "empty": "0"},
        {"dataset": "mine", "iou_mean": "", "masks": "9", "empty": "0"},
    ]
    assert mask_caveats(masks) == [
        "Compared with hand labels, the masks have a mean IoU between 0.85 (Online Products) and 0.97 "
        "(Cars196).",
        "Without hand labels, the masks of Mine are unchecked: see the mask examples.",
        "Masks that are empty or failed: 3 of 5,000 on Online Products. With an empty mask, "
        "the swap removes the object too. The dataset’s masks.csv lists them.",
    ]


def data(dataset, left_out=0, test=60, **copies):
    """A dataset's name and contents."""
    splits = {"train": 30, "val": 10, "test": test}
    copies = {"own_class": [], "other_class": [], "training": []} | copies
    return dataset, {
        "classes": dict.fromkeys(splits, 5), "images": splits, "left_out": left_out, "copies": copies
    }  # fmt: skip


PHOTOS = [{"enlarged": "0"}] * 20


def test_images_without_fault_are_no_finding():
    assert data_caveats(dict([data("sop"), data("mine")]), PHOTOS) == []


def test_copies_are_counted_by_what_they_do_and_the_first_is_named():
    pairs = [("a/1.png", "a/2.png"), ("a/2.png", "a/1.png")]
    assert data_caveats(
        dict([data("sop"), data("mine", own_class=pairs), data("b", own_class=pairs[1:])]), PHOTOS
    ) == [
        "Test images with an exact copy in their class: 2 of 60 on Mine (first pair: a/1.png and a/2.png) "
        "and 1 of 60 on B (first pair: a/2.png and a/1.png). A copy is found no matter what a model looks "
        "at, so clean retrieval and the cost of the swap are both overestimated."
    ]
    assert data_caveats(
        dict([data("sop", other_class=pairs[:1], training=[("a/{1}.png", "b/2.png")])]), PHOTOS
    ) == [
        "Test images with an exact copy in another class: 1 of 60 on Online Products (first pair: a/1.png "
        "and a/2.png). No model can tell these images apart: one of the two labels may be wrong.",
        "Test images with an exact copy among the training or validation images: 1 of 60 on Online Products "
        "(first pair: a/{1}.png and b/2.png). An image seen in training does not test a model.",
    ]


def test_images_left_out_are_counted_of_all():
    assert data_caveats(
        dict([data("sop", left_out=3), data("b"), data("mine", left_out=1, test=50)]), PHOTOS
    ) == [
        "Images left out: 3 of 103 on Online Products and 1 of 91 on Mine. The dataset’s problems.csv says "
        "why; an image not listed there has no mask."
    ]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (20, []),
        (
            19,
            [
                "With only 19 test backgrounds, one pair of swapped images in 19 shares one by chance: use "
                "at least a few dozen."
            ],
        ),
        (1, ["There is only one test background, shared by all swapped images: use at least a few dozen."]),
    ],
)
def test_few_backgrounds_are_shared(count, said):
    assert data_caveats(dict([data("sop")]), PHOTOS[:count]) == said


def test_few_queries_make_rough_numbers():
    rows = [{"dataset": name, "n_queries": count} for name, count in (("sop", "50"), ("mine", "16"))]
    # One of 16 queries is 6.25 percent of them.
    assert query_caveats({row["dataset"]: int(row["n_queries"]) for row in rows}) == [
        "Mine has only 16 queries: a single one changes Precision@1 by 6.2 points."
    ]


def test_backgrounds_that_were_enlarged_are_told():
    said = data_caveats(dict([data("sop")]), [*PHOTOS, {"enlarged": "1"}])
    assert said == [
        "Test backgrounds smaller than the packed images (pixels.short_side), and therefore blurred: 1 of "
        "21. Use larger ones: a sharp object in front of them looks pasted."
    ]

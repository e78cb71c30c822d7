"""The sentences of the report say what the numbers say."""

from bgbias.results.findings import attention_findings, retrieval_findings


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
        "B (as is) gains 20\u00a0% of its MAP@R on A (from 50.0 to 60.0\u00a0%)."
    ]


def test_backbones_that_were_not_trained_are_no_base():
    # The frozen one loses 90 %: it must not be named as Base's largest loss, nor enter Base's average.
    trained = cells("sop", "triplet", base=(0.6, 0.3), bgaugment=(0.6, 0.6))
    summary = [*trained, *cells("sop", "frozen", base=(0.2, 0.02))]
    expected = retrieval_findings(trained)
    last = "B (as is) loses 90\u00a0% of its MAP@R on Online Products (from 20.0 to 2.0\u00a0%)."
    assert retrieval_findings(summary) == [*expected[:2], last, *expected[2:]]
    assert "Base loses 50\u00a0%" in expected[0]
    assert retrieval_findings(cells("sop", "frozen", base=(0.2, 0.02))) == [last]
    other = [row | {"backbone": "mine"} for row in cells("sop", "frozen", base=(0.2, 0.06))]
    of_other = "Mine (as is) loses 70\u00a0% of its MAP@R on Online Products (from 20.0 to 6.0\u00a0%)."
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


def test_one_variant_alone_is_compared_with_nothing():
    # Nor is it the most of several, or an average.
    assert retrieval_findings(cells("sop", "triplet", mine=(0.4, 0.2))) == [
        "Mine loses 50\u00a0% of its MAP@R on Online Products (from 40.0 to 20.0\u00a0%).",
    ]
    assert retrieval_findings([]) == attention_findings([], "study") == []


def test_attention_sentences():
    rows = [
        {"dataset": "d", "backbone": "b", "loss": loss, "variant": variant, "method": "study", "mean": mean}
        for loss, variant, mean in (
            ("x", "base", 0.1), ("x", "bgaugment", 0.3), ("y", "base", 0.3), ("y", "bgaugment", 0.2),
        )
    ]  # fmt: skip
    assert attention_findings(rows, "study") == [
        "Attention is more on the object with BGAugment than with Base in 1 of 2 pairs (dataset × loss): "
        "the mean score changes from 0.20 to 0.25."
    ]
    for row, mean in zip(rows, (0.098, 0.103, 0.2, 0.2), strict=True):
        row["mean"] = mean
    assert attention_findings(rows, "study")[0].endswith(
        "in 0 of 2 pairs (dataset × loss): the mean score stays at 0.15."
    ), "the table prints 0.10 twice"

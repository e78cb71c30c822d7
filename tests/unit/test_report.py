"""The report stands alone, and its sentences say what the numbers say."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from write_report import scope, write_report

from bgbias.errors import StudyError
from bgbias.files import read_rows, write_rows
from bgbias.findings import attention_findings, mask_findings, retrieval_findings, training_findings
from bgbias.report import breakable, header_rows, run_facts, settings_lines, variant_words
from bgbias.runs import read_run, write_run
from bgbias.summaries import spread_words
from bgbias.table_formats import Table

TEMPLATE = Path(__file__).parents[2] / "workflow" / "report" / "report.html.j2"


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
    summary = [*cells("a", "triplet", base=(0.8, 0.5)), *cells("b", "triplet", base=(0.2, 0.05))]
    assert "most on B with Triplet: MAP@R falls from 20.0 to 5.0" in retrieval_findings(summary)[0]


def test_what_is_equal_is_not_better():
    summary = cells("a", "triplet", base=(0.8, 0.5), bgaugment=(0.8, 0.5))
    assert "better than Base in 0 of 1 pair (dataset × loss);" in retrieval_findings(summary)[-1]
    rows = [row | {"method": "study"} for row in summary if row["protocol"] == "clean"]
    rows.append(rows[0] | {"loss": "frozen", "backbone": "another"})  # nothing to compare it with
    assert "in 0 of 1 pair (dataset × loss):" in attention_findings(rows, "study")[0]


def test_no_largest_drop_where_nothing_falls():
    better = [*cells("rho_0", "triplet", base=(0.5, 0.52)), *cells("rho_1", "triplet", base=(0.5, 0.501))]
    assert retrieval_findings(better) == [
        # −4 % and −.2 %
        "On average Base loses 0\u00a0% of its MAP@R on Rho 1, and gains 4\u00a0% on Rho 0.",
    ]
    assert retrieval_findings(cells("sop", "triplet", base=(0.5004, 0.4996))) == [  # both print as 50.0
        "On average Base loses 0\u00a0% of its MAP@R on Online Products."
    ]


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
        "On average Base loses 20\u00a0% of its MAP@R on A, 10\u00a0% on B and 33\u00a0% on E, and gains "
        "10\u00a0% on C and 20\u00a0% on D."
    )
    frozen = cells("a", "frozen", base=(0.5, 0.6))
    assert retrieval_findings(frozen) == ["B (not trained) gains 20\u00a0% of its MAP@R on A."]


def test_backbones_that_were_not_trained_are_no_base():
    # The frozen one loses 90 %: it must not be named as Base's largest loss, nor enter Base's average.
    trained = cells("sop", "triplet", base=(0.6, 0.3), bgaugment=(0.6, 0.6))
    summary = [*trained, *cells("sop", "frozen", base=(0.2, 0.02))]
    expected = retrieval_findings(trained)
    last = "B (not trained) loses 90\u00a0% of its MAP@R on Online Products."
    assert retrieval_findings(summary) == [*expected[:3], last, *expected[3:]]
    assert "On average Base loses 50\u00a0%" in expected[1]
    assert retrieval_findings(cells("sop", "frozen", base=(0.2, 0.02))) == [last]
    other = [row | {"backbone": "mine"} for row in cells("sop", "frozen", base=(0.2, 0.06))]
    assert retrieval_findings([*cells("sop", "frozen", base=(0.2, 0.02)), *other]) == [
        "On average a backbone that was not trained loses 80\u00a0% of its MAP@R on Online Products."
    ]


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
    findings = retrieval_findings(cells("sop", "triplet", mine=(0.4, 0.2)))
    assert findings[1:] == ["On average Mine loses 50\u00a0% of its MAP@R on Online Products."]
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
    masks = [
        {"dataset": "sop", "iou_mean": "0.8517", "masks": "50", "empty": "3"},
        {"dataset": "cars196", "iou_mean": "0.9668", "masks": "40", "empty": "0"},
        {"dataset": "mine", "iou_mean": "", "masks": "9", "empty": "0"},
    ]
    assert mask_findings(masks) == [
        "The masks agree with hand labels to a mean IoU between 0.85 (Online Products) and 0.97 (Cars196).",
        "Without hand labels the masks of Mine are unchecked: see the mask examples.",
        "Masks that are empty or failed: 3 of 50 on Online Products. Such an image loses its "
        "object in the swap.",
    ]


def test_the_grid_in_words_names_variants_of_trained_models_only():
    trained = cells("sop", "triplet", bgaugment=(0.6, 0.6), base=(0.6, 0.3))
    frozen = [row | {"backbone": "mine"} for row in cells("sop", "frozen", base=(0.2, 0.02))]
    assert scope([*trained, *frozen]) == (
        "dataset Online Products; loss Triplet; variants Base and BGAugment; backbones B and Mine."
    )
    assert scope(frozen) == "dataset Online Products; backbone Mine."


def test_a_heading_spans_its_columns():
    table = Table(["Loss", "Variant"], [("Cars", ["clean", "swapped"]), ("Birds", ["clean"])])
    assert header_rows(table) == [("", 2), ("Cars", 2), ("Birds", 1)]


def test_settings_show_keys_in_the_spelling_of_yaml_and_no_folder_of_this_machine():
    settings = {"training": {"momentum": 0.9, "ratio": [0.75, 4 / 3]}, "weights": "/home/me/u2.onnx"}
    settings |= {"flip": True, "images": None, "frozen": [], "groups": {}, "rate": 1e-5, "names": ["a", "b"]}
    assert list(settings_lines(settings)) == [
        ("training.momentum", "0.9"),
        ("training.ratio", "[0.75, 1.33333]"),
        ("weights", "u2.onnx"),
        ("flip", "true"),
        ("images", "null"),
        ("frozen", "[]"),
        ("groups", "{}"),
        ("rate", "1e-05"),
        ("names", "[a, b]"),
    ]


def test_long_keys_break_between_their_words_only():
    assert breakable("losses.multi_similarity.base") == "losses.<wbr>multi_<wbr>similarity.<wbr>base"
    assert breakable("[0.75, 1.33]") == "[0.75, 1.33]"
    assert breakable("a_<b>") == "a_&lt;b&gt;"


def test_variants_in_words():
    variants = ((0.0, "clean"), (0.0, "swapped"), (0.5, "swapped"), (1.0, "swapped"))
    said = [variant_words({"probability": share, "selection": selection}) for share, selection in variants]
    assert said == [
        "the images as they are; its epoch is chosen on clean validation images",
        "the images as they are; its epoch is chosen on background-swapped validation images",
        "images whose background is replaced by another one with a probability of 0.5; its epoch is chosen "
        "on background-swapped validation images",
        "images whose background is always replaced by another one; its epoch is chosen on "
        "background-swapped validation images",
    ]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([(1, 1), (1, 1)], ""),
        ([(1, 1), (1, 5)], "over 5 background draws"),
        ([(3, 1), (3, 5)], "over 3 seeds"),
        ([(3, 5), (1, 5)], "over 3 seeds or, where there is one seed, over 5 background draws"),
    ],
)
def test_the_spread_is_over_seeds_or_draws(counts, words):
    rows = [{"protocol": "swapped", "seeds": seeds, "draws": draws} for seeds, draws in counts]
    assert spread_words([*rows, {"protocol": "grey", "seeds": 1, "draws": 9}]) == words


OTHERS = {"precision_at_1": 0.25, "r_precision": 0.35, "recall_at_1": 0.25, "recall_at_4": 0.45}


@pytest.fixture
def arguments(tmp_path):
    run = {"dataset": "d<1>", "backbone": "b", "loss": "triplet", "variant": "base", "seed": 0}
    tables = {
        "retrieval": [
            run | {"protocol": p, "draw": 0, "map_at_r": m, "mean_similarity": 0.2} | OTHERS
            for p, m in (("clean", 0.5), ("swapped", 0.2))
        ],
        "attention": [run | {"method": "study", "mean": 0.5, "sd": 0.1, "n": 3}],
        "mask_quality": [
            {"dataset": "d<1>", "masker": "m", "masks": 9, "empty": 0, "n": 3}
            | {
                f"{a}_{b}": 0.9
                for a in ("iou", "overlap")
                for b in ("mean", "sd", "median", "min", "q25", "q75", "max")
            }
        ],
    }
    results = {kind: tmp_path / f"{kind}.csv" for kind in tables}
    for kind, rows in tables.items():
        write_rows(results[kind], rows, list(rows[0]))
    Image.effect_noise((700, 700), 80).save(tmp_path / "photo.png")  # large: becomes WebP
    Image.new("L", (8, 8)).save(tmp_path / "chart.png")
    machine = {"processor": "P", "cores": 2}
    origin = {"commit": "0123456789abcdef", "dirty": True, "config_hash": "77aa", "machine": machine}
    (tmp_path / "provenance.json").write_text(json.dumps(origin))
    facts = {
        "settings": {},
        "epochs": 6,
        "best_epoch": 6,
        "seconds": 61.0,
        "device": "CPU",
        "versions": {"torch": "2.0"},
    }
    write_run(tmp_path / "run.yaml", run | facts)
    lists = ("contact_sheets", "retrieval_galleries", "attribution_panels", "mask_examples")
    figures = {name: [("d<1>", tmp_path / "photo.png")] for name in lists}
    figures |= dict.fromkeys(("swap_chart", "training_curves"), tmp_path / "chart.png")
    return {
        "results": results,
        "runs": [tmp_path / "run.yaml"],
        "template": TEMPLATE,
        "study": "t",
        "figures": figures | {"published_scatter": None},
        "published": {},
        "settings": {"variants": {"base": {"probability": 0.0, "selection": "clean"}}},
        "method": "study",
        "provenance": tmp_path / "provenance.json",
        "html": tmp_path / "report.html",
    }


def test_the_report_needs_nothing_but_itself(arguments, tmp_path):
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|<script|<link|@import|url\(", page)
    sources = re.findall(r'src="([^"]{0,24})', page)
    assert len(sources) == 6
    assert all(source.startswith("data:image/") for source in sources)
    assert set(re.findall(r'href="(.)', page)) == {"#"}  # links inside the page only
    assert set(re.findall(r'href="#(\w+)"', page)) <= set(re.findall(r'id="(\w+)"', page))
    assert str(tmp_path) not in page
    assert "from 50.0 to 20.0" in page
    assert "0:01:01" in page  # 61 s of training
    assert "commit 0123456789ab, with changes that are not committed" in page
    assert "D&lt;1&gt;" in page or "d&lt;1&gt;" in page  # a name is text, never markup
    assert "Published beside measured" not in page
    assert "<strong>Base</strong> is trained on the images as they are; its epoch" in page
    assert "longer training" in page
    assert "Masks against hand labels" in page


def test_the_other_metrics_are_folded_away_and_no_number_is_shown_twice(arguments):
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    folded = page.partition("<details>")[2].partition("</details>")[0]
    assert "Other measures of retrieval: Precision@1, R-precision, Recall@4" in folded
    assert [folded.count(number) for number in (">25.00<", ">35.00<", ">45.00<")] == [2, 2, 2]


def test_methods_that_are_not_shown_are_said_to_be_there(arguments):
    write_report(**arguments)
    assert "attention.csv" not in arguments["html"].read_text(encoding="utf-8")
    (row,) = read_rows(arguments["results"]["attention"])
    rows = [row | {"method": method} for method in ("study", "saliency", "gradcam")]
    write_rows(arguments["results"]["attention"], rows, list(row))
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    assert "by Saliency and Grad-CAM are in <code>attention.csv</code>" in page
    assert "Attention score by the study’s method, like SmoothGrad: mean" in page


def test_without_hand_labels_a_sentence_stands_for_the_empty_table(arguments):
    (row,) = read_rows(arguments["results"]["mask_quality"])
    empty = {name: "" for name in row if name.startswith(("iou", "overlap"))}
    write_rows(arguments["results"]["mask_quality"], [row | empty | {"n": 0}], list(row))
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    assert "No hand labels: how good the masks are was not measured." in page
    assert "IoU: intersection" not in page


@pytest.mark.parametrize(
    ("method", "shown", "hidden"), [("study", "0.11", "0.33"), ("gradcam", "0.33", "0.11")]
)
def test_the_scores_are_those_of_the_method_asked_for(arguments, method, shown, hidden):
    (row,) = read_rows(arguments["results"]["attention"])
    rows = [
        row | {"variant": variant, "method": method, "mean": mean}
        for method, means in (("study", (0.11, 0.12)), ("gradcam", (0.33, 0.44)))
        for variant, mean in zip(("base", "bgaugment"), means, strict=True)
    ]
    write_rows(arguments["results"]["attention"], rows, list(row))
    write_report(**arguments | {"method": method})
    page = arguments["html"].read_text(encoding="utf-8")
    assert f"the mean score goes from {shown} to" in page
    assert f">{shown}" in re.sub(r"\s", "", page), "in the table"
    assert hidden not in page


def test_the_same_input_gives_the_same_page(arguments):
    write_report(**arguments)
    first = arguments["html"].read_bytes()
    write_report(**arguments)
    assert arguments["html"].read_bytes() == first


def test_the_report_of_a_model_that_was_not_trained_tells_of_no_training(arguments, tmp_path):
    run = read_run(tmp_path / "run.yaml")
    write_run(tmp_path / "run.yaml", run | {"loss": "frozen", "epochs": 0, "seconds": 0.0})
    for kind in ("retrieval", "attention"):
        rows = [row | {"loss": "frozen"} for row in read_rows(arguments["results"][kind])]
        write_rows(arguments["results"][kind], rows, list(rows[0]))
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    assert not re.search("trainings|training time|epoch|is trained on|Variant", page)
    assert "B (not trained)" in page
    assert len(re.findall(r"<img ", page)) == 5  # all but the training curves
    assert "<dt>device</dt><dd>CPU</dd>" in page
    assert set(re.findall(r'href="#(\w+)"', page)) <= set(re.findall(r'id="(\w+)"', page))


def test_times_and_epochs_are_those_of_the_trained():
    run = {"device": "CPU", "versions": {"torch": "2.0"}}
    frozen = run | {"loss": "frozen", "seconds": 0.0, "epochs": 0}
    runs = [run | {"loss": "triplet", "seconds": seconds, "epochs": 6} for seconds in (10.0, 12.0)]
    assert run_facts([*runs, frozen]) == [
        ("models", "3"),
        ("training time, all models", "0:00:22"),
        ("training time, one model", "10 to 12 s"),
        ("epochs", "6"),
        ("device", "CPU"),
        ("torch", "2.0"),
    ]
    assert run_facts([frozen]) == [("models", "1"), ("device", "CPU"), ("torch", "2.0")]


def test_a_torn_run_is_named(arguments, tmp_path):
    (tmp_path / "run.yaml").write_text("seed: 0")
    with pytest.raises(StudyError, match=r"run\.yaml lacks"):
        write_report(**arguments)
    assert not arguments["html"].exists()

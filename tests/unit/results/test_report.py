"""The report stands alone, and shows what was measured."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from tiny_stores import write_backgrounds
from write_report import write_report

from bgbias.errors import StudyError
from bgbias.files import read_rows, write_rows
from bgbias.results.report import breakable, headings
from bgbias.results.table_formats import Table
from bgbias.runs import read_run, write_run

TEMPLATE = Path(__file__).parents[3] / "workflow" / "report" / "report.html.j2"


def test_a_heading_spans_its_columns():
    table = Table(["Loss", "Variant"], [("Cars", ["clean", "swapped"]), ("Birds", ["clean"])])
    assert headings(table) == [("", 2), ("Cars", 2), ("Birds", 1)]


def test_long_keys_break_between_their_words_only():
    assert breakable("losses.multi_similarity.base") == "losses.<wbr>multi_<wbr>similarity.<wbr>base"
    assert breakable("[0.75, 1.33]") == "[0.75, 1.33]"
    assert breakable("a_<b>") == "a_&lt;b&gt;"


OTHERS = {"precision_at_1": 0.25, "r_precision": 0.35, "recall_at_1": 0.25, "recall_at_4": 0.45}


@pytest.fixture
def arguments(tmp_path):
    run = {"dataset": "d<1>", "backbone": "b", "loss": "triplet", "variant": "base", "seed": 0}
    tables = {
        "retrieval": [
            run | {"protocol": p, "draw": 0, "n_queries": 60, "map_at_r": m, "mean_similarity": 0.2} | OTHERS
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
    collected = {kind: tmp_path / f"{kind}.csv" for kind in tables}
    for kind, rows in tables.items():
        write_rows(collected[kind], rows, list(rows[0]))
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
        "input": {"mean": [0.5], "std": [1.0], "order": "RGB", "maximum": 1.0},
        "embedding_size": 8,
    }
    write_run(tmp_path / "run.yaml", run | facts)
    contents = {
        "classes": {"train": 3, "val": 0, "test": 2},
        "images": {"train": 6, "val": 0, "test": 60},
        "left_out": 1,
        "copies": {"own_class": [], "other_class": [], "training": []},
    }
    (tmp_path / "contents.json").write_text(json.dumps(contents))
    of_datasets = ("contact_sheet", "retrieval_gallery", "attribution_panels", "mask_examples")
    return collected | {
        "template": TEMPLATE,
        "html": tmp_path / "report.html",
        "runs": [tmp_path / "run.yaml"],
        "provenance": tmp_path / "provenance.json",
        "figures": dict.fromkeys(("swap_chart", "training_curves"), tmp_path / "chart.png"),
        "figures_of_datasets": {name: [tmp_path / "photo.png"] for name in of_datasets},
        "shown": [[run]],
        "contents": [tmp_path / "contents.json"],
        "backgrounds": write_backgrounds(tmp_path / "backgrounds", 25),
        "published": {},
        "compared": {},
        "settings": {
            "study": "t",
            "grid": {"dataset": ["d<1>"]},
            "variants": {"base": {"probability": 0.0, "selection": "clean"}},
        },
        "method": "study",
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
    assert "Published and measured numbers" not in page
    assert "<strong>Base</strong> is trained on the original images; its epoch" in page
    assert "longer training" in page
    assert "Masks compared with hand labels" in page


def test_what_was_measured_on_stands_beside_the_images(arguments):
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    section = page.partition('id="data"')[2].partition('id="matches"')[0]
    assert re.findall(r"<th[ >][^>]*>([^<]*)</th>", section) == [
        "Training", "Test", "Dataset", "classes", "images", "classes", "images", "left out",
        "test backgrounds", "d&lt;1&gt;",
    ]  # fmt: skip
    # The upper line of the head has no title over the names, and none over the last two columns.
    assert re.findall(r"<td[^>]*>([^<]*)</td>", section) == ["", "", "3", "6", "2", "60", "1", "25"]
    assert "Images left out: 1 of 67 on" in page
    assert "exact copy" not in page


def test_without_attribution_the_report_speaks_of_one_test(arguments):
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    assert "Two tests show\nwhether it did" in page
    del arguments["figures_of_datasets"]["attribution_panels"]
    write_report(**arguments | {"attention": None, "method": None})
    page = arguments["html"].read_text(encoding="utf-8")
    assert "A test shows\nwhether it did" in page
    assert not re.search("attention|attribution", page.partition('id="settings"')[0], flags=re.IGNORECASE)
    assert "from 50.0 to 20.0" in page


def two_variants(arguments, **settings):
    """The report's arguments with a variant beside base: MAP@R of 50 and 20 against 40 and 30."""
    rows = read_rows(arguments["retrieval"])
    better = {"clean": 0.4, "swapped": 0.3}
    rows += [row | {"variant": "bgaugment", "map_at_r": better[row["protocol"]]} for row in rows]
    write_rows(arguments["retrieval"], rows, list(rows[0]))
    base = {"probability": 0.0, "selection": "clean"}
    bgaugment = {"probability": 1.0, "selection": "swapped"} | settings
    variants = {"base": base, "bgaugment": bgaugment}
    return arguments | {"settings": arguments["settings"] | {"variants": variants}}


def test_a_reader_who_only_hears_the_page_misses_nothing(arguments):
    write_report(**two_variants(arguments))
    page = arguments["html"].read_text(encoding="utf-8")
    assert len(re.findall(r"<main>.*</main>", page, flags=re.DOTALL)) == 1
    assert '<nav aria-label="Sections">' in page
    assert not re.search(r"<th[^>]*></th>", page), "a head of nothing"
    assert not re.search(r"<th(?![^>]*scope=)[ >]", page), "a head of it is not said what"
    table = page.partition('id="retrieval"')[2].partition('id="data"')[0].partition("<details>")[0]
    rows = [re.sub(r"\s+", " ", row) for row in re.findall(r"<tr.*?</tr>", table, flags=re.DOTALL)]
    # The second line of a loss looks as if it had none; bold alone is not heard.
    assert '<span class="unseen">Triplet</span></th> <th class="stub" scope="row">BGAugment</th>' in rows[-1]
    assert '<b>30.00</b><span class="unseen"> best</span>' in rows[-1]
    # A table that is scrolled has to be reached by the keyboard, and has the name that stands above it.
    regions = re.findall(r'<div class="table" role="region" aria-labelledby="(\w+)" tabindex="0">', page)
    assert regions == re.findall(r'<p class="caption" id="(\w+)">', page)
    assert len(set(regions)) == len(regions) == page.count("<table>")
    alternatives = re.findall(r'<img [^>]*alt="([^"]*)">', page)
    assert len(alternatives) == 6
    assert all(text.startswith(("Chart: ", "Pictures")) for text in alternatives), "what kind of picture"


def test_examples_say_of_which_model_they_are(arguments, tmp_path):
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    model = "d&lt;1&gt;: Triplet, B"
    assert page.count(f"<strong>{model}.</strong>") == 2  # the matches and the maps
    assert page.count(f'alt="Pictures, {model}: ') == 2
    # With another seed in the study it is said which one they are of.
    write_run(tmp_path / "another.yaml", read_run(tmp_path / "run.yaml") | {"seed": 1})
    write_report(**arguments | {"runs": [*arguments["runs"], tmp_path / "another.yaml"]})
    assert f"<strong>{model}, seed 0.</strong>" in arguments["html"].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ("swapped", "so the curves of a panel are not measured on the same images."),
        ("clean", "Measured on the original validation images;"),
    ],
)
def test_curves_are_called_unlike_only_where_the_variants_differ(arguments, selection, said):
    write_report(**two_variants(arguments, selection=selection))
    page = arguments["html"].read_text(encoding="utf-8")
    assert said in page
    assert ("not measured on the same images" in page) == (selection == "swapped")


def test_curves_of_one_variant_are_alike(arguments):
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    assert "not measured on the same" not in page


def test_a_mean_without_sd_stands_under_the_means(arguments):
    rows = read_rows(arguments["retrieval"])
    seeds = [row | {"seed": 1, "map_at_r": float(row["map_at_r"]) + 0.02} for row in rows]
    once = [row | {"loss": "frozen", "backbone": "f"} for row in rows]
    write_rows(arguments["retrieval"], [*rows, *seeds, *once], list(rows[0]))
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    # 50 and 52, 20 and 22: of two values at distance 2 the sample sd is the root of 2. It is neither seen
    # nor heard where there is none.
    room = '<span class="rest room" aria-hidden="true">± 1.41</span>'
    assert f"<td>50.00 {room}</td>" in page
    assert page.count('<span class="rest">± 1.41</span>') == 2


def test_the_other_metrics_are_folded_away_and_no_number_is_shown_twice(arguments):
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    folded = page.partition("<details>")[2].partition("</details>")[0]
    assert "Other retrieval metrics: Precision@1, R-precision, Recall@4" in folded
    assert "tables/retrieval.csv" in folded.partition('class="on-paper">')[2], "on paper nobody can open it"
    assert [folded.count(number) for number in (">25.00<", ">35.00<", ">45.00<")] == [2, 2, 2]


def test_methods_that_are_not_shown_are_said_to_be_there(arguments):
    write_report(**arguments)
    assert "attention.csv" not in arguments["html"].read_text(encoding="utf-8")
    (row,) = read_rows(arguments["attention"])
    rows = [row | {"method": method} for method in ("study", "saliency", "gradcam")]
    write_rows(arguments["attention"], rows, list(row))
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    assert "by Saliency and Grad-CAM are in <code>attention.csv</code>" in page
    assert "Attention score by the paper’s method, like SmoothGrad: mean" in page


def test_without_hand_labels_a_sentence_stands_for_the_empty_table(arguments):
    (row,) = read_rows(arguments["mask_quality"])
    empty = {name: "" for name in row if name.startswith(("iou", "overlap"))}
    write_rows(arguments["mask_quality"], [row | empty | {"n": 0}], list(row))
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    assert "No hand labels: the quality of the masks was not measured." in page
    assert "IoU: intersection" not in page


@pytest.mark.parametrize(
    ("method", "shown", "hidden"), [("study", "0.11", "0.33"), ("gradcam", "0.33", "0.11")]
)
def test_the_scores_are_those_of_the_method_asked_for(arguments, method, shown, hidden):
    (row,) = read_rows(arguments["attention"])
    rows = [
        row | {"variant": variant, "method": method, "mean": mean}
        for method, means in (("study", (0.11, 0.12)), ("gradcam", (0.33, 0.44)))
        for variant, mean in zip(("base", "bgaugment"), means, strict=True)
    ]
    write_rows(arguments["attention"], rows, list(row))
    write_report(**arguments | {"method": method})
    page = arguments["html"].read_text(encoding="utf-8")
    assert f"the mean score changes from {shown} to" in page
    assert f">{shown}" in re.sub(r"\s", "", page), "in the table"
    assert hidden not in page


def test_published_numbers_are_shown_where_there_are_some(arguments, tmp_path):
    (row, *_) = read_rows(arguments["retrieval"])
    cell = {key: row[key] for key in ("dataset", "backbone", "loss", "variant", "protocol")}
    cell |= {"mean": 47.11, "sd": "", "source": "s"}
    write_rows(tmp_path / "known.csv", [cell | {"dataset": "cub200"}], list(cell))
    figures = arguments["figures"] | {"published_scatter": tmp_path / "chart.png"}
    published = {"published": {"retrieval": tmp_path / "known.csv"}, "compared": {row["dataset"]: "cub200"}}
    write_report(**arguments | published | {"figures": figures})
    page = arguments["html"].read_text(encoding="utf-8")
    assert "MAP@R in percent: published and measured" in page
    measured = 100 * float(row["map_at_r"])
    for number in ("47.11", f"{measured:.2f}", f"{measured - 47.11:+.2f}".replace("-", "−")):
        assert f">{number}<" in page
    assert len(re.findall(r"<img ", page)) == 7  # the scatter as well
    # Nothing is left to be compared where no cell was run: no heading, no empty table.
    write_rows(tmp_path / "known.csv", [cell | {"dataset": "cub200", "loss": "another"}], list(cell))
    write_report(**arguments | published)
    page = arguments["html"].read_text(encoding="utf-8")
    assert "Published and measured numbers" not in page
    assert "47.11" not in page
    assert 'href="#published"' not in page


def test_the_same_input_gives_the_same_page(arguments):
    write_report(**arguments)
    first = arguments["html"].read_bytes()
    write_report(**arguments)
    assert arguments["html"].read_bytes() == first


def test_the_report_of_a_model_that_was_not_trained_tells_of_no_training(arguments, tmp_path):
    run = read_run(tmp_path / "run.yaml")
    write_run(tmp_path / "run.yaml", run | {"loss": "frozen", "epochs": 0, "seconds": 0.0})
    for kind in ("retrieval", "attention"):
        rows = [row | {"loss": "frozen"} for row in read_rows(arguments[kind])]
        write_rows(arguments[kind], rows, list(rows[0]))
    write_report(**arguments)
    page = arguments["html"].read_text(encoding="utf-8")
    assert not re.search("trainings|training time|epoch|is trained on|Variant", page)
    assert "B (as is)" in page
    assert len(re.findall(r"<img ", page)) == 5  # all but the training curves
    assert "<dt>B, embedding</dt><dd>8 dimensions</dd>" in page
    assert set(re.findall(r'href="#(\w+)"', page)) <= set(re.findall(r'id="(\w+)"', page))


def test_a_torn_run_is_named(arguments, tmp_path):
    (tmp_path / "run.yaml").write_text("seed: 0")
    with pytest.raises(StudyError, match=r"run\.yaml lacks"):
        write_report(**arguments)
    assert not arguments["html"].exists()

"""The published tables, to the character: what a reader copies into a paper must be right."""

import csv
import shutil
import subprocess

import pytest
from tabulate_attention import tabulate_attention
from tabulate_retrieval import tabulate_retrieval

from bgbias.errors import StudyError
from bgbias.files import read_rows, write_rows
from bgbias.masks.quality import summary
from bgbias.results.caveats import mask_caveats
from bgbias.results.names import human
from bgbias.results.published import measures_as_rows
from bgbias.results.summaries import sd_words, summarise_attention, summarise_retrieval
from bgbias.results.table_formats import Cell, Table, number, to_latex, to_markdown
from bgbias.results.tables import attention_table, mask_quality_table, retrieval_table


def measured(variant, protocol, values, *, seed=0, dataset="cars196", loss="arcface", backbone="bninception"):
    """Collected rows, one a background draw."""
    identity = {"dataset": dataset, "backbone": backbone, "loss": loss, "variant": variant, "seed": str(seed)}
    return [
        identity | {"protocol": protocol, "draw": str(draw), "map_at_r": str(value)}
        for draw, value in enumerate(values)
    ]


# Chosen so that mean and sample sd are exact: of 0.1355, 0.1363, 0.1371 the mean is 0.1363, the sd 0.0008.
PAPER = [
    *measured("base", "clean", [0.1625]),
    *measured("base", "swapped", [0.1355, 0.1363, 0.1371]),
    *measured("bgaugment", "clean", [0.1619]),
    *measured("bgaugment", "swapped", [0.1619, 0.1623, 0.1627]),
]


def test_retrieval_as_the_paper_prints_it():
    # The paper's own row: 16.25 / 13.63 ± 0.08 and 16.19 / 16.23 ± 0.04; the better of each pair is bold.
    assert to_latex(retrieval_table(summarise_retrieval(PAPER))) == (
        r"\begin{tabular}{@{}llrr@{}}" "\n"
        r"\toprule" "\n"
        r" &  & \multicolumn{2}{c}{Cars196} \\" "\n"
        r"\cmidrule(lr){3-4}" "\n"
        r"Loss & Variant & clean & swapped \\" "\n"
        r"\midrule" "\n"
        r"ArcFace & Base & \textbf{16.25} & 13.63 $\pm$ 0.08 \\" "\n"
        r" & BGAugment & 16.19 & \textbf{16.23} $\pm$ 0.04 \\" "\n"
        r"\bottomrule" "\n"
        r"\end{tabular}" "\n"
    )  # fmt: skip
    assert to_markdown(retrieval_table(summarise_retrieval(PAPER))) == (
        "| Loss | Variant | Cars196 clean | Cars196 swapped |\n"
        "| --- | --- | ---: | ---: |\n"
        "| ArcFace | Base | **16.25** | 13.63 ± 0.08 |\n"
        "|  | BGAugment | 16.19 | **16.23** ± 0.04 |\n"
    )


def test_cells_that_were_not_run_are_empty():
    rows = [*PAPER, *measured("base", "clean", [0.2], dataset="my_set", loss="triplet")]
    lines = to_markdown(retrieval_table(summarise_retrieval(rows))).splitlines()
    assert lines[0] == "| Loss | Variant | Cars196 clean | Cars196 swapped | My Set clean |"
    assert lines[2] == "| ArcFace | Base | **16.25** | 13.63 ± 0.08 |  |"
    # No variant competes with it, so it is not bold; the row triplet × BGAugment is not there at all.
    assert lines[4:] == ["| Triplet | Base |  |  | 20.00 |"]


def test_base_is_first_where_paths_put_another_variant_before_it():
    rows = [*measured("augmented", "clean", [0.1]), *measured("base", "clean", [0.2])]
    lines = to_markdown(retrieval_table(summarise_retrieval(rows))).splitlines()
    assert lines[2:] == ["| ArcFace | Base | **20.00** |", "|  | Augmented | 10.00 |"]
    scores = [row | {"method": "study", "mean": "0.1", "sd": "0.1"} for row in rows]
    assert attention_table(summarise_attention(scores), "study").groups == [
        ("Cars196", ["Base", "Augmented"])
    ]


def test_a_model_that_was_not_trained_has_its_name_and_no_variant():
    frozen = [
        *measured("base", "clean", [0.2], loss="frozen"),
        *measured("base", "clean", [0.3], loss="frozen", backbone="mine"),
    ]
    assert to_markdown(retrieval_table(summarise_retrieval(frozen))) == (
        "| Model | Cars196 clean |\n"
        "| --- | ---: |\n"
        "| BN-Inception (as is) | 20.00 |\n"
        "| Mine (as is) | 30.00 |\n"
    )
    assert "addlinespace" not in to_latex(retrieval_table(summarise_retrieval(frozen))), "no row has a family"
    table = retrieval_table(summarise_retrieval([*measured("base", "clean", [0.1]), *frozen]))
    assert to_markdown(table).splitlines()[2:] == [
        "| ArcFace | Base | 10.00 |",
        "| BN-Inception (as is) |  | 20.00 |",
        "| Mine (as is) |  | 30.00 |",
    ]


def test_the_attention_of_models_that_were_not_trained_stands_in_no_variants_column():
    rows = [row | {"method": "study", "mean": "0.1", "sd": "0.2"} for row in measured("base", "clean", [0])]
    frozen = [row | {"loss": "frozen"} for row in rows]
    table = to_markdown(attention_table(summarise_attention(frozen), "study"))
    assert table.splitlines()[::2] == [
        "| Model | Cars196 score |",
        "| BN-Inception (as is) | 0.10 (0.20) |",
    ]
    table = to_markdown(attention_table(summarise_attention([*rows, *frozen]), "study"))
    assert table.splitlines()[::2] == [
        "| Loss | Cars196 Base | Cars196 As is |",
        "| ArcFace | 0.10 (0.20) |  |",
    ]
    assert table.splitlines()[3] == "| BN-Inception (as is) |  | 0.10 (0.20) |"


def test_several_seeds_spread_over_the_seeds_means():
    rows = [
        *measured("base", "swapped", [0.10, 0.11, 0.15], seed=0),  # mean 0.12, median 0.11
        *measured("base", "swapped", [0.13, 0.13, 0.16], seed=1),  # mean 0.14
    ]
    (cell,) = summarise_retrieval(rows)
    assert cell["mean"] == pytest.approx(0.13)
    assert cell["sd"] == pytest.approx(0.02 / 2**0.5)  # two values at distance 0.02
    assert (cell["seeds"], cell["draws"]) == (2, 3)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([(1, 1), (1, 1)], ""),
        ([(1, 1), (1, 5)], "over 5 background draws"),
        ([(3, 1), (3, 5)], "over 3 seeds"),
        ([(3, 5), (1, 5)], "over 3 seeds or, with one seed, over 5 background draws"),
    ],
)
def test_the_sd_is_over_seeds_or_draws(counts, words):
    rows = [{"protocol": "swapped", "seeds": seeds, "draws": draws} for seeds, draws in counts]
    assert sd_words([*rows, {"protocol": "grey", "seeds": 1, "draws": 9}]) == words


def test_a_mean_without_sd_stands_under_the_means():
    seeds = [row for seed in (0, 1) for row in measured("base", "clean", [0.1 + 0.02 * seed], seed=seed)]
    once = measured("base", "clean", [0.2], loss="frozen")
    lines = to_latex(retrieval_table(summarise_retrieval([*seeds, *once]))).splitlines()
    assert r"ArcFace & Base & 11.00 $\pm$ 1.41 \\" in lines
    assert r"BN-Inception (as is) &  & 20.00 \phantom{$\pm$ 1.41} \\" in lines
    # Where no cell of the column has one, none gets room for it.
    assert "phantom" not in to_latex(retrieval_table(summarise_retrieval(PAPER)))


def test_seeds_count_alike_whatever_the_number_of_their_draws():
    rows = [
        *measured("base", "swapped", [0.1]),
        *measured("base", "swapped", [0.2, 0.4], seed=1),  # mean .3
    ]
    assert summarise_retrieval(rows)[0]["mean"] == pytest.approx(0.2)


def test_what_prints_alike_is_best_alike():
    rows = [*measured("base", "clean", [0.200001]), *measured("bgaugment", "clean", [0.200002])]
    assert [cell["best"] for cell in summarise_retrieval(rows)] == [1, 1]
    rows = [attention("0.201"), attention("0.204", variant="bgaugment")]
    assert [cell["best"] for cell in summarise_attention(rows)] == [1, 1]


@pytest.mark.parametrize("axis", ["dataset", "backbone", "loss"])
def test_the_best_is_the_best_of_its_own_family(axis):
    rows = [
        row
        for family, mean in (("one", 0.1), ("other", 0.5))
        for variant, gain in (("base", 0.0), ("bgaugment", 0.1))
        for row in measured(variant, "clean", [mean + gain], **{axis: family})
    ]
    best = [(cell[axis], cell["variant"]) for cell in summarise_retrieval(rows) if cell["best"]]
    assert best == [("one", "bgaugment"), ("other", "bgaugment")]


def test_families_of_rows_are_set_apart():
    rows = [*PAPER, *(row | {"loss": "triplet"} for row in PAPER)]
    lines = to_latex(retrieval_table(summarise_retrieval(rows))).splitlines()
    assert lines.count(r"\addlinespace") == 1
    assert lines[lines.index(r"\addlinespace") + 1].startswith("Triplet & Base &")


def test_a_block_a_backbone():
    rows = [*PAPER, *measured("base", "clean", [0.3], backbone="resnet50")]
    latex = to_latex(retrieval_table(summarise_retrieval(rows)))
    assert r"\multicolumn{4}{@{}l@{}}{\emph{BN-Inception}} \\" in latex
    assert r"\multicolumn{4}{@{}l@{}}{\emph{ResNet-50}} \\" in latex
    assert latex.count(r"\midrule") == 2


@pytest.mark.parametrize("value", ["nan", "", "inf", "x"])
def test_no_table_from_a_number_that_is_none(value):
    with pytest.raises(StudyError, match=r"cars196/bninception/arcface/base/clean.*not a finite number"):
        summarise_retrieval(measured("base", "clean", [value]))


def test_a_draw_counted_twice_is_refused():
    with pytest.raises(StudyError, match="twice"):
        summarise_retrieval(measured("base", "clean", [0.1]) * 2)


def attention(mean, sd="0.1", **changed):
    row = {"dataset": "sop", "backbone": "b", "loss": "triplet", "variant": "base", "seed": "0"}
    return row | {"method": "study", "mean": mean, "sd": sd} | changed


def test_attention_of_several_seeds():
    (cell,) = summarise_attention([attention("0.2", "0.3"), attention("0.4", "0.4", seed="1")])
    assert cell["mean"] == pytest.approx(0.3)
    assert cell["sd"] == pytest.approx(0.125**0.5)  # over images: the mean of 0.09 and 0.16 is 0.125
    assert cell["sd_over_seeds"] == pytest.approx(0.02**0.5)  # of two values at distance 0.2
    assert cell["seeds"] == 2
    table = attention_table([cell], "study")
    assert to_markdown(table).splitlines()[2] == "| Triplet | 0.30 ± 0.14 (0.35) |"
    assert (
        ": mean ± sample standard deviation over 2 seeds (standard deviation over test images)." in table.note
    )


def test_the_attention_of_one_seed_has_no_spread_over_seeds(tmp_path):
    write_rows(tmp_path / "attention.csv", [attention("0.2", "0.3")], list(attention("0.2")))
    outputs = {form: tmp_path / f"table.{form}" for form in ("tex", "csv", "md")}
    tabulate_attention(tmp_path / "attention.csv", **outputs, method="study")
    (row,) = read_rows(outputs["csv"])
    assert (row["mean"], row["sd"], row["sd_over_seeds"], row["seeds"]) == ("0.2", "0.3", "", "1")
    assert "| Triplet | 0.20 (0.30) |" in outputs["md"].read_text()
    assert "SmoothGrad: mean (standard deviation over test images)." in outputs["tex"].read_text()


def test_a_method_that_found_nothing_has_no_score():
    nothing = attention("", "", variant="bgaugment", n="0")
    (cell,) = summarise_attention([attention("0.2", n="3"), nothing])
    assert cell["variant"] == "base"
    assert attention_table(summarise_attention([nothing]), "study").blocks == [("", [])]
    with pytest.raises(StudyError, match="not a finite number"):
        summarise_attention([attention("", n="3")])


def test_attention_puts_the_variants_side_by_side():
    rows = [
        attention(mean, "0.17", variant=variant, method=method)
        for variant, method, mean in (
            ("base", "study", "0.08"),
            ("base", "gradcam", "0.9"),
            ("bgaugment", "study", "-0.26"),
            ("bgaugment", "gradcam", "0.9"),
        )
    ]
    assert to_markdown(attention_table(summarise_attention(rows), "study")) == (
        "| Loss | Online Products Base | Online Products BGAugment |\n"
        "| --- | ---: | ---: |\n"
        "| Triplet | **0.08** (0.17) | −0.26 (0.17) |\n"
    )


def test_mask_quality_in_full():
    values = {
        "mean": 0.9668,
        "sd": 0.0354,
        "median": 0.9761,
        "min": 0.85,
        "q25": 0.96,
        "q75": 0.99,
        "max": 1.0,
    }
    row = {"dataset": "cars196", "masker": "u2net", "n": "20"}
    row |= {
        f"{measure}_{part}": str(value) for measure in ("iou", "overlap") for part, value in values.items()
    }
    lines = to_markdown(mask_quality_table([row])).splitlines()
    assert lines[0].startswith("| Dataset | labelled | IoU mean | IoU median |")
    cells = ["Cars196", "20", "0.967 ± 0.035", "0.976", "0.850", "0.960", "0.990", "0.967 ± 0.035", "0.976"]
    assert lines[2] == f"| {' | '.join(cells)} |"


def test_several_maskers_are_told_apart():
    scores = {"masks": 2, "empty": 0, **summary([{"iou": 0.5, "overlap": 0.5}])}
    rows = [{"dataset": "sop", "masker": masker, **scores} for masker in ("u2net", "ready")]
    table = mask_quality_table([{name: str(value) for name, value in row.items()} for row in rows])
    lines = to_markdown(table).splitlines()
    assert lines[0].startswith("| Dataset | Masker | labelled |")
    assert [line.split(" | ")[1] for line in lines[2:]] == ["u2net", "ready"]


def test_numbers_have_a_true_minus_and_none_before_nothing():
    printed = [number(value) for value in (0.08, -0.3, 16.25, 0.999, -0.001, 1.0, 0.0)]
    assert printed == ["0.08", "−0.30", "16.25", "1.00", "0.00", "1.00", "0.00"]


def test_names_and_their_fallback():
    assert human("multi_similarity") == "Multi Similarity"
    assert human("bgaugment") == "BGAugment"
    assert human("my_vitB16_set") == "My vitB16 Set"
    assert human("_") == "_"
    assert [human(f"recall_at_{k}") for k in (1, 16)] == ["Recall@1", "Recall@16"]
    assert human("recall_at_home") == "Recall At Home"
    assert human("base_frozen") == "Base Frozen"  # a word, not the loss of a model evaluated as is
    assert human("bgaugment_half") == "BGAugment Half"
    assert human("study") == "Study"  # a dataset's name like any other


NASTY = Table(
    ["A & B_1"],
    [("50 % #1", ["$x^2$ {y}", r"a\b ~ <c> | ±"])],
    [("", [[Cell("k"), Cell("*1*", "± .1", True), Cell()]])],
)


def test_escapes():
    assert (
        r"A \& B\_1 & \$x\textasciicircum{}2\$ \{y\} & a\textbackslash{}b \textasciitilde{} $<$c$>$ $|$ $\pm$"
        in to_latex(NASTY)
    )
    assert r"| A & B\_1 | 50 % #1 $x^2$ {y} | 50 % #1 a\\b ~ \<c\> \| ± |" in to_markdown(NASTY)
    assert r"| k | **\*1\*** ± .1 |  |" in to_markdown(NASTY)


def test_latex_compiles(tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed: whether the LaTeX compiles is not checked")
    tables = [retrieval_table(summarise_retrieval(PAPER)), NASTY]
    body = "\n\n".join(map(to_latex, tables))
    source = r"\documentclass{article}\usepackage{booktabs}\begin{document}" + body + r"\end{document}"
    (tmp_path / "t.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_job_writes_three_forms(tmp_path):
    metrics = {"precision_at_1": 0.5, "recall_at_4": 0.75, "n_queries": 9, "mean_similarity": 0.2}
    collected = [row | metrics for row in PAPER]
    write_rows(tmp_path / "retrieval.csv", collected, list(collected[0]))
    outputs = {form: tmp_path / f"table.{form}" for form in ("tex", "csv", "md")}
    tabulate_retrieval(tmp_path / "retrieval.csv", **outputs)
    with open(outputs["csv"], newline="") as stream:
        rows = list(csv.DictReader(stream))
    swapped = next(row for row in rows if (row["variant"], row["protocol"]) == ("base", "swapped"))
    assert float(swapped["sd"]) == pytest.approx(0.0008)  # the CSV keeps fractions and all digits
    assert [row["metric"] for row in rows[::4]] == ["map_at_r", "precision_at_1", "recall_at_4"]
    assert {row["mean"] for row in rows[8:]} == {"0.75"}
    table = retrieval_table(summarise_retrieval(PAPER))
    comment, needs, tabular = outputs["tex"].read_text().split("\n", 2)
    assert tabular == to_latex(table)
    # Whoever gets the file alone learns what the numbers are; a comment changes nothing of what is printed.
    assert comment == (
        r"% MAP@R in percent: mean $\pm$ sample standard deviation over 3 background draws. Bold: the best "
        "variant of a loss."
    )
    assert needs.startswith(r"% Needs \usepackage{booktabs}. ")
    sentence, empty, pipes = outputs["md"].read_text().split("\n", 2)
    assert sentence == table.note
    assert (empty, pipes) == ("", to_markdown(table))  # without the empty line it is no table on GitHub


def test_a_dataset_without_hand_labels_has_empty_cells_and_no_comparison():
    masks = {"masker": "u2net", "masks": 2, "empty": 0}
    labelled = {"dataset": "cub200", **masks, **summary([{"iou": 0.5, "overlap": 0.75}] * 2)}
    without = {"dataset": "sop", **masks, **summary([])}
    rows = [{name: str(value) for name, value in row.items()} for row in (labelled, without)]
    ((_, lines),) = mask_quality_table(rows).blocks
    halves, quarters = ["0.500"] * 5, ["0.750"] * 2
    assert [cell.text for cell in lines[0]] == ["CUB200-2011", "2", *halves, *quarters]
    assert [cell.text for cell in lines[1]] == ["Online Products", "0", *[""] * 7]
    assert {row["dataset"] for row in measures_as_rows(rows)} == {"cub200"}
    assert mask_caveats(rows)[0].endswith("have a mean IoU of 0.50 (CUB200-2011).")

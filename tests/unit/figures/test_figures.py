"""Twice the same input gives twice the same bytes, and texts stay on the canvas and apart."""

from itertools import combinations, product

import numpy as np
import pytest
from figure_jobs import (
    attribution_panels,
    contact_sheet,
    mask_examples,
    published_scatter,
    retrieval_gallery,
    swap_chart,
    training_curves,
)
from matplotlib.colors import to_hex
from matplotlib.text import Text
from PIL import Image

from bgbias import figures
from bgbias.figures.style import LABEL, PREDICTION, variant_colours, variant_lines
from bgbias.figures.titles import title


@pytest.mark.parametrize(
    "figure",
    [
        swap_chart, training_curves, contact_sheet, attribution_panels, retrieval_gallery,
        mask_examples, published_scatter,
    ],
    ids=lambda figure: figure.__name__,
)  # fmt: skip
def test_drawn_twice_alike(figure, tmp_path):
    draw, inputs = figure(tmp_path)
    outputs = [[tmp_path / f"{turn}.{form}" for form in ("png", "pdf")] for turn in (0, 1)]
    for png, pdf in outputs:
        draw(**inputs, png=png, pdf=pdf)
    for first, second in zip(*outputs, strict=True):
        assert first.read_bytes() == second.read_bytes()  # a rerun that changed nothing changes no file
    document = outputs[0][1].read_bytes()
    assert document.startswith(b"%PDF")
    assert b"/Subtype /Type0" in document, "its fonts are seen"
    assert b"/Type3" not in document  # IEEE and ACM refuse such fonts
    with Image.open(outputs[0][0]) as picture:
        assert picture.width == 1600  # whatever the inches: the report shows all of them equally wide
        assert len(picture.convert("L").getcolors()) > 20  # something is on it


LONG_VARIANTS = [
    "bgaugment_on_every_other_photo", "base_corrupted", "bgaugment", "bgaugment_half_as_often", "base",
]  # fmt: skip
LONG_DATASETS = [f"catalogue_of_the_{season}_of_2026" for season in ("summer", "autumn")] + ["w" * 30]
LOSSES = ["contrastive", "triplet", "multi_similarity", "arcface", "normalized_softmax"]
LONG_TITLE = "Catalogue Of The Summer Of 2026: Normalized Softmax, BN-Inception With Another Head"
PICTURE = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)


def large_chart(variants):
    axes = product(LONG_DATASETS, ["small_cnn", "bninception"], LOSSES, variants, ["clean", "swapped"])
    keys = ("dataset", "backbone", "loss", "variant", "protocol")
    return figures.swap_chart.draw(
        [dict(zip(keys, cell, strict=True), mean=0.5, sd=0.01, seeds=1, draws=5) for cell in axes]
    )


def small_chart(variants):
    cell = {
        "dataset": "d",
        "backbone": "b",
        "loss": "triplet",
        "mean": 0.5,
        "sd": 0.01,
        "seeds": 1,
        "draws": 5,
    }
    return figures.swap_chart.draw(
        [cell | {"variant": v, "protocol": p} for v in variants for p in ("clean", "swapped")]
    )


def large_curves(variants):
    axes = product(LONG_DATASETS, ["small_cnn"], LOSSES, variants)
    runs = [dict(zip(("dataset", "backbone", "loss", "variant"), run, strict=True)) for run in axes]
    return figures.training_curves.draw(
        runs, [[{"epoch": e, "map_at_r": e / 10} for e in (1, 2, 3)]] * len(runs)
    )


def large_scatter(variants):
    rows = [
        {"dataset": d, "variant": v, "published": 40.0, "measured": 30.0}
        for d in LONG_DATASETS
        for v in variants
    ]
    return figures.published_scatter.draw(
        [("MAP@R (%), clean", rows), ("MAP@R (%), swapped", rows), ("Attention score", rows)]
    )


@pytest.mark.parametrize("draw", ["large_chart", "small_chart", "large_curves", "large_scatter"])
def test_a_charts_words_are_readable_in_a_page_of_lncs(draw):
    figure = globals()[draw](["base", "bgaugment"])
    figure.draw_without_rendering()
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text()]
    # The text of LNCS is 4.8 inches wide, and 6 pt its smallest print that is still read.
    assert min(sizes) * 4.8 / figure.get_figwidth() >= 6


def large_gallery(variants):
    images = {"clean": PICTURE, "swapped": PICTURE}
    matches = {key: [(PICTURE, rank % 2 == 0) for rank in range(5)] for key in product(variants, images)}
    return figures.retrieval_gallery.draw(
        [figures.retrieval_gallery.Query(images, 3, matches)] * 2, variants, LONG_TITLE
    )


def large_panels(variants):
    maps, scores = dict.fromkeys(variants, PICTURE[..., 0] / 255), dict.fromkeys(variants, float("nan"))
    panel = figures.attribution_panels.Panel(PICTURE, PICTURE[..., 0], maps, scores)
    return figures.attribution_panels.draw([panel] * 3, variants, LONG_TITLE)


def large_sheet(variants):
    return figures.contact_sheet.draw([(PICTURE, PICTURE[..., 0], PICTURE)] * 4, LONG_TITLE)


def large_masks(variants):
    example = figures.mask_examples.Example(PICTURE, PICTURE[..., 0], PICTURE[..., 0], 0.5)
    return figures.mask_examples.draw([example] * 5, f"{LONG_TITLE}, from the best mask to the worst")


@pytest.mark.parametrize("count", [1, 3, 5])
@pytest.mark.parametrize(
    "draw",
    [
        large_chart, small_chart, large_curves, large_scatter, large_gallery, large_panels, large_sheet,
        large_masks,
    ],
)  # fmt: skip
def test_texts_are_on_the_canvas_and_apart(draw, count, monkeypatch):
    figure, extents, draw_text = draw(LONG_VARIANTS[:count]), {}, Text.draw

    def drawn(text, renderer):
        if text.get_text() and text.get_visible():
            extents[text] = text.get_window_extent(renderer)
        draw_text(text, renderer)

    monkeypatch.setattr(Text, "draw", drawn)
    figure.draw_without_rendering()
    for text, extent in extents.items():
        assert (extent.min >= 0).all(), text
        assert (extent.max <= figure.bbox.max).all(), text
    for (one, its), (other, others) in combinations(extents.items(), 2):
        assert not its.overlaps(others), (one, other)


@pytest.mark.parametrize(
    ("losses", "named", "lines"),
    [
        (["frozen"], [], ["B (as is)"]),
        (["triplet"], ["Base"], ["Triplet"]),
        (["frozen", "triplet"], ["Base"], ["B (as is)", "Triplet"]),
    ],
)
def test_a_model_that_was_not_trained_has_its_name_and_no_variant(losses, named, lines):
    cell = {
        "dataset": "d",
        "backbone": "b",
        "variant": "base",
        "mean": 0.5,
        "sd": None,
        "seeds": 1,
        "draws": 1,
    }
    rows = [cell | {"loss": loss, "protocol": p} for loss in losses for p in ("clean", "swapped")]
    figure = figures.swap_chart.draw(rows)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == lines
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == [*named, "clean test images", "backgrounds swapped"]


@pytest.mark.parametrize(
    ("sd", "seeds", "draws", "explained"),
    [(None, 1, 1, []), (0.01, 1, 5, ["± sd over 5 background draws"]), (0.01, 3, 5, ["± sd over 3 seeds"])],
)
def test_whiskers_are_explained_where_there_are_some(sd, seeds, draws, explained):
    cell = {"dataset": "d", "backbone": "b", "loss": "triplet", "variant": "base", "mean": 0.5}
    cell |= {"sd": sd, "seeds": seeds, "draws": draws}
    figure = figures.swap_chart.draw([cell | {"protocol": protocol} for protocol in ("clean", "swapped")])
    (legend,), (axes,) = figure.legends, figure.axes
    assert [text.get_text() for text in legend.texts][3:] == explained
    assert len(axes.containers) == 2 * len(explained)  # error bars


def test_a_variant_keeps_its_colour():
    alone, among = variant_colours(["bgaugment"]), variant_colours(["mine", "base", "bgaugment", "other"])
    assert alone["bgaugment"] == among["bgaugment"]
    assert len(set(among.values())) == 4
    # Variants of one's own keep theirs when the grid names them in another order.
    assert variant_colours(["base", "strong", "mild"]) == variant_colours(["base", "mild", "strong"])


def test_a_variant_keeps_its_line_and_no_two_look_alike():
    own = [f"mine_{number:02}" for number in range(20)]
    lines, colours = variant_lines(["base", "bgaugment", *own]), variant_colours(["base", "bgaugment", *own])
    assert lines["base"] != lines["bgaugment"]  # their colours are one grey
    # Of five colours and four kinds of lines there are 20 pairs.
    assert len({(colours[variant], lines[variant]) for variant in own}) == 20
    assert variant_lines([*reversed(own)])["mine_07"] == lines["mine_07"]


@pytest.mark.parametrize("draw", [small_chart, large_curves])
def test_the_legend_has_the_lines_of_the_panels(draw):
    variants = ["base", "bgaugment", "mine"]
    figure = draw(variants)
    (legend,) = figure.legends

    def looks(lines):
        return {(line.get_color(), line._unscaled_dash_pattern) for line in lines}

    curves = [line for axes in figure.axes for line in axes.get_lines() if len(line.get_xdata()) > 1]
    assert looks(curves) == looks(legend.get_lines()[:3])
    assert len({dashes for _, dashes in looks(curves)}) == 3  # told apart without colours


def test_the_outlines_are_as_wide_as_the_legend_shows_them():
    (axes,) = large_masks([]).axes
    explained = {line.get_color(): line.get_linewidth() for line in axes.get_lines()}
    drawn = {to_hex(lines.get_edgecolor()).upper(): lines.get_linewidth()[0] for lines in axes.collections}
    assert drawn == explained
    assert explained[LABEL] > explained[PREDICTION]  # seen on both sides of the one that lies over it


RUN = {"dataset": "sop", "backbone": "resnet50", "loss": "triplet", "variant": "base", "seed": 3}


@pytest.mark.parametrize(
    ("loss", "several_seeds", "expected"),
    [
        ("triplet", False, "Online Products: Triplet, ResNet-50"),
        ("triplet", True, "Online Products: Triplet, ResNet-50, seed 3"),
        ("frozen", True, "Online Products: ResNet-50 (as is)"),  # measured once
    ],
)
def test_a_figure_of_examples_says_of_which_model_it_is(loss, several_seeds, expected):
    assert title([RUN | {"loss": loss}], several_seeds) == expected


def test_a_figure_of_several_models_as_they_come_is_of_none_alone():
    runs = [RUN | {"loss": "frozen", "backbone": name} for name in ("mine", "resnet50")]
    assert title(runs, several_seeds=False) == "Online Products: models evaluated as is"

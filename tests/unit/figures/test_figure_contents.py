"""What a figure shows: the images, maps and numbers that it says it shows."""

import sys

import numpy as np
import pytest
from draw_contact_sheet import draw_contact_sheet
from figure_jobs import RUNS, attribution_panels, mask_examples, published_scatter, retrieval_gallery
from tiny_stores import write_backgrounds, write_images

from bgbias import figures
from bgbias.figures.pictures import centre_crop
from bgbias.figures.style import variant_colours
from bgbias.files import read_rows, write_rows
from bgbias.images import read_mask
from bgbias.index import Index
from bgbias.input_pipeline.batches import evaluation_batch
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.retrieval.feeding import evaluation_view
from bgbias.retrieval.matches import partners


def given_to_draw(figure, folder, monkeypatch):
    """The inputs of a script, and what it hands to the function that draws."""
    job, inputs = figure(folder)
    module, given = sys.modules[job.__module__], []
    real = module.draw
    monkeypatch.setattr(module, "draw", lambda *of: given.extend(of) or real(*of))
    job(**inputs, png=folder / "f.png", pdf=folder / "f.pdf")
    return inputs, given


def test_the_gallery_shows_what_the_model_saw_and_what_was_right(tmp_path, monkeypatch):
    def figure(folder):
        job, inputs = retrieval_gallery(folder)
        matches = inputs["matches"]
        rows = [row | {"draw": 1} for row in read_rows(matches[0]) if row["protocol"] == "swapped"]
        for path in matches:
            write_rows(path, rows, list(rows[0]))
        return job, inputs | {"evaluation": {"seed": 7, "background_crop": "centre"}}

    inputs, (queries, *_) = given_to_draw(figure, tmp_path, monkeypatch)
    store, scenes = (PixelStore.open(inputs[name]) for name in ("layout", "backgrounds_layout"))
    plain = Preprocessing((0.0,) * 3, (1.0,) * 3, maximum=255.0)
    view = evaluation_view(inputs["transform"], "centre")
    batch = evaluation_batch(store, np.arange(4), scenes, seed=7, draw=1, view=view, preprocessing=plain)
    seen = batch.permute(0, 2, 3, 1).round().byte().numpy()
    (query,) = queries
    assert (query.images["swapped"] == seen[0]).all()
    assert query.partners == 5  # of the six images of its class
    for variant in ("base", "bgaugment"):
        matches = query.matches[variant, "swapped"]
        assert [hit for _, hit in matches] == [True, False, True]  # ranks 1, 2, 3
        for (image, _), expected in zip(matches, seen[1:], strict=True):
            assert (image == expected).all()


def test_only_as_many_matches_are_judged_as_there_are_to_be_found():
    picture = np.zeros((4, 4, 3), np.uint8)
    matches = {("base", "clean"): [(picture, hit) for hit in (True, False, True, False)]}
    query = figures.retrieval_gallery.Query({"clean": picture}, 2, matches)
    (axes,) = figures.retrieval_gallery.draw([query], ["base"], "t").axes
    texts = [text.get_text() for text in axes.texts]
    assert [text for text in texts if text in "✓✗"] == ["✓", "✗"]
    assert "Base: best 4 matches" in texts


def test_of_galleries_with_one_image_a_class_one_match_is_judged(tmp_path, monkeypatch):
    def figure(folder):
        job, inputs = retrieval_gallery(folder)
        return job, inputs | {"gallery_draws": 10}

    _, (queries, *_) = given_to_draw(figure, tmp_path, monkeypatch)
    assert [query.partners for query in queries] == [1]


@pytest.mark.parametrize(
    ("is_gallery", "expected"), [(None, [2, 2, 2, 0]), ([True, False, True, True], [1, 2, 1, 0])]
)
def test_a_querys_partners_are_the_others_of_its_class_in_the_gallery(is_gallery, expected):
    flags = None if is_gallery is None else np.array([True, *is_gallery])
    labels, splits = [0, 0, 0, 0, 1], ["train"] + ["test"] * 4
    index = Index([""] * 5, labels, [""] * 5, splits, is_gallery=flags)
    assert [partners(index, row) for row in (1, 2, 3, 4)] == expected


def test_each_panel_has_the_maps_and_scores_of_its_own_image(tmp_path, monkeypatch):
    def figure(folder):
        job, inputs = attribution_panels(folder)
        for place, (maps, images) in enumerate(zip(inputs["maps"], inputs["images"], strict=True)):
            stored = np.stack([np.full((16, 16), 10 * row + 100 * place, np.uint8) for row in (3, 1)])
            np.savez(maps, rows=np.array([3, 1]), masks=1 + stored, study=stored)
            scores = [{"row": row, "method": "study", "score": row / 10 + place} for row in (1, 3)]
            scores += [{"row": row, "method": "gradcam", "score": 9} for row in (1, 3)]
            write_rows(images, scores, ["row", "method", "score"])
        return job, inputs

    inputs, (panels, *_) = given_to_draw(figure, tmp_path, monkeypatch)
    store = PixelStore.open(inputs["layout"])
    for panel, row in zip(panels, (3, 1), strict=True):
        assert (panel.image == centre_crop(store.rgba(row), 16)[..., :3]).all()
        assert (panel.mask == 1 + 10 * row).all()  # which was scored, and may be a hand label
        for place, variant in enumerate(("base", "bgaugment")):
            assert (255 * panel.maps[variant] == 10 * row + 100 * place).all()
            assert panel.scores[variant] == row / 10 + place


def test_as_many_panels_are_drawn_as_are_asked_for(tmp_path, monkeypatch):
    def figure(folder):
        job, inputs = attribution_panels(folder)
        return job, inputs | {"shown": 1}

    inputs, (panels, *_) = given_to_draw(figure, tmp_path, monkeypatch)
    (panel,) = panels
    store = PixelStore.open(inputs["layout"])
    assert (panel.image == centre_crop(store.rgba(3), 16)[..., :3]).all()  # the first of the maps
    assert list(panel.maps) == ["base", "bgaugment"]


def test_mask_examples_go_with_their_labels_from_worst_to_best(tmp_path, monkeypatch):
    _, (examples, *_) = given_to_draw(mask_examples, tmp_path, monkeypatch)
    names = ["0.png", "2.png", "3.png"]  # three of four, the first and the last among them
    assert [example.iou for example in examples] == [0, 0.5, 0.75]
    for example, name in zip(examples, names, strict=True):
        assert (example.label == read_mask(tmp_path / "raw" / f"m{name}")).all()
        assert (example.prediction == read_mask(tmp_path / "masks" / f"{name}.png")).all()


def test_a_contact_sheet_shows_test_images_before_other_backgrounds(tmp_path, monkeypatch):
    def figure(folder):
        layout = write_images(folder / "p", {"train": 2, "test": 3}, size=16)
        inputs = {"layout": layout, "backgrounds_layout": write_backgrounds(folder / "b", size=16)}
        return draw_contact_sheet, inputs | {"dataset": "d", "shown": 2}

    inputs, (pictures, *_) = given_to_draw(figure, tmp_path, monkeypatch)
    store, scenes = (PixelStore.open(inputs[name]) for name in ("layout", "backgrounds_layout"))
    rows = store.index.rows("test")[[0, -1]]
    for number, (row, (image, mask, swapped)) in enumerate(zip(rows, pictures, strict=True)):
        assert (image == store.rgba(row)[..., :3]).all()
        assert (mask == store.rgba(row)[..., 3]).all()
        assert (swapped[mask == 255] == image[mask == 255]).all()
        assert (swapped[mask == 0] == scenes.rgba(number)[..., :3][mask == 0]).all()


def test_the_arrow_goes_from_a_ring_at_clean_to_a_dot_at_swapped():
    cell = {"dataset": "d", "backbone": "b", "loss": "triplet", "sd": None, "seeds": 1, "draws": 1}
    means = {("base", "clean"): 80, ("base", "swapped"): 30, ("mine", "clean"): 60, ("mine", "swapped"): 50}
    rows = [cell | {"variant": v, "protocol": p, "mean": mean / 100} for (v, p), mean in means.items()]
    (axes,) = figures.swap_chart.draw(rows).axes
    marks, colours = {}, variant_colours(["base", "mine"])
    for line in axes.get_lines():
        if line.get_marker() == "o":
            protocol = "clean" if line.get_markerfacecolor() == "none" else "swapped"
            marks[line.get_color(), protocol] = line.get_xdata()[0]
    expected = {(colours[variant], protocol): mean for (variant, protocol), mean in means.items()}
    assert marks == pytest.approx(expected)


def test_a_curve_is_in_the_panel_of_its_loss_with_its_best_epoch_marked():
    runs = [RUNS[0] | {"loss": loss} for loss in ("triplet", "arcface")]
    percents = [[10, 50, 20], [30, 20, 30]]
    histories = [
        [{"epoch": str(e), "map_at_r": str(percent / 100)} for e, percent in enumerate(curve, start=1)]
        for curve in percents
    ]
    panels = figures.training_curves.draw(runs, histories).axes
    for panel, curve, best in zip(panels, percents, (2, 1), strict=True):
        line, mark = panel.get_lines()
        assert line.get_ydata() == pytest.approx(curve)
        assert mark.get_xdata() == [best]


def test_the_scatter_has_published_numbers_across_and_measured_ones_up():
    row = {"dataset": "d", "variant": "base", "published": 40.0, "measured": 30.0}
    (axes,) = figures.published_scatter.draw([("MAP@R", [row, row | {"measured": None}])]).axes
    (point,) = [line for line in axes.get_lines() if line.get_marker() == "o"]
    assert (list(point.get_xdata()), list(point.get_ydata())) == ([40], [30])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("published", "measured")


def test_the_scatter_has_no_panel_of_scores_that_were_not_measured(tmp_path, monkeypatch):
    def without_attention(folder):
        job, inputs = published_scatter(folder)
        return job, {"retrieval": inputs["retrieval"]}

    for make, panels in ((published_scatter, 3), (without_attention, 2)):
        _, (given, *_) = given_to_draw(make, tmp_path, monkeypatch)
        assert len(given) == panels
        monkeypatch.undo()


def test_a_backbone_that_was_not_trained_has_a_row_of_its_own_beside_the_trained():
    cell = {"dataset": "d", "sd": None, "seeds": 1, "draws": 1, "variant": "base"}
    models = {"trained": ["triplet", "arcface"], "other": ["frozen"]}
    summary = [
        cell | {"backbone": backbone, "loss": loss, "protocol": protocol, "mean": mean}
        for backbone, losses in models.items()
        for loss in losses
        for protocol, mean in (("clean", 0.5), ("swapped", 0.4), ("another", 0.9))
    ]
    figure = figures.swap_chart.draw(summary)
    names = [[label.get_text() for label in axes.get_yticklabels()] for axes in figure.axes]
    assert names == [["Triplet", "ArcFace", "Other (as is)"]]
    assert figure.axes[0].get_xlim()[1] == pytest.approx(52.5)  # of clean and swapped, which are drawn

"""Every figure is drawn from tiny inputs, and twice the same input gives twice the same bytes."""

import sys
from itertools import combinations, product

import numpy as np
import pytest
from draw_attribution_panels import draw_attribution_panels
from draw_contact_sheet import draw_contact_sheet
from draw_mask_examples import draw_mask_examples
from draw_published_scatter import draw_published_scatter
from draw_retrieval_gallery import draw_retrieval_gallery
from draw_swap_chart import draw_swap_chart
from draw_training_curves import draw_training_curves
from matplotlib.text import Text
from PIL import Image
from tiny_stores import write_backgrounds, write_images

from bgbias import figures
from bgbias.batches import evaluation_batch
from bgbias.embedding import evaluation_view
from bgbias.figures.pictures import centre_crop, heat, spread, swap
from bgbias.figures.style import variant_colours
from bgbias.figures.titles import one_run_a_variant
from bgbias.files import read_rows, write_rows
from bgbias.images import read_mask
from bgbias.pixels import PixelStore
from bgbias.transforms import Preprocessing

RUNS = [
    {"dataset": "d", "backbone": "small_cnn", "loss": "triplet", "variant": v, "seed": 0}
    for v in ("base", "bgaugment")
]


def swap_chart(folder):
    rows = [
        run | {"protocol": protocol, "draw": 0, "map_at_r": 0.5}
        for run in RUNS
        for protocol in ("clean", "swapped")
    ]
    write_rows(folder / "r.csv", rows, list(rows[0]))
    return draw_swap_chart, [folder / "r.csv"]


def training_curves(folder):
    paths = [folder / f"{run['variant']}.csv" for run in RUNS]
    for path in paths:
        write_rows(path, [{"epoch": e, "map_at_r": e / 10} for e in (1, 2, 3)], ["epoch", "map_at_r"])
    write_rows(folder / "frozen.csv", [], ["epoch", "map_at_r"])
    return draw_training_curves, [[*paths, folder / "frozen.csv"], [*RUNS, RUNS[0] | {"loss": "frozen"}]]


def nothing_trained(folder):
    write_rows(folder / "frozen.csv", [], ["epoch", "map_at_r"])
    return draw_training_curves, [[folder / "frozen.csv"], [RUNS[0] | {"loss": "frozen"}]]


def contact_sheet(folder):
    return draw_contact_sheet, [
        write_images(folder / "p", {"test": 3}),
        write_backgrounds(folder / "b"),
        "d",
        4,
    ]


def attribution_panels(folder):
    layout, maps, images = write_images(folder / "p", {"test": 2}), [], []
    for run in RUNS:
        maps.append(folder / f"{run['variant']}.npz")
        images.append(folder / f"{run['variant']}.csv")
        grey = np.arange(2 * 16 * 16, dtype=np.uint8).reshape(2, 16, 16)
        np.savez(maps[-1], rows=np.array([3, 1]), study=grey)
        scores = [{"row": row, "method": "study", "score": score} for row, score in ((1, ""), (3, 0.25))]
        write_rows(images[-1], scores, ["row", "method", "score"])
    return draw_attribution_panels, [layout, maps, images, RUNS, "study"]


def retrieval_gallery(folder):
    matches = [folder / f"{run['variant']}.csv" for run in RUNS]
    for path in matches:
        rows = [
            {
                "protocol": protocol,
                "draw": 0,
                "query_row": 0,
                "rank": rank,
                "match_row": rank,
                "hit": rank % 2,
            }
            for protocol in ("clean", "swapped")
            for rank in (1, 2, 3)
        ]
        write_rows(path, rows, list(rows[0]))
    transform = {"eval_size": 16, "scale": [0.16, 1.0], "ratio": [0.75, 1.333], "flip": True}
    stores = write_images(folder / "p", {"test": 3}), write_backgrounds(folder / "b")
    return draw_retrieval_gallery, [
        *stores,
        matches,
        RUNS,
        {"seed": 0, "background_crop": "random"},
        transform,
    ]


def mask_examples(folder):
    rows, scores = [], []
    for number in range(4):
        mask = np.zeros((20, 30 + number), dtype=np.uint8)
        mask[5:15, 8 : 12 + 3 * number] = 255
        name = f"{number}.png"
        for path in (folder / "raw" / name, folder / "raw" / f"m{name}", folder / "masks" / f"{name}.png"):
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(mask if path.parent.name == "masks" or path.name[0] == "m" else 255 - mask).save(
                path
            )
        rows.append(
            {"path": name, "label": number // 2, "class_name": "c", "split": "test", "mask": f"m{name}"}
        )
        scores.append({"path": name, "iou": number / 4, "overlap": 1})
    Image.new("L", (30, 20)).save(folder / "masks" / "0.png.png")  # an empty mask has no outline
    write_rows(folder / "index.csv", rows, list(rows[0]))
    write_rows(folder / "images.csv", scores, list(scores[0]))
    return draw_mask_examples, [
        folder / "images.csv",
        folder / "index.csv",
        "d",
        3,
        folder / "raw",
        folder / "masks",
    ]


def published_scatter(folder):
    sides = {"published": 1.0, "published_sd": "", "difference": "", "source": "s"}
    retrieval = [
        RUNS[0] | {"protocol": p, "measured": m} | sides for p, m in (("clean", 1.5), ("swapped", ""))
    ]
    write_rows(folder / "r.csv", retrieval, list(retrieval[0]))
    attention = [RUNS[1] | {"method": "study", "measured": 0.5} | sides]
    write_rows(folder / "a.csv", attention, list(attention[0]))
    return draw_published_scatter, [folder / "r.csv", folder / "a.csv"]


@pytest.mark.parametrize(
    "figure",
    [
        swap_chart, training_curves, nothing_trained, contact_sheet, attribution_panels, retrieval_gallery,
        mask_examples, published_scatter,
    ],
    ids=lambda figure: figure.__name__,
)  # fmt: skip
def test_drawn_twice_alike(figure, tmp_path):
    draw, inputs = figure(tmp_path)
    outputs = [[tmp_path / f"{turn}.{form}" for form in ("png", "pdf")] for turn in (0, 1)]
    for png, pdf in outputs:
        draw(*inputs, png, pdf)
    for first, second in zip(*outputs, strict=True):
        assert first.read_bytes() == second.read_bytes()  # a rerun that changed nothing changes no file
    assert outputs[0][1].read_bytes().startswith(b"%PDF")
    with Image.open(outputs[0][0]) as picture:
        assert picture.width == 1600  # 10 inches at 160 dpi
        assert len(picture.convert("L").getcolors()) > 20  # something is on it


def given_to_draw(figure, folder, monkeypatch):
    """The inputs of a script, and what it hands to the function that draws."""
    job, inputs = figure(folder)
    module, given = sys.modules[job.__module__], []
    real = module.draw
    monkeypatch.setattr(module, "draw", lambda *of: given.extend(of) or real(*of))
    job(*inputs, folder / "f.png", folder / "f.pdf")
    return inputs, given


def test_the_gallery_shows_what_the_model_saw_and_what_was_right(tmp_path, monkeypatch):
    def figure(folder):
        job, inputs = retrieval_gallery(folder)
        rows = [row | {"draw": 1} for row in read_rows(inputs[2][0]) if row["protocol"] == "swapped"]
        for path in inputs[2]:
            write_rows(path, rows, list(rows[0]))
        return job, [*inputs[:4], {"seed": 7, "background_crop": "centre"}, inputs[5]]

    inputs, (queries, *_) = given_to_draw(figure, tmp_path, monkeypatch)
    store, scenes = (PixelStore.open(path.parent) for path in inputs[:2])
    plain = Preprocessing((0.0,) * 3, (1.0,) * 3, maximum=255.0)
    view = evaluation_view(inputs[5], "centre")
    batch = evaluation_batch(store, np.arange(4), scenes, seed=7, draw=1, view=view, preprocessing=plain)
    seen = batch.permute(0, 2, 3, 1).round().byte().numpy()
    (query,) = queries
    assert (query.images["swapped"] == seen[0]).all()
    for variant in ("base", "bgaugment"):
        matches = query.matches[variant, "swapped"]
        assert [hit for _, hit in matches] == [True, False, True]  # ranks 1, 2, 3
        for (image, _), expected in zip(matches, seen[1:], strict=True):
            assert (image == expected).all()


def test_each_panel_has_the_maps_and_scores_of_its_own_image(tmp_path, monkeypatch):
    def figure(folder):
        job, inputs = attribution_panels(folder)
        for place, (maps, images) in enumerate(zip(inputs[1], inputs[2], strict=True)):
            stored = np.stack([np.full((16, 16), 10 * row + 100 * place, np.uint8) for row in (3, 1)])
            np.savez(maps, rows=np.array([3, 1]), study=stored)
            scores = [{"row": row, "method": "study", "score": row / 10 + place} for row in (1, 3)]
            scores += [{"row": row, "method": "gradcam", "score": 9} for row in (1, 3)]
            write_rows(images, scores, ["row", "method", "score"])
        return job, inputs

    inputs, (panels, *_) = given_to_draw(figure, tmp_path, monkeypatch)
    store = PixelStore.open(inputs[0].parent)
    for panel, row in zip(panels, (3, 1), strict=True):
        rgba = centre_crop(store.rgba(row), 16)
        assert (panel.image == rgba[..., :3]).all()
        assert (panel.mask == rgba[..., 3]).all()
        for place, variant in enumerate(("base", "bgaugment")):
            assert (255 * panel.maps[variant] == 10 * row + 100 * place).all()
            assert panel.scores[variant] == row / 10 + place


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
        return draw_contact_sheet, [layout, write_backgrounds(folder / "b", size=16), "d", 2]

    inputs, (pictures, *_) = given_to_draw(figure, tmp_path, monkeypatch)
    store, scenes = (PixelStore.open(path.parent) for path in inputs[:2])
    rows = store.index.rows("test")[[0, -1]]
    for number, (row, (image, mask, swapped)) in enumerate(zip(rows, pictures, strict=True)):
        assert (image == store.rgba(row)[..., :3]).all()
        assert (mask == store.rgba(row)[..., 3]).all()
        assert (swapped[mask == 255] == image[mask == 255]).all()
        assert (swapped[mask == 0] == scenes.rgba(number)[..., :3][mask == 0]).all()


def test_the_arrow_goes_from_a_ring_at_clean_to_a_dot_at_swapped():
    cell = {"dataset": "d", "backbone": "b", "loss": "triplet", "sd": 0.01, "seeds": 1}
    means = {("base", "clean"): 80, ("base", "swapped"): 30, ("mine", "clean"): 60, ("mine", "swapped"): 50}
    rows = [cell | {"variant": v, "protocol": p, "mean": mean / 100} for (v, p), mean in means.items()]
    (axes,) = figures.swap_chart.draw(rows).axes
    marks, colours = {}, variant_colours(["base", "mine"])
    for line in axes.get_lines():
        if line.get_marker() == "o":
            protocol = "clean" if line.get_markerfacecolor() == "white" else "swapped"
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
        [dict(zip(keys, cell, strict=True), mean=0.5, sd=0.01, seeds=1) for cell in axes]
    )


def small_chart(variants):
    cell = {"dataset": "d", "backbone": "b", "loss": "triplet", "mean": 0.5, "sd": 0.01, "seeds": 1}
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


def large_gallery(variants):
    images = {"clean": PICTURE, "swapped": PICTURE}
    matches = {key: [(PICTURE, rank % 2 == 0) for rank in range(5)] for key in product(variants, images)}
    return figures.retrieval_gallery.draw(
        [figures.retrieval_gallery.Query(images, matches)] * 2, variants, LONG_TITLE
    )


def large_panels(variants):
    maps, scores = dict.fromkeys(variants, PICTURE[..., 0] / 255), dict.fromkeys(variants, float("nan"))
    panel = figures.attribution_panels.Panel(PICTURE, PICTURE[..., 0], maps, scores)
    return figures.attribution_panels.draw([panel] * 3, variants, LONG_TITLE)


def large_sheet(variants):
    return figures.contact_sheet.draw([(PICTURE, PICTURE[..., 0], PICTURE)] * 4, LONG_TITLE)


def large_masks(variants):
    example = figures.mask_examples.Example(PICTURE, PICTURE[..., 0], PICTURE[..., 0], 0.5)
    return figures.mask_examples.draw([example] * 5, "Catalogue Of The Summer Of 2026")


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
    ("losses", "named"), [(["frozen"], []), (["triplet"], ["Base"]), (["frozen", "triplet"], ["Base"])]
)
def test_a_model_that_was_not_trained_has_no_variant(losses, named):
    cell = {"dataset": "d", "backbone": "b", "variant": "base", "mean": 0.5, "sd": 0.01, "seeds": 1}
    rows = [cell | {"loss": loss, "protocol": p} for loss in losses for p in ("clean", "swapped")]
    (legend,) = figures.swap_chart.draw(rows).legends
    assert [text.get_text() for text in legend.texts] == [*named, "clean test images", "backgrounds swapped"]
    assert list(one_run_a_variant(rows)) == ["base" if loss == "triplet" else "frozen" for loss in losses]


def test_a_variant_keeps_its_colour():
    alone, among = variant_colours(["bgaugment"]), variant_colours(["mine", "base", "bgaugment", "other"])
    assert alone["bgaugment"] == among["bgaugment"]
    assert len(set(among.values())) == 4
    # The training curves meet the variants in the order of the grid, the swap chart in that of the alphabet.
    assert variant_colours(["base", "strong", "mild"]) == variant_colours(["base", "mild", "strong"])


def test_swap_is_the_composition():
    rgb, background = np.full((1, 3, 3), 200, np.uint8), np.full((1, 3, 3), 100, np.uint8)
    alpha = np.array([[0, 51, 255]], np.uint8)  # 51/255 = .2: 200·.2 + 100·.8 = 120
    assert swap(rgb, alpha, background)[0, :, 0].tolist() == [100, 120, 200]


def test_centre_crop_agrees_with_evaluation():
    from bgbias.transforms import centre_crop_boxes

    for height, width, size in ((9, 12, 4), (8, 11, 8), (7, 7, 4), (10, 15, 5)):
        image = np.arange(height * width).reshape(height, width)
        ((top, left, _, _),) = centre_crop_boxes(np.array([[height, width]]), size)
        assert (centre_crop(image, size) == image[top : top + size, left : left + size]).all()


def test_heat_leaves_grey_where_the_map_is_zero():
    rgb = np.zeros((2, 2, 3), np.uint8)
    rgb[..., 1] = 240
    shown = heat(rgb, np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert np.ptp(shown[0], axis=-1).max() == 0
    assert np.ptp(shown[1], axis=-1).min() > 0


def test_spread_takes_both_ends():
    assert spread(range(20), 3) == [0, 10, 19]
    assert spread(range(2), 5) == [0, 1]
    assert spread([], 3) == []

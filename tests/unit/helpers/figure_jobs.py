"""Each figure's script with tiny inputs: (folder) → its function, its arguments but the outputs."""

import numpy as np
from draw_attribution_panels import draw_attribution_panels
from draw_contact_sheet import draw_contact_sheet
from draw_mask_examples import draw_mask_examples
from draw_published_scatter import draw_published_scatter
from draw_retrieval_gallery import draw_retrieval_gallery
from draw_swap_chart import draw_swap_chart
from draw_training_curves import draw_training_curves
from PIL import Image
from tiny_stores import write_backgrounds, write_images

from bgbias.files import write_rows
from bgbias.masks.tree import COLUMNS

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
    return draw_swap_chart, {"results": folder / "r.csv"}


def training_curves(folder):
    paths = [folder / f"{run['variant']}.csv" for run in RUNS]
    for path in paths:
        write_rows(path, [{"epoch": e, "map_at_r": e / 10} for e in (1, 2, 3)], ["epoch", "map_at_r"])
    return draw_training_curves, {"histories": paths, "runs": RUNS}


def contact_sheet(folder):
    return draw_contact_sheet, {
        "layout": write_images(folder / "p", {"test": 3}),
        "backgrounds_layout": write_backgrounds(folder / "b"),
        "dataset": "d",
        "shown": 4,
    }


def attribution_panels(folder):
    layout, maps, images = write_images(folder / "p", {"test": 2}), [], []
    for run in RUNS:
        maps.append(folder / f"{run['variant']}.npz")
        images.append(folder / f"{run['variant']}.csv")
        grey = np.arange(2 * 16 * 16, dtype=np.uint8).reshape(2, 16, 16)
        np.savez(maps[-1], rows=np.array([3, 1]), masks=grey[::-1], study=grey)
        scores = [{"row": row, "method": "study", "score": score} for row, score in ((1, ""), (3, 0.25))]
        write_rows(images[-1], scores, ["row", "method", "score"])
    inputs = {"layout": layout, "maps": maps, "images": images}
    shown = {"runs": RUNS, "several_seeds": False, "method": "study", "shown": 2}
    return draw_attribution_panels, inputs | shown


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
    return draw_retrieval_gallery, {
        "layout": write_images(folder / "p", {"test": 3}),
        "backgrounds_layout": write_backgrounds(folder / "b"),
        "matches": matches,
        "runs": RUNS,
        "several_seeds": False,
        "evaluation": {"seed": 0, "background_crop": "random"},
        "transform": {"eval_size": 16, "scale": [0.16, 1.0], "ratio": [0.75, 1.333], "flip": True},
        "gallery_draws": None,
    }


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
    made = [{"path": row["path"], "coverage": 0.5, "empty": 0, "failed": 0} for row in rows]
    write_rows(folder / "masks.csv", made, COLUMNS)
    return draw_mask_examples, {
        "images": folder / "images.csv",
        "index": folder / "index.csv",
        "table": folder / "masks.csv",
        "dataset": "d",
        "shown": 3,
        "root": folder / "raw",
        "masks": folder / "masks",
    }


def published_scatter(folder):
    sides = {"published": 1.0, "published_sd": "", "measured_sd": "", "difference": "", "source": "s"}
    retrieval = [
        RUNS[0] | {"protocol": p, "measured": m} | sides for p, m in (("clean", 1.5), ("swapped", ""))
    ]
    write_rows(folder / "r.csv", retrieval, list(retrieval[0]))
    attention = [RUNS[1] | {"method": "study", "measured": 0.5} | sides]
    write_rows(folder / "a.csv", attention, list(attention[0]))
    return draw_published_scatter, {"retrieval": folder / "r.csv", "attention": folder / "a.csv"}

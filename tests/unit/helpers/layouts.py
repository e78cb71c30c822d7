"""The unpacked archives of the published datasets, made small: exact layouts, 16 classes of two images."""

import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6), (200, 100, 50)).save(path)


def hand_label(path: Path) -> None:
    """The left half of the picture is the object."""
    path.parent.mkdir(parents=True, exist_ok=True)
    label = Image.new("L", (8, 6))
    label.paste(255, (0, 0, 4, 6))
    label.save(path)


# The archives: classes numbered from 1, two images each. Half of them is the test split; a quarter of the
# other eight, classes 7 and 8 (labels 6 and 7), is validation.
CLASSES = range(1, 17)
FIRST_TEST = 9


def cars_original(root: Path) -> None:
    from scipy.io import savemat

    fields = [("relative_im_path", object), ("bbox_x1", object), ("class", object), ("test", object)]
    annotations = np.zeros((1, 32), dtype=fields)
    for i in range(32):
        annotations[0, i] = (f"car_ims/{i + 1:06d}.jpg", 1, i // 2 + 1, i % 2)
        image(root / f"car_ims/{i + 1:06d}.jpg")
    names = np.array([[f"Maker Model {n} 2012" for n in CLASSES]], dtype=object)
    savemat(root / "cars_annos.mat", {"annotations": annotations, "class_names": names})


def cars_mirror(root: Path) -> None:
    # Class 1 sorts last as a folder, so that a label taken from the order of folders is found out.
    names = ["Zeta C/V Van 2012", *(f"Maker Model {n} 2012" for n in CLASSES[1:])]
    (root / "names.csv").write_text("\n".join(names) + "\n")
    for part in ("train", "test"):
        lines = []
        for number, name in enumerate(names, start=1):
            image(root / "car_data/car_data" / part / name.replace("/", "-") / f"{number:05d}.jpg")
            lines.append(f"{number:05d}.jpg,1,2,3,4,{number}")
        (root / f"anno_{part}.csv").write_text("\n".join(lines) + "\n")


def cub(root: Path) -> None:
    folder = root / "CUB_200_2011"
    names = [f"{n:03d}.Bird_{n}" for n in CLASSES]
    images = [(n, f"{name}/Bird_{k}.jpg") for n, name in enumerate(names, start=1) for k in range(2)]
    for _, path in images:
        image(folder / "images" / path)
        hand_label(root / "segmentations" / Path(path).with_suffix(".png"))
    (folder / "classes.txt").write_text("".join(f"{n} {name}\n" for n, name in enumerate(names, start=1)))
    (folder / "images.txt").write_text("".join(f"{i} {path}\n" for i, (_, path) in enumerate(images, 1)))
    (folder / "image_class_labels.txt").write_text(
        "".join(f"{i} {n}\n" for i, (n, _) in enumerate(images, 1))
    )


def sop(root: Path) -> None:
    folder = root / "Stanford_Online_Products"
    for name, first in (("Ebay_train.txt", 1), ("Ebay_test.txt", FIRST_TEST)):
        lines = ["image_id class_id super_class_id path"]
        for i in range(16):
            path = f"bicycle_final/1110{first + i // 2}_{i % 2}.JPG"
            image(folder / path)
            lines.append(f"{2 * first + i - 1} {first + i // 2} 1 {path}")
        (folder / name).write_text("\n".join(lines) + "\n")


def inshop(root: Path) -> None:
    lines = []
    for item in CLASSES:
        for k in range(2):
            path = f"img/WOMEN/Dresses/id_{item:08d}/0{k}_1_front.jpg"
            image(root / "Img" / path)
            lines.append(f"{path} id_{item:08d} {'train' if item < FIRST_TEST else ('query', 'gallery')[k]}")
    (root / "Eval").mkdir()
    header = "image_name item_id evaluation_status"
    text = "\n".join([str(len(lines)), header, *lines])
    (root / "Eval/list_eval_partition.txt").write_text(text + "\n")


def vehicleid(root: Path) -> None:
    folder = root / "VehicleID_V1.0"
    for name, first in (
        ("train_list", 1),
        ("test_list_800", FIRST_TEST),
        ("test_list_1600", FIRST_TEST),
        ("test_list_2400", FIRST_TEST),
    ):
        lines = []
        for i in range(16):
            number = f"{2 * first + i:07d}"
            image(folder / f"image/{number}.jpg")
            lines.append(f"{number} {first + i // 2}")
        (folder / "train_test_split").mkdir(exist_ok=True)
        (folder / f"train_test_split/{name}.txt").write_text("\n".join(lines) + "\n")


LAYOUTS = {
    "cars196": (cars_original, 0),
    "cars196 by classes": (cars_mirror, 0),
    "cub200": (cub, 0),
    "sop": (sop, 0),
    "inshop": (inshop, 1),  # these two keep their own numbers, from 1
    "vehicleid": (vehicleid, 1),
}
# What of the unpacked data each archive holds: file name -> path in it ("" for all).
CONTENTS = {
    "cars196": {"car_ims.tgz": "car_ims", "cars_annos.mat": "cars_annos.mat"},
    "cars196 by classes": {"stanford-car-dataset-by-classes-folder.zip": ""},
    "cub200": {"CUB_200_2011.tgz": "CUB_200_2011", "segmentations.tgz": "segmentations"},
    "sop": {"Stanford_Online_Products.zip": "Stanford_Online_Products"},
    "inshop": {"img.zip": "Img/img", "list_eval_partition.txt": "Eval/list_eval_partition.txt"},
    "vehicleid": {"VehicleID_V1.0.zip": "VehicleID_V1.0"},
}


def packed(source: Path, top: str, archive: Path) -> Path:
    """The archive of ``source/top``, in which the folder ``top`` keeps its last name."""
    base = source / top
    if base.is_file():
        return Path(shutil.copyfile(base, archive))
    files = [path for path in sorted(base.rglob("*")) if path.is_file()]
    root = base.parent if top else base
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as content:
            for path in files:
                content.write(path, path.relative_to(root))
    else:
        with tarfile.open(archive, "w:gz") as content:
            for path in files:
                content.add(path, path.relative_to(root))
    return archive

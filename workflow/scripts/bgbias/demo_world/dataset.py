"""Write generated datasets and sets of backgrounds to disk."""

import io
import os
from pathlib import Path

from PIL import Image

from bgbias.demo_world.canvas import Canvas
from bgbias.demo_world.chance import between, happens
from bgbias.demo_world.classes import WORLDS, DemoClass, World, make_classes
from bgbias.demo_world.photo import developed, photograph, random_pose
from bgbias.demo_world.scenery import PAINTERS, new_place, view
from bgbias.files import replacing
from bgbias.logs import progress_bar
from bgbias.randomness import generator

INDEX_COLUMNS = ["path", "label", "class_name", "split", "mask"]
HAND_LABELS = 20
HUE_SPREAD = 0.04  # largest hue shift of the colours within a class


def make_dataset(
    folder: str | os.PathLike,
    world: str,
    rho: float,
    classes: int,
    images_per_class: int,
    size: int,
    seed: int,
) -> list[dict]:
    """Write ``images/<class>/<number>.jpg`` and ``exact_masks/<class>/<number>.png`` below ``folder``.

    ``rho`` is the probability that an image shows its class's home place; otherwise it shows a unique place.
    Images are RGB, ``size`` × ``size`` pixels; masks are 8-bit soft coverage of the same size.

    Returns the rows of the dataset's index. ``mask`` names the exact mask for 20 randomly chosen test images,
    where it serves as hand label, and is empty for the others. Raises StudyError for too few or too many
    classes.
    """
    folder, spec = Path(folder), WORLDS[world]
    members = make_classes(spec, classes, seed)
    rows = []
    jobs = [(label, number) for label in range(classes) for number in range(images_per_class)]
    for label, number in progress_bar(jobs, f"generate {world}", "images"):
        member = members[label]
        name = member.name.lower().replace(" ", "_")
        image_path = f"images/{name}/{number + 1:03d}.jpg"
        mask_path = f"exact_masks/{name}/{number + 1:03d}.png"
        picture, mask = make_image(spec, member, rho, size, seed, label, number)
        _save(picture, folder / image_path, quality=92, subsampling=0)
        _save(mask, folder / mask_path, compress_level=1)
        rows.append(
            {
                "path": image_path,
                "label": label,
                "class_name": member.name,
                "split": member.split,
                "mask": mask_path,
            }
        )
    _keep_hand_labels(rows, seed)
    return rows


def make_image(
    world: World, member: DemoClass, rho: float, size: int, seed: int, label: int, number: int
) -> tuple[Image.Image, Image.Image]:
    """Image ``number`` of the class ``label`` (RGB) and its exact mask (L)."""
    # The object's random stream does not depend on rho: datasets that differ in rho show the same objects.
    rng = generator(seed, "object", label, number)
    canvas = Canvas(size, random_pose(rng, world.sway))
    turn = between(rng, -HUE_SPREAD, HUE_SPREAD)
    world.painter.draw(canvas, world.painter.vary(member.design, turn, rng), rng)
    place = member.home
    if not at_home(rho, seed, label, number):
        place = new_place(seed, "elsewhere", label * 1_000_003 + number, world.places)
    background = view(place, size, generator(seed, "view", label, number))
    return photograph(canvas, background, generator(seed, "photograph", label, number), world.support)


def at_home(rho: float, seed: int, label: int, number: int) -> bool:
    """Whether image ``number`` of the class ``label`` shows the class's home place."""
    return happens(generator(seed, "at home", label, number), rho)


def make_backgrounds(folder: str | os.PathLike, count: int, size: int, seed: int, role: str) -> None:
    """Write views of ``count`` different places, of all kinds, as ``folder``/<number>.jpg.

    No place is shared between roles or with a dataset.
    """
    for number in progress_bar(range(count), f"generate {role} backgrounds", "images"):
        place = new_place(seed, f"wild {role}", number, list(PAINTERS))
        rng = generator(seed, f"wild view {role}", number)
        path = Path(folder, f"{number + 1:04d}.jpg")
        _save(developed(view(place, size, rng), rng), path, quality=92, subsampling=0)


def _keep_hand_labels(rows: list[dict], seed: int) -> None:
    test = [index for index, row in enumerate(rows) if row["split"] == "test"]
    order = generator(seed, "hand labels").permutation(len(test))
    chosen = {test[int(place)] for place in order[:HAND_LABELS]}
    for index, row in enumerate(rows):
        if index not in chosen:
            row["mask"] = ""


def _save(picture: Image.Image, path: Path, **settings: int) -> None:
    stream = io.BytesIO()
    picture.save(stream, Image.registered_extensions()[path.suffix], **settings)
    with replacing(path, durable=False) as aside:  # thousands of files, easily redrawn
        aside.write_bytes(stream.getvalue())

"""The three worlds and their fine-grained classes."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

from bgbias.demo_world import birds, cars, products
from bgbias.demo_world.chance import between
from bgbias.demo_world.scenery import Place, new_place
from bgbias.errors import StudyError
from bgbias.randomness import generator


@dataclass(frozen=True)
class World:
    """Subject of a dataset: the module that designs and draws the objects, their kinds, and their places."""

    painter: ModuleType
    kinds: list[str]
    places: list[str]
    support: str  # what an object stands on
    sway: int  # largest rotation in degrees


WORLDS = {
    "cars": World(
        cars,
        list(cars.BODIES),
        ["street", "hills", "mountains", "desert", "bricks", "garage"],
        "shadow",
        4,
    ),
    "birds": World(
        birds, list(birds.BUILDS), ["foliage", "forest", "hills", "mountains", "shore"], "branch", 9
    ),
    "products": World(
        products,
        list(products.KINDS),
        ["room", "table", "shelf", "tiles", "cloth", "bricks"],
        "shadow",
        7,
    ),
}
# Shares of the classes for training and validation; the rest is for the test. That is somewhat less than
# the half in the paper's datasets, because the demo has few training classes.
SHARES = (0.46, 0.14)


@dataclass(frozen=True)
class DemoClass:
    name: str
    design: Any
    home: Place
    split: str


def split_sizes(count: int) -> tuple[int, int, int]:
    """How many of ``count`` classes are used for training, validation and test."""
    train, val = round(count * SHARES[0]), max(2, round(count * SHARES[1]))
    return train, val, count - train - val


def make_classes(world: World, count: int, seed: int) -> list[DemoClass]:
    """``count`` classes (label = position in the list), in the order train, val, test as in real datasets."""
    limit = len(world.kinds) * len(world.painter.NAMES)
    if not 7 <= count <= limit:
        raise StudyError(
            f"A generated dataset can have 7 to {limit} classes, not {count}: change `classes` in the config."
        )
    # Kinds and hues are spread evenly over the classes, so that no two look alike by chance; then shuffled.
    order = generator(seed, "class order").permutation(count)
    offset = between(generator(seed, "hue offset"), 0, 1)
    words = generator(seed, "class names").permutation(len(world.painter.NAMES))
    train, val, _ = split_sizes(count)
    classes = []
    for label, index in enumerate(map(int, order)):
        kind = world.kinds[index % len(world.kinds)]
        word = world.painter.NAMES[int(words[index // len(world.kinds)])]
        hue = offset + index * 0.618034  # golden ratio: neighbours never share a hue
        classes.append(
            DemoClass(
                name=f"{word} {kind}",
                design=world.painter.design(kind, hue, generator(seed, "design", index)),
                home=new_place(seed, "home", index, world.places),
                split="train" if label < train else "val" if label < train + val else "test",
            )
        )
    return classes

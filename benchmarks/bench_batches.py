"""One BGAugment batch of 32 images at 227 px, against the loop by which the method is usually implemented.

The textbook, per step: every image and its mask are decoded from their files, resized to a short side of 256,
cropped, resized, mirrored and converted to float tensors one after another, and the image is normalised; then
32 random background photographs are processed likewise, one after another; then x·m + b·(1 − m) for the whole
batch. No worker processes: they would spread its CPU time, not reduce it.

Ours: the same crops and composition from packed pixels. On a CPU that is everything. When a GPU trains, the
host only draws the random numbers and copies the image rows to upload: that part is measured separately,
without the upload and the launches of the device's dozens of kernels. If there is a GPU, all host work for
its batches is measured too.
"""

import os
import sys
import tempfile
from pathlib import Path

import measuring

os.environ.update(measuring.ONE_THREAD)
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

import material
import numpy as np
import torch
import torchvision.transforms as transforms
import torchvision.transforms.functional as functional
from PIL import Image

from bgbias.input_pipeline import batches
from bgbias.input_pipeline.batches import TrainingView, training_batches
from bgbias.input_pipeline.on_gpu import rows_of
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.randomness import generator

SIZE, SHORT_SIDE, BATCH = 227, 256, 32
SCALE, RATIO = (0.16, 1.0), (0.75, 4 / 3)
VIEW, PREPROCESSING = TrainingView(SIZE, SCALE, RATIO), Preprocessing()
AT_LEAST = 20.0


class Textbook:
    """torchvision's classic transforms on PIL images, as in tutorials and the released study."""

    def __init__(self, photographs: material.Photographs):
        self.photographs = photographs
        self.resize = transforms.Resize(SHORT_SIDE)
        self.normalise = transforms.Normalize(PREPROCESSING.mean, PREPROCESSING.std)
        self.background_transform = transforms.Compose(
            [
                self.resize,
                transforms.RandomResizedCrop(SIZE, scale=SCALE, ratio=RATIO),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                self.normalise,
            ]
        )

    def batch(self, rows: np.ndarray, chosen: np.ndarray) -> torch.Tensor:
        """float32 (B, 3, S, S): images ``rows`` in front of backgrounds ``chosen``, both int64 (B,)."""
        images, masks = zip(*map(self.image_and_mask, rows), strict=True)
        backgrounds = [
            self.background_transform(Image.open(self.photographs.backgrounds[row]).convert("RGB"))
            for row in chosen
        ]
        images, masks, backgrounds = map(torch.stack, (images, masks, backgrounds))
        return images * masks + backgrounds * (1 - masks)

    def image_and_mask(self, row: int) -> tuple[torch.Tensor, torch.Tensor]:
        image = self.resize(Image.open(self.photographs.images[row]).convert("RGB"))
        mask = self.resize(Image.open(self.photographs.masks[row]).convert("L"))
        box = transforms.RandomResizedCrop.get_params(image, SCALE, RATIO)
        image, mask = (functional.resized_crop(picture, *box, [SIZE, SIZE]) for picture in (image, mask))
        if torch.rand(1) < 0.5:
            image, mask = functional.hflip(image), functional.hflip(mask)
        return self.normalise(functional.to_tensor(image)), functional.to_tensor(mask)


def ours(
    store: PixelStore, backgrounds: PixelStore | None, rows: np.ndarray, step: int, device: str = "cpu"
) -> torch.Tensor:
    (batch,) = training_batches(
        store,
        rows[None],
        backgrounds,
        seed=0,
        steps=[step],
        probability=1.0,
        view=VIEW,
        preprocessing=PREPROCESSING,
        device=device,
    )
    return batch


def host_part(store: PixelStore, backgrounds: PixelStore, rows: np.ndarray, step: int) -> torch.Tensor:
    """What :func:`training_batches` does on the host if the device is a GPU."""
    uniforms = generator(0, "training batch", step).random((len(rows), batches._UNIFORMS))
    choices = batches._choices(uniforms)
    batches._backgrounds(backgrounds, choices, VIEW)
    return rows_of(batches._random_cuts(store, rows, choices.view, VIEW), pinned=False)


def on_the_gpu(store: PixelStore, backgrounds: PixelStore, rows: np.ndarray, rounds: int) -> dict:
    """Seconds until a GPU that does nothing else has the batches of four steps, as training requests them."""
    four = np.resize(rows, (4, BATCH))
    given = {"seed": 0, "steps": range(4), "view": VIEW, "preprocessing": PREPROCESSING, "device": "cuda"}

    def make(probability: float) -> None:
        training_batches(store, four, backgrounds, probability=probability, **given)

    methods = {"base": lambda _: make(0.0), "bgaugment": lambda _: make(1.0)}
    return measuring.alternate(methods, rounds, measuring.clock(torch.device("cuda")))


def measure(photographs: material.Photographs, folder: Path, rounds: int) -> tuple[list[dict], dict]:
    store, backgrounds = material.pack(photographs, folder, SHORT_SIDE)
    compressed, _ = material.pack(photographs, folder / "compressed", SHORT_SIDE, compressed=True)
    textbook = Textbook(photographs)
    rng = generator(0, "benchmark rows")
    rows = rng.integers(0, len(store), (rounds, BATCH))
    chosen = rng.integers(0, len(backgrounds), (rounds, BATCH))
    methods = {
        "ours": lambda i: ours(store, backgrounds, rows[i], i),
        "ours, host part for a GPU": lambda i: host_part(store, backgrounds, rows[i], i),
    }
    if torch.cuda.is_available():
        methods["ours, all host work for this GPU"] = lambda i: ours(store, backgrounds, rows[i], i, "cuda")
    seconds = measuring.alternate(
        {
            "textbook": lambda i: textbook.batch(rows[i], chosen[i]),
            **methods,
            "ours, clean": lambda i: ours(store, None, rows[i], i),
            "ours, compressed pixels": lambda i: ours(compressed, backgrounds, rows[i], i),
        },
        rounds,
    )
    verdicts = [
        measuring.verdict(
            f"batch of {BATCH} at {SIZE} px, {photographs.name}: textbook / {name}",
            measuring.ratio(seconds, "textbook", name),
            at_least=AT_LEAST,
        )
        for name in methods
    ]
    verdicts += [
        measuring.verdict(
            f"batch of {BATCH} at {SIZE} px, {photographs.name}: textbook / ours, compressed pixels",
            measuring.ratio(seconds, "textbook", "ours, compressed pixels"),
        ),
        measuring.verdict(
            f"packed pixels, {photographs.name}: bytes / compressed bytes",
            store.data.nbytes / compressed.data.nbytes,
        ),
    ]
    details = {**photographs.sizes(), "milliseconds": measuring.milliseconds(seconds)}
    if torch.cuda.is_available():
        found = on_the_gpu(store, backgrounds, rows, rounds)
        details["milliseconds for four steps on this GPU, elapsed"] = measuring.milliseconds(found)
    return verdicts, details


def main() -> None:
    options = measuring.options(__doc__).parse_args()
    torch.set_num_threads(1)  # but not the rest of prepare_cpu: the textbook is run as usual
    rows, details = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for photographs in material.photographs(Path(folder), limit=64):
            found, more = measure(photographs, Path(folder), rounds=25 if options.full else 7)
            rows += found
            details[photographs.name] = more
            print(photographs.name, more, flush=True)
    measuring.report(rows, details, options.out)


if __name__ == "__main__":
    main()

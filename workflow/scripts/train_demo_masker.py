"""Train the demo's mask network on generated images and write it as ONNX for rembg.

    python workflow/scripts/train_demo_masker.py --out resources/demo_masker.onnx

The images use different seeds from every demo dataset: other classes, other places. Takes about ten minutes
on one free core and 1.5 GB; the result, under 1 MB, is part of the project, so you need not run this. The
included network was trained with the default settings, shortly before the last changes to the drawings (so a
retrained one differs slightly). Through rembg, at rho .5, its mean IoU on 63 test images each is .94 (cars),
.86 (birds) and .95 (products): a bird's legs are thinner than the pixels it works at.
"""

import argparse

import numpy as np
import torch
from torch.nn import functional

from bgbias.demo_world.classes import WORLDS, make_classes
from bgbias.demo_world.dataset import make_image
from bgbias.demo_world.photo import developed
from bgbias.demo_world.scenery import PAINTERS, new_place, view
from bgbias.files import replacing
from bgbias.logs import progress_bar
from bgbias.masks.demo_masker import REDUCTION, MaskNetwork, network_input, reduced, write_onnx
from bgbias.randomness import generator, integer_seed

SIZE, CLASSES, EMPTY_SHARE = 128, 150, 0.03


def generated_images(images_per_world: int, seed: int):
    """Yield (RGB image, L mask) of all worlds, few images of many classes; some show only a place."""
    for world in WORLDS.values():
        members = make_classes(world, CLASSES, seed)
        for number in range(images_per_world):
            label = number % CLASSES
            yield make_image(world, members[label], 0.0, SIZE, seed, label, number // CLASSES)
    for number in range(int(3 * images_per_world * EMPTY_SHARE)):
        rng = generator(seed, "empty image", number)
        place = new_place(seed, "empty place", number, list(PAINTERS))
        picture = developed(view(place, SIZE, rng), rng)
        yield picture, picture.convert("L").point([0] * 256)


def training_tensors(images_per_world: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Network inputs after their reduction, float16 (N, 3, s, s), and masks, uint8 (N, 1, 2s, 2s)."""
    inputs, targets = [], []
    total = 3 * images_per_world + int(3 * images_per_world * EMPTY_SHARE)
    for picture, mask in progress_bar(generated_images(images_per_world, seed), "generate", "images", total):
        small = reduced(network_input(np.asarray(picture)))[0]
        inputs.append(small.half())
        side = 2 * small.shape[-1]
        targets.append(torch.from_numpy(np.asarray(mask.resize((side, side))).copy())[None])
    return torch.stack(inputs), torch.stack(targets)


def train(inputs: torch.Tensor, targets: torch.Tensor, steps: int, batch_size: int, seed: int) -> MaskNetwork:
    """Adam with a one-cycle learning rate on cross-entropy plus a soft IoU."""
    torch.manual_seed(integer_seed(seed, "mask network"))
    network = MaskNetwork().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for step in progress_bar(range(steps), "train", "steps"):
        rng = generator(seed, "mask batch", step)
        x, y = _batch(inputs, targets, rng, batch_size)
        # Supervised at twice the network's resolution, for edges finer than its pixels.
        logits = functional.interpolate(network(x), scale_factor=2, mode="bilinear", align_corners=False)
        loss = functional.binary_cross_entropy_with_logits(logits, y) + 0.3 * _soft_iou_loss(
            logits.sigmoid(), y
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step}: loss {loss.item():.4f}", flush=True)
    return network.eval()


def _batch(inputs, targets, rng, batch_size) -> tuple[torch.Tensor, torch.Tensor]:
    """Images drawn at random; half mirrored, channels shuffled and scaled so that no hue means an object."""
    rows = torch.from_numpy(rng.integers(len(inputs), size=batch_size))
    x, y = inputs[rows].float(), targets[rows].float() / 255
    x = x[:, torch.from_numpy(rng.permutation(3))]
    x = x * torch.from_numpy(rng.uniform(0.8, 1.2, (batch_size, 3, 1, 1)).astype(np.float32))
    if rng.integers(2):
        x, y = x.flip(3), y.flip(3)
    return x.contiguous(memory_format=torch.channels_last), y


def _soft_iou_loss(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    both, either = (p * y).sum((1, 2, 3)), (p + y - p * y).sum((1, 2, 3))
    return 1 - ((both + 1) / (either + 1)).mean()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", required=True, help="where to write the ONNX file")
    parser.add_argument(
        "--images", type=int, default=1000, help="generated images per world (default %(default)s)"
    )
    parser.add_argument("--steps", type=int, default=1500, help="training steps (default %(default)s)")
    parser.add_argument("--batch-size", type=int, default=16, help="images per step (default %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=90210, help="different from the datasets' (default %(default)s)"
    )
    arguments = parser.parse_args()
    inputs, targets = training_tensors(arguments.images, arguments.seed)
    network = train(inputs, targets, arguments.steps, arguments.batch_size, arguments.seed)
    with replacing(arguments.out) as aside, torch.no_grad():
        write_onnx(network, aside)
    print(f"{arguments.out}: the network works at 1/{REDUCTION} of rembg's resolution")


if __name__ == "__main__":
    main()

"""The study's attribution map against the bare forward and backward passes of the same number of images.

Per image the map takes 25 noisy copies. The limit is the same model's forward and input-gradient pass over as
many images that are already on the device; captum's NoiseTunnel does the same job one image at a time. CPU
seconds on a CPU, elapsed time on a GPU.
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
from pytorch_metric_learning.distances import LpDistance

from bgbias.attribution import METHODS, Target, scaled
from bgbias.attribution.images import black_image, images_and_masks
from bgbias.devices import choose_batch_size, choose_device, describe_device, prepare_cpu
from bgbias.models.embedding_model import build_model

OF_BARE, IMAGES, COPIES = 0.90, 8, 25
MODELS = {"squeezenet1_1": 224, "small_cnn": 64}  # side of the images in pixels
GPU_MODELS = {"bninception": 227, "squeezenet1_1": 227}  # the small one would measure launches on a GPU


def bare(target, images, settings):
    """Forward and input-gradient passes over as many images, without noise, in batches of the same size and
    in the layout that the model is fastest with."""
    copies = images.repeat_interleave(settings["copies"], 0).contiguous(memory_format=torch.channels_last)
    for batch in copies.split(settings["batch_size"]):
        batch = batch.detach().requires_grad_()
        torch.autograd.grad(target.model(batch).sum(), batch)


def ours(target, images, settings):
    return scaled(METHODS["study"](target, images, range(len(images)), settings))


def by_captum(target, images, settings):
    from captum.attr import NoiseTunnel, Saliency
    from captum.log import log_usage

    class ChannelMean(Saliency):
        @log_usage()
        def attribute(self, inputs, **options):
            return super().attribute(inputs, abs=False, **options).mean(1, keepdim=True).abs()

    tunnel = NoiseTunnel(ChannelMean(target))
    for image in images:
        spread = settings["noise"] * float(image.max() - image.min())
        tunnel.attribute(image[None], nt_samples=settings["copies"], stdevs=spread)


def measure(backbone, size, photographs, folder, device, rounds):
    store, _ = material.pack(photographs, folder, size)
    model, preprocessing = build_model(backbone, {"weights": None}, 128, seed=0)
    model = model.eval().to(device, memory_format=torch.channels_last)
    target = Target(model, LpDistance(), black_image(size, preprocessing, device))
    batch_size = choose_batch_size(None, size, device)
    # On a GPU as many as a job takes at once: the work before its first pass is done once for all of them.
    count = IMAGES if device.type == "cpu" else batch_size
    images, _ = images_and_masks(store, np.arange(count) % len(store), size, preprocessing, device)
    settings = {"copies": COPIES, "noise": 0.15, "seed": 0, "batch_size": batch_size}
    methods = {
        name: lambda _, method=method: method(target, images, settings)
        for name, method in (("bare", bare), ("ours", ours), ("captum", by_captum))
    }
    found = measuring.alternate(methods, rounds, measuring.clock(device))
    name = f"attribution, {backbone} at {size} px, {photographs.name}"
    rows = [
        measuring.verdict(f"{name}: ours / bare", measuring.ratio(found, "bare", "ours"), at_least=OF_BARE),
        measuring.verdict(f"{name}: captum / bare", measuring.ratio(found, "bare", "captum")),
    ]
    return rows, {"images": count, "milliseconds": measuring.milliseconds(found)}


def main():
    options = measuring.options(__doc__).parse_args()
    prepare_cpu(threads=1)
    device, rows = choose_device("auto"), []
    details = {"device": describe_device(device), "copies": COPIES}
    with tempfile.TemporaryDirectory() as folder:
        photographs = material.photographs(Path(folder), limit=IMAGES)[0]
        for backbone, size in (MODELS if device.type == "cpu" else GPU_MODELS).items():
            found, details[backbone] = measure(
                backbone, size, photographs, Path(folder) / backbone, device, rounds=7 if options.full else 2
            )
            rows += found
    measuring.report(rows, details, options.out)


if __name__ == "__main__":
    main()

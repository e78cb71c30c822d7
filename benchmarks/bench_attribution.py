"""The study's attribution map beside the bare forward and backward pass of as many images.

Per image the map costs 25 noisy copies. The limit is the same model's forward and input-gradient pass over
one constant batch that already lies on the device; captum's NoiseTunnel does the same job an image at a
time. Rounds alternate between the methods, the fastest round of each counts. Seconds are CPU seconds on a CPU
(other work on the machine must not count) and elapsed time on a GPU.

    python benchmarks/bench_attribution.py --backbone squeezenet1_1 --size 224 --images photographs/
"""

import argparse
import datetime
import json
import platform
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from pytorch_metric_learning.distances import LpDistance

from bgbias.attribution import METHODS, Target, scaled
from bgbias.attribution.images import black_image
from bgbias.devices import choose_device, describe_device
from bgbias.models import build_model
from bgbias.transforms import normalise


def photographs(folder, count, size):
    """(count, 3, size, size) in 0 to 255: photographs under ``folder``, or smooth noise without one."""
    if folder is None:
        coarse = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 255
        return torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic").clamp(0, 255)
    import numpy as np
    from PIL import Image, ImageOps

    paths = sorted(path for path in folder.rglob("*.jp*g"))[:count]
    images = [ImageOps.fit(Image.open(path).convert("RGB"), (size, size)) for path in paths]
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()


def bare(target, images, settings):
    """The model's forward and input-gradient pass over one constant batch, for every image and copy."""
    batch = images.repeat_interleave(settings["copies"], 0)[: settings["batch_size"]]
    for _ in range(len(images) * settings["copies"] // len(batch)):
        batch.requires_grad_()
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


def seconds(method, target, images, settings):
    clock = time.perf_counter if images.is_cuda else time.process_time
    start = clock()
    method(target, images, settings)
    if images.is_cuda:
        torch.cuda.synchronize()
    return clock() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--backbone", default="small_cnn")
    parser.add_argument("--size", type=int, default=64, help="side of the images in pixels")
    parser.add_argument("--images", type=Path, help="folder of photographs (default: generated images)")
    parser.add_argument("--count", type=int, default=8, help="images attributed")
    parser.add_argument("--copies", type=int, default=25)
    parser.add_argument("--batch-size", type=int, default=50, help="noisy copies that pass at once")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args()

    device = choose_device(options.device)
    model, preprocessing = build_model(options.backbone, {"weights": None}, 128, seed=0)
    model = model.eval().to(device, memory_format=torch.channels_last)
    target = Target(model, LpDistance(), black_image(options.size, preprocessing, device))
    images = photographs(options.images, options.count, options.size).to(device)
    images = normalise(images, preprocessing)
    settings = {"copies": options.copies, "noise": 0.15, "seed": 0, "batch_size": options.batch_size}

    methods = {"bare": bare, "ours": ours, "captum": by_captum}
    for method in methods.values():
        seconds(method, target, images[:2], settings)
    rounds = [
        {name: seconds(method, target, images, settings) for name, method in methods.items()}
        for _ in range(options.repeats)
    ]
    best = {name: min(times[name] for times in rounds) for name in methods}
    copies = len(images) * options.copies
    print(f"{options.backbone}, {options.size} px, {len(images)} images × {options.copies} copies")
    print(f"{'method':>8} {'copies/s':>10} {'against bare':>13}")
    for name, time_taken in best.items():
        print(f"{name:>8} {copies / time_taken:10.1f} {best['bare'] / time_taken:13.3f}")
    if options.out:
        report = {
            "date": datetime.date.today().isoformat(),
            "machine": platform.machine(),
            "device": describe_device(device),
            "settings": {
                **settings,
                "backbone": options.backbone,
                "size": options.size,
                "images": len(images),
            },
            "copies_per_second": {name: copies / time_taken for name, time_taken in best.items()},
            "rounds": rounds,
        }
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()

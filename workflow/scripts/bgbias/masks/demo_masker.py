"""The demo's mask network: a small U-Net in torch, and its export to ONNX for rembg.

rembg's ``u2net_custom`` session passes the network one image, 1 × 3 × 320 × 320, scaled so that its largest
value is 1 and normalised with ImageNet's mean and standard deviation. It rescales the 1 × 1 × 320 × 320
output to 0…255 by its minimum and maximum. To make this rescaling a no-op, the output saturates at exactly 0
and 1. For an image without an object the output is all zeros, which rembg turns into an empty mask instead of
amplified noise.
"""

import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional

SIDE = 320  # side in pixels of rembg's input and output
REDUCTION = 4  # the network works at SIDE / REDUCTION pixels: a sixteenth of the work
WIDTHS = (12, 24, 40, 64)  # channels at full, half, quarter and eighth resolution
SATURATION = 0.2  # slope of the hard sigmoid: logits beyond ±2.5 are certain
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class MaskNetwork(nn.Module):
    """Reduced images to logits: (B, 3, S, S) float32, S a multiple of 8, to (B, 1, S, S)."""

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        channels = 3
        for width in WIDTHS:
            self.down.append(nn.Sequential(_block(channels, width), _block(width, width)))
            channels = width
        for width in reversed(WIDTHS[:-1]):
            self.up.append(_block(channels + width, width))
            channels = width
        self.last = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            kept.append(x)
        for block, skip in zip(self.up, reversed(kept[:-1]), strict=True):
            x = block(torch.cat([functional.interpolate(x, scale_factor=2, mode="nearest"), skip], 1))
        return self.last(x)


def _block(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    )


def network_input(rgb: np.ndarray) -> torch.Tensor:
    """rembg's preprocessing of a picture (h, w, 3) uint8: float32 (1, 3, SIDE, SIDE)."""
    from PIL import Image

    picture = Image.fromarray(rgb).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(picture, np.float32)
    pixels = (pixels / max(pixels.max(), 1e-6) - np.float32(MEAN)) / np.float32(DEVIATION)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None]


def reduced(x: torch.Tensor) -> torch.Tensor:
    """The first step of the exported network."""
    return functional.avg_pool2d(x, REDUCTION)


def write_onnx(network: MaskNetwork, path: str | os.PathLike) -> None:
    """Write one ONNX graph (opset 17): ``reduced``, ``network`` with its batch normalisation folded in, and
    the steps from logits to a mask: upsampling, a hard sigmoid, and zeros if no pixel is more likely object
    than background.

    torch's exporter needs a package that nothing else here needs; the graph is short enough to write by hand.
    """
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph()
    x = graph.node("AveragePool", ["image"], kernel_shape=[REDUCTION] * 2, strides=[REDUCTION] * 2)
    kept = []
    for level, pair in enumerate(network.down):
        if level:
            x = graph.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
        for block in pair:
            x = graph.convolution(x, *_folded(block), rectified=True)
        kept.append(x)
    for block, skip in zip(network.up, reversed(kept[:-1]), strict=True):
        larger = graph.resize(
            x, 2, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
        )
        x = graph.convolution(graph.node("Concat", [larger, skip], axis=1), *_folded(block), rectified=True)
    x = graph.convolution(x, network.last.weight, network.last.bias, rectified=False)
    x = graph.resize(x, REDUCTION, mode="linear", coordinate_transformation_mode="half_pixel")
    x = graph.node("HardSigmoid", [x], alpha=SATURATION, beta=0.5)
    found = graph.node(
        "Greater", [graph.node("ReduceMax", [x], axes=[1, 2, 3]), graph.constant(np.float32(0.5))]
    )
    graph.node("Mul", [x, graph.node("Cast", [found], to=TensorProto.FLOAT)], output="mask")

    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, SIDE, SIDE])
        for name, channels in (("image", 3), ("mask", 1))
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "demo_masker", ends[:1], ends[1:], graph.constants),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="train_demo_masker",
    )
    onnx.checker.check_model(model)
    onnx.save(model, os.fspath(path))


def _folded(block: nn.Sequential) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of a convolution equivalent to ``block``'s convolution and batch normalisation."""
    convolution, norm, _ = block
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return convolution.weight * gain[:, None, None, None], norm.bias - norm.running_mean * gain


class _Graph:
    """Nodes and constants of an ONNX graph, named by order of creation."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def node(self, operator: str, inputs: list[str], output: str | None = None, **attributes) -> str:
        from onnx import helper

        output = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, value: np.ndarray | torch.Tensor) -> str:
        from onnx import numpy_helper

        value = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
        self.constants.append(numpy_helper.from_array(value, f"constant_{len(self.constants)}"))
        return self.constants[-1].name

    def convolution(self, x: str, weight: torch.Tensor, bias: torch.Tensor, rectified: bool) -> str:
        pads = [weight.shape[-1] // 2] * 4
        x = self.node("Conv", [x, self.constant(weight), self.constant(bias)], pads=pads)
        return self.node("Relu", [x]) if rectified else x

    def resize(self, x: str, factor: int, **attributes) -> str:
        scales = self.constant(np.array([1, 1, factor, factor], np.float32))
        return self.node("Resize", [x, "", scales], **attributes)

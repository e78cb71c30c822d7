"""BN-Inception (Ioffe & Szegedy, 2015) with the parameter names of the checkpoint bn_inception-52deb4733.pth.

The paper's backbone. The layout comes from the architecture's published table: ten inception blocks whose
3×3 and "double 3×3" towers start with a 1×1 reduction, BatchNorm after every convolution (which keeps its
bias), and pooling that rounds up.
"""

import torch
from torch import Tensor, nn

FEATURES = 1024

# block: input channels, 1×1, 3×3 reduction, 3×3, double 3×3 reduction, double 3×3, pool projection.
# A block without 1×1 and projection halves the map and concatenates its max-pooled input.
_BLOCKS = {
    "3a": (192, 64, 64, 64, 64, 96, 32),
    "3b": (256, 64, 64, 96, 64, 96, 64),
    "3c": (320, 0, 128, 160, 64, 96, 0),
    "4a": (576, 224, 64, 96, 96, 128, 128),
    "4b": (576, 192, 96, 128, 96, 128, 128),
    "4c": (576, 160, 128, 160, 128, 160, 128),
    "4d": (608, 96, 128, 192, 160, 192, 128),
    "4e": (608, 0, 128, 192, 192, 256, 0),
    "5a": (1056, 352, 192, 320, 160, 224, 128),
    "5b": (1024, 352, 192, 320, 192, 224, 128),
}


class BNInception(nn.Module):
    """(B, 3, S, S) float, BGR, mean-subtracted 0–255 → (B, 1024) pooled features.

    ASSUME: the whole map is averaged, whereas the published network averages a 7×7 window: the same at
    224 and 227 px, and it works at other sizes as well.
    """

    def __init__(self) -> None:
        super().__init__()
        self._convolution("conv1_7x7_s2", 3, 64, 7, stride=2)
        self._convolution("conv2_3x3_reduce", 64, 64, 1)
        self._convolution("conv2_3x3", 64, 192, 3)
        for block, (inputs, single, reduce3, triple, reduce_double, double, projection) in _BLOCKS.items():
            stride = 1 if projection else 2
            if single:
                self._convolution(f"inception_{block}_1x1", inputs, single, 1)
            self._convolution(f"inception_{block}_3x3_reduce", inputs, reduce3, 1)
            self._convolution(f"inception_{block}_3x3", reduce3, triple, 3, stride)
            self._convolution(f"inception_{block}_double_3x3_reduce", inputs, reduce_double, 1)
            self._convolution(f"inception_{block}_double_3x3_1", reduce_double, double, 3)
            self._convolution(f"inception_{block}_double_3x3_2", double, double, 3, stride)
            if projection:
                self._convolution(f"inception_{block}_pool_proj", inputs, projection, 1)
        # A separate layer, so that Grad-CAM can hook the last map.
        self.last_map = nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        x = _halving_pool(self._layer("conv1_7x7_s2", images))
        x = _halving_pool(self._layer("conv2_3x3", self._layer("conv2_3x3_reduce", x)))
        for block in _BLOCKS:
            x = self._inception(f"inception_{block}", x, max_pool=block == "5b")
        return self.last_map(x).mean(dim=(2, 3))

    def _inception(self, block: str, x: Tensor, max_pool: bool) -> Tensor:
        triple = self._layer(f"{block}_3x3", self._layer(f"{block}_3x3_reduce", x))
        double = self._layer(f"{block}_double_3x3_1", self._layer(f"{block}_double_3x3_reduce", x))
        double = self._layer(f"{block}_double_3x3_2", double)
        if not hasattr(self, f"{block}_1x1"):
            return torch.cat([triple, double, _halving_pool(x)], dim=1)
        pool = nn.functional.max_pool2d if max_pool else nn.functional.avg_pool2d
        projected = self._layer(f"{block}_pool_proj", pool(x, 3, stride=1, padding=1))
        return torch.cat([self._layer(f"{block}_1x1", x), triple, double, projected], dim=1)

    def _convolution(self, name: str, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        # Flat names on the network itself: the published checkpoint has no nesting.
        self.add_module(name, nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2))
        self.add_module(f"{name}_bn", nn.BatchNorm2d(outputs))

    def _layer(self, name: str, x: Tensor) -> Tensor:
        convolution, norm = getattr(self, name), getattr(self, f"{name}_bn")
        return nn.functional.relu(norm(convolution(x)), inplace=True)


def _halving_pool(x: Tensor) -> Tensor:
    return nn.functional.max_pool2d(x, 3, stride=2, ceil_mode=True)

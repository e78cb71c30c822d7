"""RMSprop, Adam and AdamW through PyTorch's functional forms.

The classes of torch.optim import the compiler (torch._dynamo) on first use, which takes nearly as long as
importing torch, while a training may last seconds. The functional forms are the same code without it, and
their state is a plain list of tensors, which a checkpoint can hold without pickle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop

from bgbias.errors import StudyError

OPTIMISERS = ("rmsprop", "adam", "adamw")
_EPS = 1e-8  # PyTorch's default, as are RMSprop's smoothing 0.99 and Adam's betas (0.9, 0.999)


@dataclass(frozen=True)
class Group:
    """Parameters that share a learning rate."""

    parameters: Sequence[Tensor]
    learning_rate: float


class _Slot(NamedTuple):
    """A parameter, its first and second moment (RMSprop: momentum and square average) and its step."""

    parameter: Tensor
    first: Tensor
    second: Tensor
    step: Tensor


class Optimiser:
    """Updates groups of parameters from their gradients; ``momentum`` is used by RMSprop only."""

    def __init__(self, name: str, groups: Sequence[Group], weight_decay: float, momentum: float) -> None:
        if name not in OPTIMISERS:
            raise StudyError(f"training.optimizer: {name!r} is unknown. Known: {', '.join(OPTIMISERS)}.")
        self.name, self.weight_decay, self.momentum = name, weight_decay, momentum
        self._groups = [
            (group.learning_rate, [self._slot(p) for p in group.parameters if p.requires_grad])
            for group in groups
        ]

    def _slot(self, parameter: Tensor) -> _Slot:
        # In the parameter's own memory layout, so that a resumed run computes in the same order.
        first, second = (torch.zeros_like(parameter, requires_grad=False) for _ in range(2))
        fused = self.name != "rmsprop" and parameter.is_cuda
        return _Slot(parameter, first, second, torch.zeros((), device=parameter.device if fused else "cpu"))

    @torch.no_grad()
    def step(self) -> None:
        """One update from the gradients, which are then cleared."""
        for learning_rate, slots in self._groups:
            used = [slot for slot in slots if slot.parameter.grad is not None]
            if not used:
                continue
            parameters, first, second, steps = map(list, zip(*used, strict=True))
            gradients = [parameter.grad for parameter in parameters]
            common = {
                "lr": learning_rate,
                "eps": _EPS,
                "weight_decay": self.weight_decay,
                "maximize": False,
            }
            if self.name == "rmsprop":
                rmsprop(
                    parameters,
                    gradients,
                    second,
                    [],
                    first,
                    steps,
                    foreach=True,
                    alpha=0.99,
                    momentum=self.momentum,
                    centered=False,
                    **common,
                )
            else:
                fused = all(parameter.is_cuda for parameter in parameters)
                adam(
                    parameters,
                    gradients,
                    first,
                    second,
                    [],
                    steps,
                    foreach=not fused,
                    fused=fused,
                    amsgrad=False,
                    beta1=0.9,
                    beta2=0.999,
                    decoupled_weight_decay=self.name == "adamw",
                    **common,
                )
            for parameter in parameters:
                parameter.grad = None

    def state(self) -> dict[str, Tensor]:
        """Everything but the parameters that the next step depends on, by name; not copied."""
        return {
            f"{kind}.{group}.{i}": getattr(slot, kind)
            for kind in ("first", "second", "step")
            for group, (_, slots) in enumerate(self._groups)
            for i, slot in enumerate(slots)
        }

    def load(self, state: dict[str, Tensor]) -> None:
        """Restore what :meth:`state` returned."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

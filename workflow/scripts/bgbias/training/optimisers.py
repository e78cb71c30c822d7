"""RMSprop, Adam and AdamW through PyTorch's functional forms.

The classes of torch.optim import the compiler (torch._dynamo) on first use, which takes nearly as long as
importing torch, while a training may last seconds. The functional forms are the same code without it, and
their state is a plain list of tensors, which a checkpoint can hold without pickle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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


class Optimiser:
    """Updates groups of parameters from their gradients; ``momentum`` is used by RMSprop only."""

    def __init__(self, name: str, groups: Sequence[Group], weight_decay: float, momentum: float) -> None:
        if name not in OPTIMISERS:
            raise StudyError(f"training.optimizer: {name!r} is unknown. Known: {', '.join(OPTIMISERS)}.")
        self.name, self.weight_decay, self.momentum = name, weight_decay, momentum
        self.groups = [
            Group([p for p in group.parameters if p.requires_grad], group.learning_rate) for group in groups
        ]
        self._first, self._second, self._steps = [], [], []
        for group in self.groups:
            # In each parameter's own memory layout, so that a resumed run computes in the same order.
            self._first.append([torch.zeros_like(p, requires_grad=False) for p in group.parameters])
            self._second.append([torch.zeros_like(p, requires_grad=False) for p in group.parameters])
            fused = self._fused(group)
            self._steps.append(
                [torch.zeros((), device=p.device if fused else "cpu") for p in group.parameters]
            )

    @torch.no_grad()
    def step(self) -> None:
        """One update from the gradients, which are then cleared."""
        for group, first, second, steps in zip(
            self.groups, self._first, self._second, self._steps, strict=True
        ):
            used = [i for i, parameter in enumerate(group.parameters) if parameter.grad is not None]
            if not used:
                continue
            parameters, first, second, steps = (
                [values[i] for i in used] for values in (group.parameters, first, second, steps)
            )
            gradients = [parameter.grad for parameter in parameters]
            common = {
                "lr": group.learning_rate,
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
                fused = self._fused(group)
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
            f"{kind}.{group}.{i}": tensor
            for kind, lists in (("first", self._first), ("second", self._second), ("step", self._steps))
            for group, tensors in enumerate(lists)
            for i, tensor in enumerate(tensors)
        }

    def load(self, state: dict[str, Tensor]) -> None:
        """Restore what :meth:`state` returned."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

    def _fused(self, group: Group) -> bool:
        return self.name != "rmsprop" and all(p.is_cuda for p in group.parameters)

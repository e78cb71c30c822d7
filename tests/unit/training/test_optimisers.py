"""The optimisers against their formulas."""

from functools import partial

import numpy as np
import pytest
import torch

from bgbias.errors import StudyError
from bgbias.training.optimisers import Group, Optimiser


def rmsprop(weight, gradients, rate, decay):
    """Tieleman & Hinton's RMSprop with momentum 0.9 and smoothing 0.99, weight decay in the gradient."""
    square = momentum = np.zeros_like(weight)
    for gradient in gradients:
        gradient = gradient + decay * weight
        square = 0.99 * square + 0.01 * gradient**2
        momentum = 0.9 * momentum + gradient / (np.sqrt(square) + 1e-8)
        weight = weight - rate * momentum
    return weight


def adam(weight, gradients, rate, decay, decoupled=False):
    """Kingma & Ba, algorithm 1; ``decoupled``: Loshchilov & Hutter's weight decay."""
    first = second = np.zeros_like(weight)
    for step, gradient in enumerate(gradients, start=1):
        if decoupled:
            weight = weight - rate * decay * weight
        else:
            gradient = gradient + decay * weight
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weight = weight - rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return weight


@pytest.mark.parametrize(
    ("name", "formula"), [("rmsprop", rmsprop), ("adam", adam), ("adamw", partial(adam, decoupled=True))]
)
def test_the_optimisers_are_their_formulas_for_every_group(name, formula):
    random = np.random.default_rng(0)
    weights, gradients = random.normal(size=(3, 4)), random.normal(size=(5, 3, 4))
    tensors = [torch.from_numpy(weight.copy()).requires_grad_() for weight in weights]
    optimiser = Optimiser(name, [Group(tensors[:2], 0.1), Group(tensors[2:], 0.5)], 0.01, momentum=0.9)
    for step in gradients:
        for tensor, gradient in zip(tensors, step, strict=True):
            tensor.grad = torch.from_numpy(gradient.copy())
        optimiser.step()
    for i, rate in enumerate((0.1, 0.1, 0.5)):
        expected = formula(weights[i], gradients[:, i], rate, 0.01)
        np.testing.assert_allclose(tensors[i].detach().numpy(), expected, rtol=1e-6)


def test_an_unknown_optimiser_is_refused():
    with pytest.raises(StudyError, match="'sgd' is unknown"):
        Optimiser("sgd", [], 0, 0)

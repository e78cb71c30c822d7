"""BN-Inception is the network of the published checkpoint: names, shapes, outputs."""

import pytest
import torch
from torch import nn

from bgbias.models.bninception import BNInception


@pytest.fixture(scope="module")
def reference():
    """The port that the published checkpoint was made for, with lively random weights."""
    package = pytest.importorskip("pretrainedmodels", reason="pretrainedmodels is not installed")
    network = package.bninception(pretrained=None).eval()
    random = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            # He's scale keeps the signal alive through 30 layers; without it the output is all bias.
            fan_in = module.weight[0].numel()
            module.weight.data.normal_(0, (2 / fan_in) ** 0.5, generator=random)
            module.bias.data.normal_(0, 0.1, generator=random)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=random)
            module.running_var.uniform_(0.8, 1.2, generator=random)
            module.weight.data.uniform_(0.8, 1.2, generator=random)
            module.bias.data.normal_(0, 0.1, generator=random)
    return network


def weights_of(reference) -> dict:
    return {key: value for key, value in reference.state_dict().items() if not key.startswith("last_linear.")}


def test_names_and_shapes_are_those_of_the_checkpoint(reference):
    ours = {key: tuple(value.shape) for key, value in BNInception().state_dict().items()}
    assert ours == {key: tuple(value.shape) for key, value in weights_of(reference).items()}


@pytest.mark.parametrize("size", [224, 227])
def test_outputs_equal_the_reference_on_shared_weights(reference, size):
    network = BNInception().eval()
    network.load_state_dict(weights_of(reference))
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = reference.global_pool(reference.features(images)).flatten(1)
        found = network(images)
    assert expected.std(0).mean() > 0.01, "the reference does not react to its input: the test shows nothing"
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_parameters_are_as_many_as_published():
    # 11.30 M with the classification layer of 1,000 classes on 1,024 features
    assert sum(p.numel() for p in BNInception().parameters()) + 1025 * 1000 == 11_295_240

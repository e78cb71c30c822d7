import numpy as np
import pytest


@pytest.fixture
def arrays():
    """What embeddings.npz holds: 8 classes of 5 images, at rows from 100 on."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(3, 40, 6))
    vectors = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    arrays = {"rows": np.arange(100, 140), "labels": np.repeat(np.arange(8), 5)}
    return arrays | dict(zip(("clean", "swapped0", "swapped1"), vectors, strict=True))

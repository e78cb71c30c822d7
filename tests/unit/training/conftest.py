"""The packed images and backgrounds of the tiny runs, written once: the tests here only read them."""

import pytest
from tiny_runs import make_layouts

from bgbias.input_pipeline.pixels import PixelStore


@pytest.fixture(scope="session")
def layouts(tmp_path_factory):
    return make_layouts(tmp_path_factory.mktemp("stores"))


@pytest.fixture(scope="session")
def stores(layouts):
    return [PixelStore.open(layout) for layout in layouts]

"""The schema names what the library has, for a misspelt name to be refused before torch is imported."""

from pathlib import Path

import torch
import yaml

from bgbias.configuration.keywords import PML
from bgbias.errors import StudyError
from bgbias.models.backbones import BACKBONES, build_backbone
from bgbias.models.embedding_model import build_model, check_size
from bgbias.training.losses import LOSSES

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


def test_the_schema_knows_the_registry_of_losses():
    assert [*SCHEMA["$defs"]["losses"]] == [*LOSSES, PML]


def test_the_schema_knows_the_registry_of_backbones():
    names = SCHEMA["$defs"]["backbone_models"]["enum"]
    assert names == list(BACKBONES)
    with torch.device("meta"):  # shapes say it all
        without_map = [name for name in names if build_backbone(name, {}, 0).last_map is None]
        assert SCHEMA["$defs"]["backbone_models_without_map"]["enum"] == without_map
        of_one_size = [name for name in names if not takes(name, 160)]
        assert SCHEMA["$defs"]["backbone_models_of_224_pixels"]["enum"] == of_one_size
        assert all(takes(name, 224) for name in of_one_size)


def takes(name, size):
    try:
        check_size(build_model(name, {}, None, 0)[0], name, size)
    except StudyError:
        return False
    return True

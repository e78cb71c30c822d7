"""What a report prints of the configuration."""

from pathlib import Path

import yaml

from bgbias.configuration.settings_in_force import settings_in_force

ROOT = Path(__file__).parents[3]


def test_settings_in_force_are_those_that_are_looked_at():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["frozen"] = ["small_cnn"]
    config["backbones"]["another"] = {"model": "resnet18"}
    config["masker"]["model"] = "u2net"
    found = settings_in_force(config)
    assert list(found) == list(config)
    assert list(found["backbones"]) == ["small_cnn"]
    assert "weights" not in found["masker"]
    assert found["training"] == config["training"]
    config["grid"] |= {"loss": [], "seed": [3, 4]}
    found = settings_in_force(config)
    assert not {"training", "losses", "variants", "embedding_size", "background_roles"} & found.keys()
    assert found["grid"] == {"dataset": config["grid"]["dataset"], "seed": [3]}
    assert "train_size" not in found["transform"]
    assert "eval_size" in found["transform"]
    assert "loss" not in found["publish"]
    for name in config["grid"]["dataset"]:
        assert "masker" in settings_in_force(config), "it is that of the datasets without masks of their own"
        config["datasets"][name]["masks"] = "ready"
    assert "masker" not in settings_in_force(config)
    assert found["attribution"] == config["attribution"]
    assert "panels" in found["publish"]
    config["attribution"]["methods"] = []
    found = settings_in_force(config)
    assert found["attribution"] == {"methods": []}
    assert not {"panels", "loss"} & found["publish"].keys()

"""What training uses of pytorch-metric-learning, without the seconds that the rest of it takes to import."""

import importlib.util
from pathlib import Path

from bgbias.postponing import postpone

# A second of each job's start, for relabelling what we never relabel and for a loss that nobody asked for.
postpone("scipy.stats")
postpone("scipy.special")
import pytorch_metric_learning  # noqa: E402 - after the lines above
from pytorch_metric_learning import distances, losses  # noqa: E402
from pytorch_metric_learning.utils import common_functions  # noqa: E402

__all__ = ["common_functions", "distances", "losses", "sampler_class"]


def sampler_class() -> type:
    """MPerClassSampler from its own file: its package imports testers, and so sklearn and pandas (2 s)."""
    name = "pytorch_metric_learning.samplers.m_per_class_sampler"
    file = Path(pytorch_metric_learning.__file__).parent / "samplers" / "m_per_class_sampler.py"
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MPerClassSampler

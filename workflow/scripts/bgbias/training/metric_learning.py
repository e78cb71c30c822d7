"""The parts of pytorch-metric-learning that training uses, without the slow imports of the rest."""

from bgbias.postponing import postpone

# They add a second to each job's start, for label remapping and for a loss, neither of which is used here.
postpone("scipy.stats")
postpone("scipy.special")
from pytorch_metric_learning import distances, losses  # noqa: E402 - after the lines above

__all__ = ["distances", "losses"]

"""What training uses of pytorch-metric-learning, without the seconds that the rest of it takes to import."""

from bgbias.postponing import postpone

# A second of each job's start, for relabelling what we never relabel and for a loss that nobody asked for.
postpone("scipy.stats")
postpone("scipy.special")
from pytorch_metric_learning import distances, losses  # noqa: E402 - after the lines above

__all__ = ["distances", "losses"]

"""How far a training has got, as recorded in its history and its checkpoint."""

from dataclasses import dataclass, field

# The columns of history.csv.
HISTORY_COLUMNS = (
    "epoch",
    "loss",
    "map_at_r",
    "precision_at_1",
    "mean_similarity",
    "learning_rate",
    "seconds",
)


@dataclass
class Progress:
    """Plain values only, so that it fits into a checkpoint's header.

    ``step`` counts finished steps from the start; ``loss_sum`` and ``seconds`` belong to the current epoch.
    ``best_epoch``: the first epoch with the best validation MAP@R; 0 before there is one. ``device``: where
    the last of these steps ran.
    """

    step: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    best_epoch: int = 0
    history: list[dict] = field(default_factory=list)
    device: str = ""

    @property
    def epoch(self) -> int:
        """The current epoch, counted from 1."""
        return len(self.history) + 1

    def finished(self, options: dict) -> bool:
        """Whether ``max_epochs`` are done, or the last ``patience`` epochs brought no improvement."""
        done = len(self.history)
        return done >= options["max_epochs"] or done - self.best_epoch >= options["patience"]

    def close_epoch(self, score: dict[str, float], options: dict) -> bool:
        """Append the current epoch, with its validation ``score``, to the history; return whether it is the
        best."""
        best_before = self.history[self.best_epoch - 1]["map_at_r"] if self.best_epoch else -1.0
        better = score["map_at_r"] > best_before
        if better:
            self.best_epoch = self.epoch
        self.history.append(
            {
                "epoch": self.epoch,
                "loss": self.loss_sum / options["iterations_per_epoch"],
                **score,
                "learning_rate": options["learning_rate"],
                "seconds": round(self.seconds, 3),
            }
        )
        self.loss_sum = self.seconds = 0.0
        return better

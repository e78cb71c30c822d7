"""Training one run: epochs of a fixed number of steps, selected by validation, resumable at every step.

No random draw depends on the state of a generator: batches are functions of (seed, epoch); crops,
backgrounds and a network's dropout are functions of (seed, step). A checkpoint therefore needs only tensors
and counters, and on the CPU a resumed training is bit-identical to an uninterrupted one.
"""

import os
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from bgbias.devices import choose_precision, describe_device, fetch, seed_generators
from bgbias.errors import StudyError
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import progress_bar
from bgbias.models.embedding_model import build_model, check_size
from bgbias.randomness import integer_seed
from bgbias.retrieval.collapse import COLLAPSED
from bgbias.training.checkpoints import read_checkpoint, remove_other_checkpoints, write_checkpoint
from bgbias.training.feeding import TrainingFeed
from bgbias.training.losses import build_loss
from bgbias.training.optimisers import Group, Optimiser
from bgbias.training.progress import Progress
from bgbias.training.stopping import Stop, stopped, stopping
from bgbias.training.validation import Validation

# Upper bound on the share of time spent on checkpoints: a large network's takes a second, as may its epoch.
_CHECKPOINT_SHARE = 0.05


class Training:
    """Model, loss, optimiser and data of one run on ``device``.

    ``settings``: embedding_size, backbone, loss, variant, transform, training, as in the configuration and
    resolved for this run. ``train_backgrounds`` is required if the variant replaces backgrounds,
    ``validation_backgrounds`` if it selects by swapped images.
    """

    def __init__(
        self,
        store: PixelStore,
        settings: dict,
        seed: int,
        train_backgrounds: PixelStore | None = None,
        validation_backgrounds: PixelStore | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.store, self.settings, self.seed, self.device = store, settings, seed, torch.device(device)
        self.options, self.variant = settings["training"], settings["variant"]
        self.rows = store.index.rows("train")
        classes, self.labels = np.unique(store.index.labels[self.rows], return_inverse=True)
        self.n_classes = len(classes)
        if self.variant["probability"] > 0 and train_backgrounds is None:
            raise StudyError(
                "The variant replaces training backgrounds, but no training backgrounds were given."
            )
        backbone = settings["backbone"]
        model, self.preprocessing = build_model(backbone["model"], backbone, settings["embedding_size"], seed)
        for size in {settings["transform"]["train_size"], settings["transform"]["eval_size"]}:
            check_size(model, backbone["model"], size)
        self.model = model.to(self.device, memory_format=torch.channels_last)
        self.loss = build_loss(settings["loss"], self.n_classes, model.embedding_size, seed).to(self.device)
        self.optimiser = Optimiser(
            self.options["optimizer"],
            [
                Group(list(self.model.parameters()), self.options["learning_rate"]),
                Group(list(self.loss.parameters()), settings["loss"].get("learning_rate", 0.0)),
            ],
            weight_decay=self.options["weight_decay"],
            momentum=self.options["momentum"],
        )
        self.validation = Validation(
            store,
            validation_backgrounds,
            self.variant["selection"],
            settings["transform"],
            self.preprocessing,
            seed=seed,
            device=self.device,
        )
        self.feed = TrainingFeed(
            store,
            self.rows,
            self.labels,
            train_backgrounds,
            settings,
            self.preprocessing,
            seed=seed,
            device=self.device,
        )
        self.precision = choose_precision(self.options.get("precision", "auto"), self.device)
        self.forward = torch.compile(self.model) if self.options.get("compile", False) else self.model
        self.progress = Progress()
        self.best_state: dict[str, Tensor] = {}

    def run(self, checkpoint: str | os.PathLike, identity: dict) -> None:
        """Train until ``max_epochs``, or until ``patience`` epochs have brought no improvement; end with the
        best epoch's model. Resumes from the checkpoint in the folder ``checkpoint`` if there is one with this
        ``identity``; one of a finished training leaves nothing to train.

        SIGTERM, and NaN or infinity in a loss or an embedding, raise StudyError. After SIGTERM the checkpoint
        holds the last completed step; after SIGKILL it holds the end of a recent epoch.
        """
        with stopping() as stop:
            self._resume(checkpoint, identity)
            if not self.progress.finished(self.options):
                self.progress.device = describe_device(self.device)
            due = 0.0
            while not self.progress.finished(self.options):
                started = time.monotonic()
                self.train_epoch(stop)
                score = None if stop.requested else self.validation.score(self.model, self.precision, stop)
                self.progress.seconds += time.monotonic() - started
                if score is not None:
                    self._close_epoch(score)
                finished, begun = self.progress.finished(self.options), time.monotonic()
                asked = stop.requested  # read once: a later signal is handled in the next iteration
                if finished or asked or begun >= due:
                    write_checkpoint(checkpoint, identity, self._tensors(), vars(self.progress))
                    due = begun + (time.monotonic() - begun) / _CHECKPOINT_SHARE
                if finished:
                    remove_other_checkpoints(checkpoint, identity)
                if asked and not finished:
                    raise stopped(checkpoint, self.progress.epoch, self.progress.step)
        self.model.load_state_dict(self.best_state)
        self.model.eval()

    def train_epoch(self, stop: Stop) -> None:
        """Run the remaining steps of this epoch; fewer if the process is asked to stop."""
        self.set_training_mode()
        iterations = self.options["iterations_per_epoch"]
        begin = (self.progress.epoch - 1) * iterations
        steps = range(self.progress.step, begin + iterations)
        batches = self.feed.batches(self.progress.epoch, steps)
        bar = progress_bar(batches, f"epoch {self.progress.epoch}", "steps", total=len(steps))
        unsettled = None
        for step, chosen, images in bar:
            labels = torch.from_numpy(self.labels[chosen]).to(self.device, non_blocking=True)
            seed_generators(integer_seed(self.seed, "network", step), self.device)
            result = self.step(images, labels)
            # Read the previous step's result: reading this one's would make the CPU wait for the GPU.
            if unsettled:
                self._settle(*unsettled)
            unsettled = (step, chosen, result)
            self.progress.step = step + 1
            mean = self.progress.loss_sum / max(1, step - begin)
            bar.set_description_str(f"epoch {self.progress.epoch}, loss {mean:.4g}", refresh=False)
            if stop.requested:
                break
        if unsettled:
            self._settle(*unsettled)

    def step(self, images: Tensor, labels: Tensor) -> Callable[[], list[float]]:
        """One update; the returned function waits for it and gives the loss and the sum of the embeddings."""
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            embeddings = self.forward(images)
        loss = self.loss(embeddings, labels)
        loss.backward()
        self.optimiser.step()
        # Some losses drop NaN pairs silently, so the embeddings are checked as well.
        return fetch(torch.stack([loss.detach(), embeddings.detach().sum()]))

    def _settle(self, step: int, chosen: np.ndarray, result: Callable[[], list[float]]) -> None:
        loss, embedding_sum = result()
        if not np.isfinite(loss) or not np.isfinite(embedding_sum):
            what = "the loss" if not np.isfinite(loss) else "an embedding"
            rows = self.rows[chosen]
            paths = [self.store.index.paths[row] for row in rows[:3]]
            print(f"The rows of the batch in layout.csv, from 0: {rows.tolist()}", flush=True)
            raise StudyError(
                f"Training stopped in epoch {self.progress.epoch} at step {step}: {what} is not finite "
                f"(loss {loss}). The batch begins with {', '.join(paths)}; seed {self.seed}, "
                f"loss {self.settings['loss']}, training {self.options}. "
                "Lower training.learning_rate or the loss's learning_rate."
            )
        self.progress.loss_sum += loss

    def set_training_mode(self) -> None:
        self.model.train()
        if self.options["freeze_batchnorm"]:
            # The running statistics stay as loaded; the layers' weight and bias are trained like any other.
            for module in self.model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def _close_epoch(self, score: dict[str, float]) -> None:
        """Append the epoch to the history and keep its model if it is the best."""
        better = self.progress.close_epoch(score, self.options)
        if better:
            self.best_state = {key: value.clone() for key, value in self.model.state_dict().items()}
        row = self.progress.history[-1]
        print(
            f"epoch {row['epoch']}: loss {row['loss']:.4g}, validation MAP@R {row['map_at_r']:.4f} "
            f"({self.variant['selection']}){', the best so far' if better else ''}, {row['seconds']:.1f} s",
            flush=True,
        )
        if row["mean_similarity"] > COLLAPSED:
            print(
                f"WARNING: the embeddings have nearly collapsed: their mean similarity is "
                f"{row['mean_similarity']:.3f} (maximum 1).",
                flush=True,
            )

    def _tensors(self) -> dict[str, Tensor]:
        """Every tensor that the next step depends on, by name; after the last one, only the best model."""
        parts = {"best": self.best_state}
        if not self.progress.finished(self.options):
            parts |= {
                "model": self.model.state_dict(),
                "loss": self.loss.state_dict(),
                "optimiser": self.optimiser.state(),
            }
        return {f"{part}/{key}": value for part, tensors in parts.items() for key, value in tensors.items()}

    def _resume(self, checkpoint: str | os.PathLike, identity: dict) -> None:
        found = read_checkpoint(checkpoint, identity)
        if found is None:
            return
        tensors, state = found
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "loss": {}, "optimiser": {}, "best": {}}
        for name, tensor in tensors.items():
            part, key = name.split("/", 1)
            parts[part][key] = tensor
        self.best_state, self.progress = parts["best"], Progress(**state)
        if self.progress.finished(self.options):
            print(
                f"This model was trained before, with the same settings, data and code: it is taken from "
                f"{checkpoint}. Remove that folder to train it again.",
                flush=True,
            )
            return
        self.model.load_state_dict(parts["model"])
        self.loss.load_state_dict(parts["loss"])
        self.optimiser.load(parts["optimiser"])
        print(f"Continuing after step {self.progress.step} from {checkpoint}.", flush=True)

"""Training one run: epochs of a fixed number of steps, the best by validation, resumable at every step.

Nothing that is drawn depends on the state of a generator: batches are functions of (seed, epoch), crops,
backgrounds and a network's dropout of (seed, step). So a checkpoint needs tensors and counters only, and a
resumed training on the CPU ends with the same bits as one that was never interrupted.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn

from bgbias.batches import TrainingView, training_batches
from bgbias.checkpoints import Stop, read_checkpoint, stopped, stopping, write_checkpoint
from bgbias.devices import choose_precision, fetch, seed_generators
from bgbias.embedding import COLLAPSED
from bgbias.errors import StudyError
from bgbias.logs import progress
from bgbias.losses import build_loss
from bgbias.models import build_model, check_size
from bgbias.optimisers import Group, Optimiser
from bgbias.pixels import PixelStore
from bgbias.prefetching import prefetch
from bgbias.randomness import integer_seed
from bgbias.sampling import epoch_batches
from bgbias.validation import Validation

# For a GPU so many images are made at once, of several steps where batches are small: starting an operation
# takes longer than the operation, and the thread that trains starts its own meanwhile.
_IMAGES_TOGETHER = 128


@dataclass
class Progress:
    """How far a training is; plain values only, so that it fits into a checkpoint's header.

    ``step`` counts finished steps from the start, ``loss_sum`` and ``seconds`` belong to the epoch at hand.
    """

    step: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    best_epoch: int = 0
    history: list[dict] = field(default_factory=list)

    @property
    def best(self) -> float:
        return self.history[self.best_epoch - 1]["map_at_r"] if self.best_epoch else -1.0


def training_view(transform: dict) -> TrainingView:
    """The training crop of ``transform`` (the config's section)."""
    return TrainingView(
        size=transform["train_size"],
        scale=tuple(transform["scale"]),
        ratio=tuple(transform["ratio"]),
        flip=transform["flip"],
        noise=transform["noise"],
    )


class Training:
    """Model, loss, optimiser and data of one run on ``device``.

    ``settings``: embedding_size, backbone, loss, variant, transform, training, as in the configuration and
    resolved for this run. ``train_backgrounds`` is needed when the variant replaces backgrounds,
    ``validation_backgrounds`` when it selects by swapped images.
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
        self.backgrounds = train_backgrounds if self.variant["probability"] > 0 else None
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
        self.view = training_view(settings["transform"])
        self.precision = choose_precision(self.options.get("precision", "auto"), self.device)
        self.forward = torch.compile(self.model) if self.options.get("compile", False) else self.model
        self.progress = Progress()
        self.best_state: dict[str, Tensor] = {}

    def run(self, checkpoint: str | os.PathLike, identity: dict) -> None:
        """Train until ``max_epochs`` or until ``patience`` epochs brought nothing better, from the checkpoint
        in the folder ``checkpoint`` if there is one of this ``identity``; ends with the best epoch's model.

        SIGTERM, and NaN or infinity in a loss or an embedding, raise StudyError; after SIGTERM the
        checkpoint holds the last step that was made.
        """
        with stopping() as stop:
            self._resume(checkpoint, identity)
            while not self._finished():
                started = time.monotonic()
                self._train_epoch(stop)
                score = None if stop.requested else self.validation.score(self.model, self.precision, stop)
                self.progress.seconds += time.monotonic() - started
                if score is not None:
                    self._close_epoch(score)
                write_checkpoint(checkpoint, identity, self._tensors(), vars(self.progress))
                if stop.requested and not self._finished():
                    raise stopped(checkpoint, self.epoch, self.progress.step)
        self.model.load_state_dict(self.best_state)
        self.model.eval()

    @property
    def epoch(self) -> int:
        """The epoch at hand, from 1."""
        return len(self.progress.history) + 1

    def _finished(self) -> bool:
        done = len(self.progress.history)
        return (
            done >= self.options["max_epochs"] or done - self.progress.best_epoch >= self.options["patience"]
        )

    def _train_epoch(self, stop: Stop) -> None:
        """The steps that this epoch still lacks; fewer when the process is asked to stop."""
        self._set_training_mode()
        iterations = self.options["iterations_per_epoch"]
        begin = (self.epoch - 1) * iterations
        steps = range(self.progress.step, begin + iterations)
        bar = progress(self._batches(steps, begin), f"epoch {self.epoch}", "steps", total=len(steps))
        unsettled = None
        for step, chosen, images in bar:
            labels = torch.from_numpy(self.labels[chosen]).to(self.device, non_blocking=True)
            seed_generators(integer_seed(self.seed, "network", step), self.device)
            result = self._step(images, labels)
            # The result of the step before: asking for this one's would make a GPU wait.
            if unsettled:
                self._settle(*unsettled)
            unsettled = (step, chosen, result)
            self.progress.step = step + 1
            mean = self.progress.loss_sum / max(1, step - begin)
            bar.set_description_str(f"epoch {self.epoch}, loss {mean:.4g}", refresh=False)
            if stop.requested:
                break
        if unsettled:
            self._settle(*unsettled)

    def _batches(self, steps: range, begin: int) -> Iterator[tuple[int, np.ndarray, Tensor]]:
        """Each of ``steps`` with its rows among the training images and these images on the device.

        ``begin``: the first step of the epoch that they are of.
        """
        rows = epoch_batches(
            self.labels,
            batch_size=self.options["batch_size"],
            images_per_class=self.settings["loss"]["images_per_class"],
            iterations=self.options["iterations_per_epoch"],
            seed=self.seed,
            epoch=self.epoch,
        )

        def make(part: range) -> Iterable[tuple[int, np.ndarray, Tensor]]:
            chosen = rows[part.start - begin : part.stop - begin]
            images = training_batches(
                self.store,
                self.rows[chosen],
                self.backgrounds,
                seed=self.seed,
                steps=part,
                probability=self.variant["probability"],
                view=self.view,
                preprocessing=self.preprocessing,
                device=self.device,
            )
            return zip(part, chosen, images, strict=True)

        together = 1 if self.device.type == "cpu" else max(1, _IMAGES_TOGETHER // self.options["batch_size"])
        parts = (steps[first : first + together] for first in range(0, len(steps), together))
        return chain.from_iterable(prefetch(make, parts))

    def _step(self, images: Tensor, labels: Tensor) -> Callable[[], list[float]]:
        """One update; what is returned waits for it and gives the loss and the sum of the embeddings."""
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            embeddings = self.forward(images)
        loss = self.loss(embeddings, labels)
        loss.backward()
        self.optimiser.step()
        # Some losses drop NaN pairs silently, so the embeddings are looked at as well.
        return fetch(torch.stack([loss.detach(), embeddings.detach().sum()]))

    def _settle(self, step: int, chosen: np.ndarray, result: Callable[[], list[float]]) -> None:
        loss, embedding_sum = result()
        if not np.isfinite(loss) or not np.isfinite(embedding_sum):
            what = "the loss" if not np.isfinite(loss) else "an embedding"
            rows = self.rows[chosen]
            paths = [self.store.index.paths[row] for row in rows[:3]]
            print(f"The rows of the batch in layout.csv, from 0: {rows.tolist()}", flush=True)
            raise StudyError(
                f"Training stopped in epoch {self.epoch} at step {step}: {what} is not finite (loss {loss}). "
                f"The batch begins with {', '.join(paths)}; seed {self.seed}, loss {self.settings['loss']}, "
                f"training {self.options}. Lower training.learning_rate or the loss's learning_rate."
            )
        self.progress.loss_sum += loss

    def _set_training_mode(self) -> None:
        self.model.train()
        if self.options["freeze_batchnorm"]:
            # Statistics stay as they came; weight and bias of the layer are trained like any other.
            for module in self.model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def _close_epoch(self, score: dict[str, float]) -> None:
        """Put the epoch into the history and keep its model when it is the best."""
        state, epoch = self.progress, self.epoch
        best_before = state.best
        state.history.append(
            {
                "epoch": epoch,
                "loss": state.loss_sum / self.options["iterations_per_epoch"],
                **score,
                "learning_rate": self.options["learning_rate"],
                "seconds": round(state.seconds, 3),
            }
        )
        better = score["map_at_r"] > best_before
        if better:
            state.best_epoch = epoch
            self.best_state = {key: value.clone() for key, value in self.model.state_dict().items()}
        row = state.history[-1]
        print(
            f"epoch {epoch}: loss {row['loss']:.4g}, validation MAP@R {row['map_at_r']:.4f} "
            f"({self.variant['selection']}){', the best so far' if better else ''}, {row['seconds']:.1f} s",
            flush=True,
        )
        if row["mean_similarity"] > COLLAPSED:
            print(
                f"WARNING: the embeddings have nearly collapsed: their mean similarity is "
                f"{row['mean_similarity']:.3f} of at most 1.",
                flush=True,
            )
        state.loss_sum = state.seconds = 0.0

    def _tensors(self) -> dict[str, Tensor]:
        """Every tensor that the next step depends on, by name."""
        parts = {
            "model": self.model.state_dict(),
            "loss": self.loss.state_dict(),
            "optimiser": self.optimiser.state(),
            "best": self.best_state,
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
        self.model.load_state_dict(parts["model"])
        self.loss.load_state_dict(parts["loss"])
        self.optimiser.load(parts["optimiser"])
        self.best_state, self.progress = parts["best"], Progress(**state)
        print(f"Continuing after step {self.progress.step} from {checkpoint}.", flush=True)

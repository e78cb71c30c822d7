"""A clean exit from a training on SIGTERM."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from bgbias.errors import StudyError


class Stop:
    """Whether this process was asked to stop."""

    requested = False


@contextmanager
def stopping() -> Iterator[Stop]:
    """Within this block SIGTERM only sets ``requested``, so that the current step can finish."""
    stop = Stop()

    def request(number, frame):
        stop.requested = True

    before = signal.signal(signal.SIGTERM, request)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


def stopped(folder: str | os.PathLike, epoch: int, step: int) -> StudyError:
    """The error that ends an interrupted training."""
    return StudyError(
        f"Training was asked to stop (SIGTERM) and did so in epoch {epoch} after step {step}. "
        f"Its state is saved in {folder}: the same command resumes from there."
    )

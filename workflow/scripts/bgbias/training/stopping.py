"""A clean way out of a training on SIGTERM."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from bgbias.errors import StudyError


class Stop:
    """Whether this process was asked to end."""

    requested = False


@contextmanager
def stopping() -> Iterator[Stop]:
    """Within this block SIGTERM only sets ``requested``: the step at hand is finished first."""
    stop = Stop()

    def request(number, frame):
        stop.requested = True

    before = signal.signal(signal.SIGTERM, request)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


def stopped(folder: str | os.PathLike, epoch: int, step: int) -> StudyError:
    """What an interrupted training ends with."""
    return StudyError(
        f"Training was asked to stop (SIGTERM) and did so in epoch {epoch} after step {step}. "
        f"All of it is kept in {folder}: the same command continues there."
    )

"""What a job says: everything into its log, the one sentence that matters onto the screen as well."""

import errno
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from bgbias.errors import StudyError


@contextmanager
def job_log(path: str | os.PathLike) -> Iterator[None]:
    """Send standard output and error, those of child processes too, to the file ``path``, from here on.

    A :class:`StudyError` ends the process with status 1 and its sentence, without a traceback; any other
    exception leaves its traceback in the log and ends the process likewise. Too little memory is told with
    what to do about it.
    """
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        log = open(path, "w", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    except OSError as error:
        sys.exit(f"ERROR: {_sentence(error, path)}")
    sys.stdout.flush()
    sys.stderr.flush()
    screen = os.dup(2)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = log
    try:
        yield
    except StudyError as error:
        _end(str(error), screen)
    except OSError as error:
        # A full disk shows itself wherever something is written, in the log itself too.
        _end(_sentence(error, path), screen, traceback.format_exc())
    except KeyboardInterrupt:
        _end("The job was interrupted. The same command goes on where it can.", screen)
    except Exception as error:
        sentence = _out_of_memory(error) if _is_memory(error) else f"{type(error).__name__}: {error}"
        _end(sentence, screen, traceback.format_exc())


def _sentence(error: OSError, log: str | os.PathLike) -> str:
    place = error.filename or f"A file of this job, or its log {log},"
    remedy = "Make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Fix that"
    return f"{place} cannot be read or written: {error.strerror or error}. {remedy}, then run again."


def _is_memory(error: Exception) -> bool:
    # By PyTorch's names and words: to import it for this would cost every job seconds.
    names = {kind.__name__ for kind in type(error).__mro__}
    words = ("DefaultCPUAllocator", "out of memory", "ALLOC_FAILED")  # the last two are CUDA's libraries'
    return bool(names & {"MemoryError", "OutOfMemoryError"}) or any(word in str(error) for word in words)


def _out_of_memory(error: Exception) -> str:
    what = ". ".join(str(error).split(". ")[:2]).rstrip(".")  # then PyTorch counts up who holds what
    return (
        f"There is not enough memory ({what}). Lower the batch_size of this stage in the configuration "
        "(training, evaluation or attribution), or give the job a larger GPU or more memory."
    )


def _end(sentence: str, screen: int, details: str = "") -> NoReturn:
    """Say why, in the log and on the screen, and leave with status 1."""
    sys.stdout = sys.stderr = None  # what is still buffered may not fit on a full disk
    for number, text in ((2, details), (2, f"ERROR: {sentence}\n"), (screen, f"ERROR: {sentence}\n")):
        with suppress(OSError):
            os.write(number, text.encode("utf-8", "backslashreplace"))
    sys.exit(1)


def progress_bar(items: Iterable, description: str, unit: str, total: int | None = None) -> Iterable:
    """Wrap ``items`` in a progress bar that is readable in a log file: a new line every few seconds."""
    from tqdm import tqdm

    return tqdm(
        items,
        desc=description,
        unit=unit,
        total=total,
        mininterval=5,
        ascii=True,
        file=_Lines(),
        bar_format="{desc}: {n_fmt}/{total_fmt} {unit} [{elapsed}<{remaining}, {rate_fmt}]\n",
    )


class _Lines:
    """Standard error without the carriage returns by which a bar would overwrite itself on a screen."""

    def write(self, text: str) -> None:
        sys.stderr.write(text.replace("\r", ""))

    def flush(self) -> None:
        sys.stderr.flush()

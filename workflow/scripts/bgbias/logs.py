"""Job logging: all output goes to the job's log, a final error message also to the screen."""

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
    """Redirect standard output and error, including those of child processes, to the file ``path``.

    A :class:`StudyError` ends the process with status 1 and its message, without a traceback; any other
    exception does the same and leaves its traceback in the log. Lack of memory is reported with a remedy.
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
        # A full disk can make any write fail, including one to the log itself.
        _end(_sentence(error, path), screen, traceback.format_exc())
    except KeyboardInterrupt:
        _end("The job was interrupted. Run the same command to resume.", screen)
    except Exception as error:
        sentence = _out_of_memory(error) if _is_memory(error) else f"{type(error).__name__}: {error}"
        _end(sentence, screen, traceback.format_exc())


def _sentence(error: OSError, log: str | os.PathLike) -> str:
    place = error.filename or f"A file of this job, or its log {log},"
    remedy = "Make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Fix that"
    return f"{place} cannot be read or written: {error.strerror or error}. {remedy}, then run again."


def _is_memory(error: Exception) -> bool:
    # Recognised by PyTorch's names and messages: importing it for this would cost every job seconds.
    names = {kind.__name__ for kind in type(error).__mro__}
    words = ("DefaultCPUAllocator", "out of memory", "ALLOC_FAILED")  # the last two come from CUDA libraries
    return bool(names & {"MemoryError", "OutOfMemoryError"}) or any(word in str(error) for word in words)


def _out_of_memory(error: Exception) -> str:
    what = ". ".join(str(error).split(". ")[:2]).rstrip(".")  # the rest lists PyTorch's allocations
    return (
        f"There is not enough memory ({what}). Lower the batch_size of this stage in the configuration "
        "(training, evaluation or attribution), or give the job a larger GPU or more memory."
    )


def _end(sentence: str, screen: int, details: str = "") -> NoReturn:
    """Write the reason to the log and the screen, and exit with status 1."""
    sys.stdout = sys.stderr = None  # buffered output may not fit on a full disk
    for number, text in ((2, details), (2, f"ERROR: {sentence}\n"), (screen, f"ERROR: {sentence}\n")):
        with suppress(OSError):
            os.write(number, text.encode("utf-8", "backslashreplace"))
    sys.exit(1)


def progress_bar(items: Iterable, description: str, unit: str, total: int | None = None) -> Iterable:
    """Wrap ``items`` in a progress bar for log files: a new line every few seconds."""
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
    """Standard error without the carriage returns with which a bar overwrites itself on a screen."""

    def write(self, text: str) -> None:
        sys.stderr.write(text.replace("\r", ""))

    def flush(self) -> None:
        sys.stderr.flush()

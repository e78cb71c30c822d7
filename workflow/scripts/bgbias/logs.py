"""What a job says: everything into its log, the one sentence that matters onto the screen as well."""

import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from bgbias.errors import StudyError


@contextmanager
def job_log(path: str | os.PathLike) -> Iterator[None]:
    """Send standard output and error, those of child processes too, to the file ``path`` for this block.

    A :class:`StudyError` ends the process with status 1 and its sentence, without a traceback; any other
    exception leaves its traceback in the log and ends the process likewise.
    """
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    log = open(path, "w", buffering=1, encoding="utf-8")  # noqa: SIM115 - lives as long as the process
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = log
    try:
        yield
    except StudyError as error:
        print(f"ERROR: {error}", file=log, flush=True)
        sys.exit(1)
    except Exception as error:
        traceback.print_exc(file=log)
        print(f"ERROR: {type(error).__name__}: {error}", file=log, flush=True)
        sys.exit(1)


def progress(items: Iterable, description: str, unit: str, total: int | None = None) -> Iterable:
    """Wrap ``items`` in a progress bar that is readable in a log file: a new line every few seconds."""
    from tqdm import tqdm

    return tqdm(items, desc=description, unit=unit, total=total, mininterval=5, ascii=True, file=sys.stderr,
                bar_format="{desc}: {n_fmt}/{total_fmt} {unit} [{elapsed}<{remaining}, {rate_fmt}]\n")

"""Atomic file writing, and reading and writing of small files (text, CSV) for all stages."""

import csv
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bgbias.errors import StudyError

_ASIDE = ".aside-"  # prefix of the name of a file that is being written
# Read once, at import: it can only be read by setting it, which is not thread-safe.
_UMASK = os.umask(0)
os.umask(_UMASK)


@contextmanager
def replacing(path: str | os.PathLike, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path next to ``path``; rename it to ``path`` if the block succeeds.

    A missing folder is created. If the block raises, the temporary file is removed and an existing file at
    ``path`` stays unchanged. Two processes writing the same path never corrupt each other's file. A killed
    process leaves a hidden file, which is ignored until :func:`sweep` removes it. With ``durable`` the
    content is flushed to disk before the rename: a power failure leaves the old file or the new one, never a
    partial one. This costs milliseconds per file.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_ASIDE, suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise StudyError(_cannot_write(path, error)) from error
    aside = Path(name)
    try:
        with suppress(OSError):  # a file system without locks; sweep() keeps the file for the same reason
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield aside
        if durable:
            with open(aside, "rb") as written:
                os.fsync(written.fileno())
        with suppress(PermissionError):  # a file system without Unix permissions: Windows' or a network's
            os.chmod(aside, 0o666 & ~_UMASK)
        os.replace(aside, path)
    except OSError as error:
        raise StudyError(_cannot_write(path, error)) from error
    finally:
        os.close(handle)
        aside.unlink(missing_ok=True)


def sweep(folder: str | os.PathLike, older_than: float = 60.0) -> int:
    """Remove what killed processes left of :func:`replacing` below ``folder``; return the number of files.

    A file with a live writer is locked and kept. One written to in the last ``older_than`` seconds is kept as
    well, because its writer may not have locked it yet.
    """
    removed = 0
    for path in Path(folder).rglob(f"{_ASIDE}*"):
        # Open for writing: over NFS an exclusive lock requires it.
        with suppress(OSError), open(path, "r+b") as leftover:
            if time.time() - os.fstat(leftover.fileno()).st_mtime > older_than:
                fcntl.flock(leftover, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed += 1
    return removed


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_rows(path: str | os.PathLike, rows: Iterable[dict], columns: Sequence[str]) -> None:
    """Write ``rows`` as CSV with a header, atomically. A row with a key not in ``columns`` is an error."""
    rows = list(rows)
    # Python's writer does not quote a lone carriage return, which a file name may contain.
    odd = any("\r" in value for row in rows for value in row.values() if isinstance(value, str))
    quoting = csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL
    with replacing(path) as aside, open(aside, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(columns), lineterminator="\n", quoting=quoting)
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: str | os.PathLike) -> list[dict[str, str]]:
    """Read a CSV with a header into dictionaries of strings; StudyError if it is missing or malformed."""
    return [row for _, row in read_numbered_rows(path)]


def read_numbered_rows(path: str | os.PathLike) -> list[tuple[int, dict[str, str]]]:
    """:func:`read_rows` with the line on which each row begins, from 1: blank lines are skipped, and a file
    name may itself contain line breaks."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:  # Excel writes a byte-order mark
            reader = csv.DictReader(stream, strict=True)
            rows = [(reader.line_num - _line_breaks(row), row) for row in reader]
    except FileNotFoundError as error:
        raise StudyError(f"{path} does not exist.") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path} is not UTF-8 ({error}). Save it as CSV in UTF-8.") from error
    except (OSError, csv.Error) as error:
        raise StudyError(f"{path} cannot be read as CSV: {error}.") from error
    for number, row in rows:
        if None in row or None in row.values():
            raise StudyError(f"{path}, line {number}: expected {len(reader.fieldnames)} columns.")
    return rows


def _line_breaks(row: dict) -> int:
    return sum(value.count("\n") for value in row.values() if isinstance(value, str))


def _cannot_write(path: Path, error: OSError) -> str:
    reason = error.strerror or error
    if error.errno is None and shutil.disk_usage(path.parent).free < 2**20:
        reason = os.strerror(errno.ENOSPC)  # Pillow's encoders do not report the cause
    return f"{path} cannot be written: {reason}. Make room or fix the folder, then run again."

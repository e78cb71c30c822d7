"""Download published files: try URLs in order, resume after interruption, verify before use."""

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bgbias.downloads.checksums import file_problem
from bgbias.downloads.transports import OPENERS, Transfer, TransferError
from bgbias.errors import StudyError
from bgbias.logs import progress_bar

MEGABYTE = 2**20
ALREADY_THERE = "was there already"


def obtain(
    path: str | os.PathLike,
    urls: Sequence[str],
    size: int | None = None,
    checksums: dict[str, str] | None = None,
    instructions: str = "",
    timeout: float = 60,
    retries: int = 4,
    pause: float = 1,
) -> str:
    """Make sure that ``path`` is the published file; return the URL it came from.

    An existing file at ``path`` is verified and used (:data:`ALREADY_THERE`), never replaced. Otherwise the
    ``urls`` (https, http, ftp) are tried in order. ``size`` in bytes and ``checksums`` (algorithm -> digest)
    are checked before the file is renamed to ``path``; nothing is downloaded without a checksum. A partial
    download is kept in ``path`` + ".part" and resumed next time. ``timeout`` is the longest silence in
    seconds, ``retries`` the number of attempts without progress per URL, ``pause`` the seconds before the
    second attempt, doubling with each. StudyError reports what failed at each URL and, with ``instructions``,
    how to get the file by hand.
    """
    path = Path(path)
    checksums = {name: value for name, value in (checksums or {}).items() if value}
    if path.exists():
        problem = file_problem(path, size, checksums)
        if problem:
            raise StudyError(
                f"{path} is not the published file: {problem}. Remove it or replace it by the right one."
            )
        return ALREADY_THERE
    failures = []
    for url in urls:
        try:
            _check_address(url, checksums)
            _download(url, path, size, checksums, timeout, retries, pause)
            return url
        except TransferError as error:
            print(f"{url}: {error}", flush=True)
            failures.append(f"{url}: {error}")
        except OSError as error:
            raise StudyError(
                f"{path} cannot be written: {error.strerror}. Fix that; the download will resume."
            ) from error
    reasons = f" ({'; '.join(failures)})" if failures else ""
    raise StudyError(
        f"{path} could not be downloaded{reasons}. {instructions or f'Download it by hand to {path}.'}"
    )


def _check_address(url: str, checksums: dict[str, str]) -> None:
    scheme = urlsplit(url).scheme
    if scheme not in OPENERS:
        raise TransferError(f"addresses start with {', '.join(OPENERS)}", permanent=True)
    if not checksums:
        raise TransferError("without a checksum nothing is downloaded", permanent=True)


def _download(
    url: str,
    path: Path,
    size: int | None,
    checksums: dict[str, str],
    timeout: float,
    retries: int,
    pause: float,
) -> None:
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    for again in (False, True):
        resumed = _transfer_all(url, part, size, timeout, retries, pause)
        problem = file_problem(part, size, checksums)
        if problem is None:
            os.replace(part, path)
            return
        part.unlink()
        if again or not resumed:
            raise TransferError(f"the downloaded file is not the published one: {problem}", permanent=True)
        # The pieces may come from different versions of the file: retry in one piece.
        print(f"{path.name}: {problem} after resuming; starting over", flush=True)


def _transfer_all(url: str, part: Path, size: int | None, timeout: float, retries: int, pause: float) -> bool:
    """Download ``part`` to its full length; return True if it was not downloaded in one piece."""
    resumed, left, most = False, retries, _length(part)
    while True:
        try:
            with OPENERS[urlsplit(url).scheme](url, _length(part), timeout) as transfer:
                resumed |= transfer.start > 0
                _check_room(part, transfer, size)
                _write(part, transfer, size)
            if transfer.total is not None and _length(part) != transfer.total:
                raise TransferError(
                    f"the server announced {transfer.total:,} bytes but sent {_length(part):,}"
                )
            return resumed
        except TransferError as error:
            left = retries if _length(part) >= most + MEGABYTE else left - 1
            most = max(most, _length(part))
            if error.permanent or left < 0:
                raise
            wait = min(60, pause * 2 ** (retries - left - 1)) if left < retries else 0
            print(f"{url}: {error}; retrying in {wait:g} s from byte {_length(part):,}", flush=True)
            time.sleep(wait)


def _write(part: Path, transfer: Transfer, size: int | None) -> None:
    with open(part, "r+b" if part.exists() else "wb") as stream:
        stream.truncate(transfer.start)
        stream.seek(transfer.start)
        total = size or transfer.total
        written = _megabytes(transfer, stream, size)
        if total is None or total > 10 * MEGABYTE:  # a progress bar only for long downloads
            done = transfer.start // MEGABYTE
            description = f"downloading {part.stem}" + (f" from {done} MiB on" if done else "")
            written = progress_bar(written, description, "MiB", total and total // MEGABYTE - done)
        for _ in written:
            pass
        stream.flush()
        os.fsync(stream.fileno())


def _megabytes(transfer: Transfer, stream, size: int | None) -> Iterator[None]:
    """Write the chunks; yield once per megabyte. More than ``size`` bytes are an error."""
    arrived = 0
    for chunk in transfer.chunks:
        if size is not None and stream.tell() + len(chunk) > size:
            raise TransferError(f"the server sent more than the file's {size:,} bytes", permanent=True)
        stream.write(chunk)
        arrived += len(chunk)
        while arrived >= MEGABYTE:
            arrived -= MEGABYTE
            yield


def _check_room(part: Path, transfer: Transfer, size: int | None) -> None:
    if size is not None and transfer.total is not None and transfer.total != size:
        message = f"the file on the server has {transfer.total:,} bytes instead of {size:,}"
        raise TransferError(message, permanent=True)
    needed = (size or transfer.total or 0) - transfer.start
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise StudyError(
            f"{part.parent} has {free / 1e9:.1f} GB left and {part.stem} needs {needed / 1e9:.1f} GB more. "
            "Make room."
        )


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0

"""Safe unpacking of downloaded archives: nothing outside the folder, no links, no bombs, all or nothing."""

import csv
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from bgbias.errors import StudyError
from bgbias.files import write_rows
from bgbias.logs import progress_bar

RECEIPT = ".unpacked.csv"
COLUMNS = ("archive", "into", "bytes")
# Images hardly compress: an archive that grows twentyfold plus a gigabyte is not an image dataset.
GROWTH, ALLOWANCE = 20, 10**9
DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
)


def unpack_all(archives: Iterable[tuple[Path, str]], folder: Path) -> list[dict]:
    """Unpack ``archives`` into ``folder``, which appears complete or not at all; return one row per archive.

    Each archive is paired with its destination inside ``folder`` ("" for the top). Files that are not
    archives are copied there. A ``folder`` that this function made from the same archives is kept; any other
    non-empty one is refused rather than overwritten.
    """
    archives = [(Path(archive), into) for archive, into in archives]
    rows = [{"archive": path.name, "into": into, "bytes": path.stat().st_size} for path, into in archives]
    if folder.exists() and any(folder.iterdir()):
        if _receipt(folder) == [{name: str(value) for name, value in row.items()} for row in rows]:
            return rows
        raise StudyError(
            f"{folder} contains files not unpacked from {', '.join(row['archive'] for row in rows)}. "
            "Move it away, or set it as the dataset's root in the configuration."
        )
    aside = folder.with_name(folder.name + ".unpacking")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        for archive, into in archives:
            unpack(archive, aside / into)
        write_rows(aside / RECEIPT, rows, COLUMNS)
        if folder.exists():
            folder.rmdir()
        aside.rename(folder)
    except OSError as error:
        raise StudyError(
            f"{folder} cannot be unpacked: {error.strerror or error}. Fix that, then run again."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return rows


def unpack(archive: Path, folder: Path) -> None:
    """Unpack one .tar(.gz, .bz2, .xz), .tgz or .zip into ``folder``; copy any other file there.

    StudyError if an entry is absolute, leaves the folder, or is a link or a device, if the contents are
    larger than images can compress to, or if the archive is damaged or encrypted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = archive.name.lower()
    try:
        if name.endswith(".zip"):
            _unpack_zip(archive, folder)
        elif name.endswith((".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")):
            _unpack_tar(archive, folder)
        else:
            shutil.copyfile(archive, folder / archive.name)
    except DAMAGED as error:
        raise StudyError(f"{archive} is damaged ({error}). Remove it and fetch it again.") from error
    except OSError as error:
        if error.errno is None:  # gzip and bz2 report damage this way
            raise StudyError(f"{archive} is damaged ({error}). Remove it and fetch it again.") from error
        raise


def _unpack_tar(archive: Path, folder: Path) -> None:
    total = 0
    with tarfile.open(archive) as tar:
        for member in progress_bar(tar, f"unpacking {archive.name}", "files"):
            if not (member.isfile() or member.isdir()):
                raise StudyError(f"{archive}: {member.name!r} is a link or a device; it is not unpacked.")
            _check_name(archive, member.name)
            total += member.size
            _check_growth(archive, total)
            tar.extract(member, folder, filter="data")
        while tar.fileobj.read(2**20):  # up to the checksum, which follows the end of the archive
            pass


def _unpack_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        entries = content.infolist()
        _check_growth(archive, sum(entry.file_size for entry in entries))
        for entry in progress_bar(entries, f"unpacking {archive.name}", "files", len(entries)):
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise StudyError(f"{archive}: {entry.filename!r} is a link; it is not unpacked.")
            if entry.flag_bits & 1:
                raise StudyError(
                    f"{archive} is encrypted. Unpack it by hand and set the folder as the dataset's root."
                )
            _check_name(archive, entry.filename)
            content.extract(entry, folder)


def _check_name(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or name[1:2] == ":":
        raise StudyError(f"{archive}: {name!r} lies outside the folder; the archive is not unpacked.")


def _check_growth(archive: Path, total: int) -> None:
    limit = GROWTH * archive.stat().st_size + ALLOWANCE
    if total > limit:
        raise StudyError(
            f"{archive} would grow to more than {limit / 1e9:.1f} GB, far more than images compress to; it "
            "is not unpacked."
        )


def _receipt(folder: Path) -> list[dict] | None:
    try:
        with open(folder / RECEIPT, newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))
    except OSError:
        return None

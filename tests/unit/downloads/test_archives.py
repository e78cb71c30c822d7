"""Unpacking: what an honest archive holds arrives whole; what a hostile one tries does not happen."""

import io
import os
import tarfile
import zipfile
import zlib

import pytest

from bgbias.downloads.archives import ALLOWANCE, unpack, unpack_all
from bgbias.errors import StudyError

FILES = {"top/images/a b.jpg": b"one", "top/images/ü.jpg": b"two", "top/list.txt": b"three"}
NOISE = os.urandom(200_000)


def make_tar(path, files, mode="w:gz", extra=()):
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in extra:
            tar.addfile(info)
    return path


def make_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in files.items():
            content.writestr(name, data)
    return path


MAKERS = {"a.tgz": make_tar, "a.tar.gz": make_tar, "a.zip": make_zip}


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", MAKERS)
def test_an_honest_archive_arrives_whole(tmp_path, name):
    unpack(MAKERS[name](tmp_path / name, FILES), tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


def test_several_archives_and_a_plain_file_make_one_folder(tmp_path):
    archives = [
        (make_tar(tmp_path / "one.tgz", {"ims/1.jpg": b"1"}), ""),
        (make_zip(tmp_path / "two.zip", {"img/2.jpg": b"2"}), "Img"),
        (tmp_path / "list.mat", "Eval"),
    ]
    (tmp_path / "list.mat").write_bytes(b"mat")
    (tmp_path / "raw").mkdir()  # an empty folder is in nobody's way
    rows = unpack_all(archives, tmp_path / "raw")
    found = contents(tmp_path / "raw")
    found.pop(".unpacked.csv")
    assert found == {"ims/1.jpg": b"1", "Img/img/2.jpg": b"2", "Eval/list.mat": b"mat"}
    assert [row["archive"] for row in rows] == ["one.tgz", "two.zip", "list.mat"]
    # The same archives again: nothing to do, and what lies there is left alone.
    (tmp_path / "raw/ims/1.jpg").write_bytes(b"mine")
    assert unpack_all(archives, tmp_path / "raw") == rows
    assert (tmp_path / "raw/ims/1.jpg").read_bytes() == b"mine"


def test_a_folder_of_the_users_own_is_never_overwritten(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/precious.txt").write_text("mine")
    archive = make_tar(tmp_path / "a.tgz", FILES)
    with pytest.raises(StudyError, match=r"raw contains files not unpacked from a\.tgz"):
        unpack_all([(archive, "")], tmp_path / "raw")
    assert contents(tmp_path / "raw") == {"precious.txt": b"mine"}


def test_a_damaged_archive_leaves_nothing_behind(tmp_path):
    good = make_tar(tmp_path / "good.tgz", {"1.jpg": NOISE, "2.jpg": NOISE[::-1]})
    torn = tmp_path / "torn.tgz"
    torn.write_bytes(good.read_bytes()[:-100_000])
    with pytest.raises(StudyError, match=r"torn\.tgz is damaged"):
        unpack_all([(torn, "")], tmp_path / "raw")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.tgz", "torn.tgz"]


def test_damage_within_lzma_is_found(tmp_path):
    xz = tmp_path / "a.tar.xz"
    with tarfile.open(xz, "w:xz") as tar:
        tar.add(make_tar(tmp_path / "inner.tgz", FILES | {"noise": NOISE}), "inner.tgz")
    data = bytearray(xz.read_bytes())
    data[len(data) // 2] ^= 255
    xz.write_bytes(data)
    with pytest.raises(StudyError, match=r"a\.tar\.xz is damaged"):
        unpack(xz, tmp_path / "out")


@pytest.mark.parametrize("name", MAKERS)
def test_bytes_that_are_no_archive_are_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"<html>please log in</html>")
    with pytest.raises(StudyError, match=f"{name} is damaged"):
        unpack(tmp_path / name, tmp_path / "out")


@pytest.mark.parametrize("name", MAKERS)
def test_a_flipped_byte_in_an_archive_is_found_by_its_own_check(tmp_path, name):
    archive = MAKERS[name](tmp_path / name, {"1.jpg": NOISE})
    data = bytearray(archive.read_bytes())
    data[100_000] ^= 1
    archive.write_bytes(data)
    with pytest.raises(StudyError, match="is damaged"):
        unpack_all([(archive, "")], tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    "evil", ["../evil.txt", "/tmp/evil.txt", "top/../../evil.txt", "C:/evil.txt", "..\\evil.txt"]
)
def test_no_entry_leaves_the_folder(tmp_path, name, evil):
    archive = MAKERS[name](tmp_path / name, {"top/good.txt": b"", evil: b"evil"})
    with pytest.raises(StudyError, match="lies outside the folder"):
        unpack_all([(archive, "")], tmp_path / "out" / "raw")
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "out" / "raw").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    info = tarfile.TarInfo("door")
    info.type, info.linkname = kind, "/etc"
    archive = make_tar(tmp_path / "a.tgz", FILES, extra=[info])
    with pytest.raises(StudyError, match="'door' is a link or a device"):
        unpack_all([(archive, "")], tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_links_in_a_zip_are_refused(tmp_path):
    entry = zipfile.ZipInfo("door")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as content:
        content.writestr(entry, "/etc")
    with pytest.raises(StudyError, match="'door' is a link"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_an_encrypted_zip_says_so(tmp_path):
    archive = make_zip(tmp_path / "a.zip", {"1.txt": b"secret"})
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # the flag in the local and the central header
        data[data.index(signature) + offset] |= 1
    archive.write_bytes(data)
    with pytest.raises(StudyError, match="is encrypted"):
        unpack(archive, tmp_path / "out")


def test_a_zip_bomb_is_refused_before_a_byte_is_written(tmp_path):
    # Only the header's word is needed: an entry that announces 2^32 - 2 bytes, four times the allowance.
    archive = make_zip(tmp_path / "a.zip", {"1.txt": b"small"})
    data = bytearray(archive.read_bytes())
    central = data.index(b"PK\1\2")
    data[central + 24 : central + 28] = (2**32 - 2).to_bytes(4, "little")
    archive.write_bytes(data)
    with pytest.raises(StudyError, match="far more than images compress to"):
        unpack(archive, tmp_path / "out")
    assert contents(tmp_path / "out") == {}


def test_a_tar_bomb_is_refused_before_its_entry_is_written(tmp_path):
    info = tarfile.TarInfo("zeros.bin")
    info.size = 2 * ALLOWANCE
    pack = zlib.compressobj(wbits=31)  # gzip
    data = pack.compress(info.tobuf()) + pack.compress(bytes(10**6)) + pack.flush()
    (tmp_path / "a.tgz").write_bytes(data)
    with pytest.raises(StudyError, match="far more than images compress to"):
        unpack(tmp_path / "a.tgz", tmp_path / "out")
    assert contents(tmp_path / "out") == {}


def test_an_honest_archive_that_compresses_well_is_no_bomb(tmp_path):
    # 30 MB of zeros shrink a thousandfold, but stay below the allowance.
    unpack(make_tar(tmp_path / "a.tgz", {"zeros.bin": bytes(30_000_000)}), tmp_path / "out")
    assert (tmp_path / "out/zeros.bin").stat().st_size == 30_000_000

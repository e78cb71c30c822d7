"""Downloads against servers that misbehave: the file is the published one, or there is none."""

import hashlib
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from loopback import Page, ftp_server, http_server

from bgbias.downloads import fetching
from bgbias.downloads.fetching import ALREADY_THERE, obtain
from bgbias.downloads.transports import Transfer
from bgbias.errors import StudyError

MIB = 2**20
CONTENT = np.random.default_rng(0).bytes(3 * MIB + 12_345)
OTHER = np.random.default_rng(1).bytes(len(CONTENT))


def digest(content: bytes) -> dict[str, str]:
    return {"sha256": hashlib.sha256(content).hexdigest()}


def fetch(path, urls, content=CONTENT, **settings):
    quick = {"size": len(content), "checksums": digest(content), "timeout": 1, "retries": 2, "pause": 0.01}
    return obtain(path, urls, **(quick | settings))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "archives" / "data.zip"


def only_the_file(path) -> bool:
    return [child.name for child in path.parent.iterdir()] == [path.name]


def test_a_well_behaved_server_is_asked_once(path):
    page = Page(CONTENT)
    with http_server({"/a": page}) as address:
        assert fetch(path, [f"{address}/a"]) == f"{address}/a"
        assert fetch(path, [f"{address}/a"]) == ALREADY_THERE  # what lies there is used
    assert path.read_bytes() == CONTENT
    assert page.requests == [(0, len(CONTENT))]
    assert only_the_file(path)


def test_sources_are_tried_in_order_and_a_404_is_not_repeated(path):
    gone, good = Page(b"no", status=404), Page(CONTENT)
    with http_server({"/gone": gone, "/good": good}) as address:
        assert fetch(path, [f"{address}/gone", f"{address}/good"]) == f"{address}/good"
    assert len(gone.requests) == 1


def test_a_500_is_tried_again(path):
    page = Page(CONTENT, status=lambda n: 500 if n < 2 else 200)
    with http_server({"/a": page}) as address:
        fetch(path, [f"{address}/a"])
    assert len(page.requests) == 3


def test_the_pause_before_an_attempt_doubles_with_each(path, monkeypatch):
    pauses = []
    monkeypatch.setattr(fetching.time, "sleep", pauses.append)
    with http_server({"/a": Page(status=500)}) as address, pytest.raises(StudyError, match="answers 500"):
        fetch(path, [f"{address}/a"], retries=3, pause=7)
    assert pauses == [7, 14, 28]


def test_the_refusal_names_every_address_its_reason_and_the_way_by_hand(path):
    pages = {"/404": Page(status=404), "/500": Page(status=500)}
    with http_server(pages) as address, pytest.raises(StudyError) as caught:
        fetch(path, [f"{address}/404", f"{address}/500"], instructions="Ask the authors for it.")
    for part in ("404: the server answers 404", "500: the server answers 500", "Ask the authors for it."):
        assert part in str(caught.value)
    assert not path.exists()


def test_a_broken_connection_resumes_where_it_broke(path):
    page = Page(CONTENT, cut=lambda n: MIB + 777 if n == 0 else None)
    with http_server({"/a": page}) as address:
        fetch(path, [f"{address}/a"])
    assert page.requests == [(0, MIB + 777), (MIB + 777, len(CONTENT) - MIB - 777)]
    assert path.read_bytes() == CONTENT


def test_an_interrupted_download_of_50_mb_transfers_no_more_than_the_rest(path):
    content = np.random.default_rng(2).bytes(50_000_000)
    page = Page(
        content, cut=lambda n: 31_234_567 if n == 0 else None, status=lambda n: 500 if n == 1 else 200
    )
    with http_server({"/a": page}) as address:
        with pytest.raises(StudyError, match="answers 500"):
            fetch(path, [f"{address}/a"], content, retries=0)  # the job ends here
        assert not path.exists()
        fetch(path, [f"{address}/a"], content)  # and is started again later
    assert [page.requests[0], page.requests[2]] == [(0, 31_234_567), (31_234_567, 50_000_000 - 31_234_567)]
    assert path.read_bytes() == content
    assert only_the_file(path)


def test_a_stalling_server_is_left_after_the_timeout_and_resumed(path):
    page = Page(CONTENT, cut=lambda n: MIB if n == 0 else None, stall=lambda n: n == 0)
    with http_server({"/a": page}) as address:
        fetch(path, [f"{address}/a"], timeout=0.3)
    assert page.requests[1][0] == MIB


def test_a_server_that_only_stalls_is_given_up(path):
    page = Page(CONTENT, cut=lambda n: 0, stall=lambda n: True)
    with http_server({"/a": page}) as address, pytest.raises(StudyError, match=r"no data for 0\.2 s"):
        fetch(path, [f"{address}/a"], timeout=0.2)
    assert len(page.requests) == 3  # the first attempt and two more


def test_a_server_without_ranges_starts_over(path):
    page = Page(CONTENT, ranges=False, cut=lambda n: MIB if n == 0 else None)
    with http_server({"/a": page}) as address:
        fetch(path, [f"{address}/a"])
    assert page.requests == [(0, MIB), (0, len(CONTENT))]
    assert path.read_bytes() == CONTENT


def test_a_server_without_ranges_that_always_breaks_is_given_up(path):
    page = Page(CONTENT, ranges=False, cut=lambda n: 2 * MIB)
    with http_server({"/a": page}) as address, pytest.raises(StudyError, match="broke off"):
        fetch(path, [f"{address}/a"])
    assert len(page.requests) <= 4  # two megabytes are progress once only


def test_what_was_there_before_an_answer_that_broke_off_earlier_is_no_progress_again(path):
    # Were it one, this would never end: hence the 404.
    page = Page(CONTENT, lambda n: 200 if n < 9 else 404, ranges=False, cut=lambda n: (2 * MIB, 99)[n % 2])
    with http_server({"/a": page}) as address, pytest.raises(StudyError, match="broke off"):
        fetch(path, [f"{address}/a"])
    assert len(page.requests) == 4  # the first attempt, which is progress, and three more


def test_an_answer_of_fewer_bytes_than_are_left_is_continued(path, monkeypatch):
    @contextmanager
    def open_piece(url, start, timeout):
        yield Transfer(start, len(CONTENT), iter([CONTENT[start : start + 2 * MIB]]))

    monkeypatch.setitem(fetching.OPENERS, "https", open_piece)
    fetch(path, ["https://a/b"])
    assert path.read_bytes() == CONTENT


def test_what_came_of_a_longer_file_is_fetched_again(path):
    page = Page(
        content=lambda n: OTHER * 2 if n == 0 else CONTENT, cut=lambda n: len(OTHER) + 1 if n == 0 else None
    )
    with http_server({"/a": page}) as address:
        fetch(path, [f"{address}/a"], size=None)
    assert page.requests == [(0, len(OTHER) + 1), (len(OTHER) + 1, 0), (0, len(CONTENT))]
    assert path.read_bytes() == CONTENT


def test_content_that_changes_is_found_by_the_checksum_and_fetched_afresh(path):
    page = Page(content=lambda n: OTHER if n == 0 else CONTENT, cut=lambda n: MIB if n == 0 else None)
    with http_server({"/a": page}) as address:
        fetch(path, [f"{address}/a"])
    assert [start for start, _ in page.requests] == [0, MIB, 0]
    assert path.read_bytes() == CONTENT


def test_a_server_that_breaks_off_and_never_has_the_file_is_left_for_the_next(path):
    # Each time the first answer breaks off, and what is put together then is another file.
    wrong = Page(OTHER, cut=lambda n: MIB if n % 2 == 0 else None)
    with http_server({"/1": wrong, "/2": Page(CONTENT)}) as address:
        with pytest.raises(StudyError, match="the downloaded file is not the published one"):
            fetch(path, [f"{address}/1"])
        assert not path.exists()
        wrong.requests.clear()
        assert fetch(path, [f"{address}/1", f"{address}/2"]) == f"{address}/2"
    assert [start for start, _ in wrong.requests] == [0, MIB, 0, MIB]
    assert path.read_bytes() == CONTENT


def test_a_mirror_continues_what_another_address_began(path):
    first, second = Page(CONTENT, cut=lambda n: MIB if n == 0 else 0), Page(CONTENT)
    with http_server({"/1": first, "/2": second}) as address:
        fetch(path, [f"{address}/1", f"{address}/2"], retries=0)
    assert second.requests == [(MIB, len(CONTENT) - MIB)]
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_a_server_that_announces_too_much_or_too_little_is_no_danger(path, size):
    for announced in (len(CONTENT) + 1000, len(CONTENT) - 1000):
        page = Page(CONTENT, announced=announced)
        with http_server({"/a": page}) as address:
            try:
                fetch(path, [f"{address}/a"], size=size)
            except StudyError:
                assert not path.exists()
            else:  # resuming may well complete what the false length cut off
                assert path.read_bytes() == CONTENT
                path.unlink()
        assert len(page.requests) <= 4


def test_one_wrong_byte_is_found(path):
    wrong = bytearray(CONTENT)
    wrong[MIB] ^= 1
    with http_server({"/a": Page(bytes(wrong))}) as address:
        with pytest.raises(StudyError, match="its sha256 is"):
            fetch(path, [f"{address}/a"])
        with pytest.raises(StudyError, match="its md5 is"):
            fetch(path, [f"{address}/a"], checksums={"md5": hashlib.md5(CONTENT).hexdigest()})
    assert not list(path.parent.iterdir())


def test_a_login_page_is_called_one(path):
    page = Page(b"\n<!DOCTYPE html><title>Sign in</title>")
    with http_server({"/a": page}) as address, pytest.raises(StudyError, match="it is a web page"):
        fetch(path, [f"{address}/a"], size=None)


def test_a_file_of_another_size_is_not_even_fetched(path):
    page = Page(CONTENT + b"more")
    with http_server({"/a": page}) as address, pytest.raises(StudyError, match="the file on the server has"):
        fetch(path, [f"{address}/a"])


def test_room_is_needed_for_what_is_still_to_come(path, monkeypatch):
    path.parent.mkdir()
    path.with_name("data.zip.part").write_bytes(CONTENT[:MIB])
    rest = len(CONTENT) - MIB
    free = iter([rest - 1, rest])
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda folder: SimpleNamespace(free=next(free)))
    with http_server({"/a": Page(CONTENT)}) as address:
        with pytest.raises(StudyError, match="Make room"):
            fetch(path, [f"{address}/a"])
        fetch(path, [f"{address}/a"])
    assert path.read_bytes() == CONTENT


def test_a_file_placed_by_hand_is_verified_and_never_replaced(path):
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    assert fetch(path, ["http://127.0.0.1:9/never-asked"]) == ALREADY_THERE
    path.write_bytes(OTHER)
    with pytest.raises(StudyError, match=r"data\.zip is not the published file: its sha256"):
        fetch(path, ["http://127.0.0.1:9/never-asked"])
    assert path.read_bytes() == OTHER


def test_without_a_checksum_and_from_other_schemes_nothing_is_downloaded(path):
    with pytest.raises(StudyError, match="without a checksum nothing is downloaded"):
        fetch(path, ["https://127.0.0.1:9/a"], checksums={"sha256": None})
    with pytest.raises(StudyError, match="addresses start with https, http, ftp"):
        fetch(path, ["file:///etc/passwd"])


def test_no_network_is_one_sentence(path):
    # Nobody listens on port 9 of the loopback interface.
    with pytest.raises(StudyError, match=r"could not be downloaded \(http://127\.0\.0\.1:9/a: no connection"):
        fetch(path, ["http://127.0.0.1:9/a"])


def test_redirects_are_followed(path):
    with http_server({"/new": Page(CONTENT)}) as address:
        moved = Page(status=302, location=f"{address}/new")
        with http_server({"/old": moved}) as old:
            fetch(path, [f"{old}/old"])
    assert path.read_bytes() == CONTENT


def test_ftp_is_fetched_and_resumed(path):
    with ftp_server("/pub/a b.zip", CONTENT, cut=MIB + 5) as (address, starts):
        assert fetch(path, [f"{address}/pub/a%20b.zip"]) == f"{address}/pub/a%20b.zip"
    assert starts == [0, MIB + 5]
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(("there", "begun"), [(CONTENT + b"more", [0]), (OTHER[:MIB], [MIB, 0])])
def test_ftp_of_another_version_is_fetched_whole(path, there, begun):
    path.parent.mkdir()
    path.with_name("data.zip.part").write_bytes(there)
    with ftp_server("/a.zip", CONTENT) as (address, starts):
        fetch(path, [f"{address}/a.zip"])
    assert starts == begun
    assert path.read_bytes() == CONTENT


def test_ftp_says_what_is_wrong(path):
    with ftp_server("/a.zip", CONTENT) as (address, _), pytest.raises(StudyError, match="550 no such file"):
        fetch(path, [f"{address}/b.zip"])
    with pytest.raises(StudyError, match="no connection"):
        fetch(path, ["ftp://127.0.0.1:9/a.zip"])


def test_a_killed_download_goes_on_where_it_was(path):
    page = Page(CONTENT, cut=lambda n: 2 * MIB if n == 0 else None, stall=lambda n: n == 0)
    with http_server({"/a": page}) as address:
        program = (
            "import sys; from bgbias.downloads.fetching import obtain; "
            f"obtain({str(path)!r}, [{address + '/a'!r}], checksums={digest(CONTENT)!r})"
        )
        library = Path(fetching.__file__).parents[2]
        process = subprocess.Popen([sys.executable, "-c", program], cwd=library)
        part = path.with_name("data.zip.part")
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size > MIB) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
        process.wait()
        kept = part.stat().st_size
        fetch(path, [f"{address}/a"])
    assert kept > MIB
    assert page.requests[1] == (kept, len(CONTENT) - kept)
    assert path.read_bytes() == CONTENT

"""A reader never sees half a file, whatever happens to its writer."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from bgbias.errors import StudyError
from bgbias.files import read_rows, replacing, sweep, write_rows, write_text

FORK = multiprocessing.get_context("fork")


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".aside-")]


def rewrite(path, letter, times):
    for _ in range(times):
        write_text(path, letter * 200_000)


def test_two_writers_and_a_reader_never_see_a_torn_file(tmp_path):
    path = tmp_path / "x.txt"
    write_text(path, "a" * 200_000)
    writers = [FORK.Process(target=rewrite, args=(path, letter, 40)) for letter in "ab"]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        text = path.read_text()
        assert len(text) == 200_000
        assert len(set(text)) == 1
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert not leftovers(tmp_path)


def die_half_way(path):
    with replacing(path) as aside:
        aside.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_writer_changes_nothing_and_its_leftover_is_swept(tmp_path):
    path = tmp_path / "deep" / "x.csv"
    write_text(path, "whole")
    process = FORK.Process(target=die_half_way, args=(path,))
    process.start()
    process.join()
    assert path.read_text() == "whole"
    assert len(leftovers(path.parent)) == 1
    assert sweep(tmp_path) == 0, "fresh: its writer may be about to lock it"
    assert sweep(tmp_path, older_than=0) == 1
    assert os.listdir(path.parent) == ["x.csv"]


def test_the_file_of_a_living_writer_is_not_swept(tmp_path):
    with replacing(tmp_path / "x.txt") as aside:
        aside.write_text("not yet")
        assert sweep(tmp_path, older_than=0) == 0
    assert (tmp_path / "x.txt").read_text() == "not yet"


def test_colleagues_may_read_what_was_written(tmp_path):
    # mkstemp makes files for the owner's eyes only; what is written has the rights of any new file.
    (tmp_path / "usual").touch()
    write_text(tmp_path / "written", "a")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_threads_that_write_leave_the_rights_of_new_files_alone(tmp_path, monkeypatch):
    # The mask of the process is for all its threads: it is set at import, and never again.
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the mask of the whole process was changed"))
    write_text(tmp_path / "written", "a")


def test_a_failing_writer_leaves_what_was_there(tmp_path):
    write_text(tmp_path / "x.txt", "before")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "x.txt") as aside:  # noqa: PT012
        aside.write_text("after")
        raise ZeroDivisionError
    assert (tmp_path / "x.txt").read_text() == "before"
    assert not leftovers(tmp_path)


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(StudyError, match=r"results/x\.csv cannot be written: .*fix the folder"):
        write_text(tmp_path / "results" / "x.csv", "")


def test_rows_survive_awkward_values(tmp_path):
    values = ["", " a", 'q"uo"te', "new\nline", "car\rriage", "both\r\n", "com,ma", "ü名", "'"]
    write_rows(tmp_path / "x.csv", [{"a": value, "b": "1"} for value in values], ["a", "b"])
    assert [row["a"] for row in read_rows(tmp_path / "x.csv")] == values

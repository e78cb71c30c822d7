"""The index: what is read is what was written, and every contradiction is named with its line."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bgbias.datasets.index_checks import check_index, partnerless_rows
from bgbias.errors import StudyError
from bgbias.index import Index, read_index, write_index

HEADER = "path,label,class_name,split"
GOOD = [
    "a/1.jpg,0,owl,train",
    "a/2.jpg,0,owl,train",
    "b/1.jpg,1,jay,val",
    "b/2.jpg,1,jay,val",
    "c/1.jpg,2,tit,test",
    "c/2.jpg,2,tit,test",
    "d/1..2.jpg,3,crow,train",  # a name, and no way out of the folder
    "e/1.jpg,4,daw,val",
    "f/1.jpg,5,kite,test",
    "f/2.jpg,5,kite,test",
]


def written(tmp_path, rows=GOOD, header=HEADER):
    path = tmp_path / "index.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def refusal(path) -> str:
    with pytest.raises(StudyError) as caught:
        check_index(read_index(path), path)
    return str(caught.value)


def test_a_good_file_passes_and_its_splits_are_row_numbers(tmp_path):
    path = written(tmp_path)
    index = read_index(path)
    check_index(index, path)
    assert len(index) == 10
    assert index.labels.dtype == np.int64
    assert index.rows("val").tolist() == [2, 3, 7]  # lines 4, 5 and 9 of the file
    assert index.masks == [""] * 10
    assert index.is_query is None


def test_what_is_written_is_read_again_with_awkward_names_and_large_labels(tmp_path):
    names = ['with space "quote".jpg', "line\nbreak,comma.jpg", "äöü/图.jpg", "'single'.jpg"]
    index = Index(
        paths=names,
        # 2^53 + 1 is the first integer that a float64 cannot hold, 2^63 - 1 the largest label.
        labels=np.array([2**53 + 1, 2**63 - 1, 7, 7]),
        class_names=["a,b", 'c"d', "e\nf", "e\nf"],
        splits=["train", "val", "test", "test"],
        masks=["", "m/1.png", "", ""],
        groups=["", "", "land", ""],
        is_query=np.array([0, 0, 1, 0]),
        is_gallery=np.array([0, 0, 0, 1]),
    )
    write_index(tmp_path / "deep" / "index.csv", index)
    again = read_index(tmp_path / "deep" / "index.csv")
    for name in ("paths", "class_names", "splits", "masks", "groups"):
        assert getattr(again, name) == getattr(index, name)
    for name in ("labels", "is_query", "is_gallery"):
        np.testing.assert_array_equal(getattr(again, name), getattr(index, name))


def test_other_columns_are_left_out_and_their_order_does_not_matter(tmp_path):
    path = written(tmp_path, [f"land,{row}" for row in GOOD], f"place,{HEADER}")
    assert read_index(path).paths[0] == "a/1.jpg"
    write_index(tmp_path / "again.csv", read_index(path))
    assert (tmp_path / "again.csv").read_text().splitlines()[0] == HEADER


@pytest.mark.parametrize("left_out", ["label", "class_name"])
def test_classes_may_have_only_names_or_only_labels(tmp_path, left_out):
    place = HEADER.split(",").index(left_out)

    def shorter(row):
        entries = row.split(",")
        return ",".join(entries[:place] + entries[place + 1 :])

    path = written(tmp_path, map(shorter, GOOD), shorter(HEADER))
    index = read_index(path)
    check_index(index, path)
    # In the order of the alphabet: crow, daw, jay, kite, owl, tit.
    found = {"label": [4, 4, 2, 2, 5, 5, 0, 1, 3, 3], "class_name": [0, 0, 1, 1, 2, 2, 3, 4, 5, 5]}[left_out]
    assert index.labels.tolist() == found
    if left_out == "class_name":
        assert index.class_names == list(map(str, found))
    write_index(tmp_path / "again.csv", index)
    assert read_index(tmp_path / "again.csv").labels.tolist() == found, "as written, as read"


def test_a_class_without_name_and_label_is_refused(tmp_path):
    path = written(tmp_path, ["a.jpg,,train"], "path,class_name,split")
    assert "line 2: class_name is ''; without labels, it must not be empty" in refusal(path)
    assert "no column class_name" in refusal(written(tmp_path, ["a.jpg,train"], "path,split"))


@pytest.mark.parametrize(
    ("row", "bad", "line", "reason"),
    [
        (1, "a/1.jpg,0,owl,train", 3, "duplicates line 2"),
        (1, "a/2.jpg,0,jay,train", 3, "label 0 is class 'jay' here and 'owl' in line 2"),
        (1, "a/2.jpg,0,owl,test", 3, "in split test here and in train in line 2"),
        (2, "b/1.jpg,1,jay,validation", 4, "split is 'validation'"),
        (3, "b/2.jpg,1.0,jay,val", 5, "label is '1.0'; it must be an integer"),
        (3, "b/2.jpg,-1,jay,val", 5, "label is '-1'"),
        (3, f"b/2.jpg,{2**63},jay,val", 5, "it must be an integer from 0 to 2^63 - 1"),
        (3, "b/2.jpg,٣,jay,val", 5, "it must be an integer"),  # a digit to Python's int(), a riddle to others
        (0, "/a/1.jpg,0,owl,train", 2, "is absolute"),
        (0, "a/../../1.jpg,0,owl,train", 2, "leaves the folder"),
        (0, "a//1.jpg,0,owl,train", 2, "should be written 'a/1.jpg'"),
        (0, "a/./1.jpg,0,owl,train", 2, "should be written 'a/1.jpg'"),
        (0, ",0,owl,train", 2, "is empty"),
        (5, "c/2.jpg,6,gull,test", 6, "class 'tit' (label 2) has no other image"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_reason(tmp_path, row, bad, line, reason):
    message = refusal(written(tmp_path, [*GOOD[:row], bad, *GOOD[row + 1 :]]))
    assert f"index.csv, line {line}:" in message
    assert reason in message


def test_a_mask_is_looked_for_in_the_folder_only(tmp_path):
    rows = [f"{GOOD[0]},../m.png", *(f"{row}," for row in GOOD[1:])]
    assert "line 2: mask '../m.png' leaves the folder" in refusal(written(tmp_path, rows, f"{HEADER},mask"))


def test_the_line_counts_line_breaks_inside_names(tmp_path):
    # The first record takes lines 2 and 3, so that the fourth record stands in line 6 rather than 5.
    rows = ['"a/x\ny.jpg",0,owl,train', *GOOD[1:3], "b/2.jpg,x,jay,val", *GOOD[4:]]
    message = refusal(written(tmp_path, rows))
    assert "line 6" in message


def test_the_line_counts_blank_lines(tmp_path):
    rows = [
        *GOOD[:2],
        "",
        "",
        *GOOD[2:9],
        "",
        "f/2.jpg,x,kite,test",
    ]  # 1 + 2 + 2 + 7 + 1 lines, and it
    assert "line 14: label is 'x'" in refusal(written(tmp_path, rows))
    rows[-1] = "a/1.jpg,5,kite,test"
    assert "line 14: path 'a/1.jpg' duplicates line 2" in refusal(written(tmp_path, rows))


def test_all_classes_that_stand_alone_are_told_at_once(tmp_path):
    rows = [*GOOD, *(f"lone/{i}.jpg,{10 + i},lone{i},test" for i in range(6))]
    message = refusal(written(tmp_path, rows))
    assert "class 'lone0' (label 10) has no other image in the test split" in message
    assert "likewise 5 more: 'lone1', 'lone2', 'lone3', …. Add one" in message
    assert message.endswith("or the dataset's distractors: true, which keeps them in the gallery.")


@pytest.mark.parametrize(
    ("rows", "header", "reason"),
    [
        ([row.rsplit(",", 1)[0] for row in GOOD], "path,label,class_name", "no column split; found path"),
        ([], HEADER, "has no rows"),
        *(
            (
                [row for row in GOOD if not row.endswith(f",{split}")],
                HEADER,
                f"no rows with split {split}",
            )
            for split in ("train", "val", "test")
        ),
        (
            GOOD[:6] + GOOD[7:],
            HEADER,
            "only one class in split train, 'owl', so there is nothing to distinguish",
        ),
        (GOOD[:7] + GOOD[8:], HEADER, "only one class in split val, 'jay'"),
        (GOOD[:8], HEADER, "only one class in split test, 'tit'"),
        (GOOD[:3] + GOOD[4:], HEADER, "every class of the val split has only one image"),
        ([f"{row},0" for row in GOOD], f"{HEADER},is_query", "only one of the columns"),
        ([f"{GOOD[4]},0,1", GOOD[0]], f"{HEADER},is_query,is_gallery", "expected 6 columns"),
    ],
)
def test_what_is_missing_altogether_is_named(tmp_path, rows, header, reason):
    message = refusal(written(tmp_path, rows, header))
    assert "index.csv" in message
    assert reason in message


def test_queries_and_gallery_are_consistent(tmp_path):
    def with_flags(*flags):
        flags += ("0,0", "0,0", "1,0", "0,1")  # of the last four rows
        rows = [f"{row},{flag}" for row, flag in zip(GOOD, flags, strict=True)]
        return written(tmp_path, rows, f"{HEADER},is_query,is_gallery")

    none, query, gallery = "0,0", "1,0", "0,1"
    good = with_flags(none, none, none, none, query, gallery)
    check_index(read_index(good), good)
    others = with_flags("False,False", "0.0,0.0", none, ",", "True,False", "0.0,1.0")  # as of pandas
    assert read_index(others).is_query.tolist() == read_index(good).is_query.tolist()
    assert read_index(others).is_gallery.tolist() == read_index(good).is_gallery.tolist()
    assert "neither query nor gallery" in refusal(with_flags(none, none, none, none, query, none))
    for marked in (query, gallery):
        assert "split train is marked" in refusal(with_flags(marked, none, none, none, query, gallery))
    only_gallery = [f"{row},{gallery if row.endswith('test') else none}" for row in GOOD]
    assert "no row has is_query 1" in refusal(
        written(tmp_path, only_gallery, f"{HEADER},is_query,is_gallery")
    )
    assert "is_query is 'yes'" in refusal(with_flags(none, none, none, none, "yes,0", gallery))


def test_partners_are_looked_for_in_the_gallery_and_never_the_query_itself():
    def test_rows(labels, queries, gallery):
        n = len(labels)
        return Index([f"{i}.jpg" for i in range(n)], np.array(labels), ["x"] * n, ["test"] * n,
                     is_query=np.array(queries), is_gallery=np.array(gallery))  # fmt: skip

    # Class 5: the query's partner is only another query. Class 6: a proper pair. Class 7: both, alone.
    index = test_rows([5, 5, 6, 6, 7], [1, 1, 1, 0, 1], [0, 0, 0, 1, 1])
    assert partnerless_rows(index).tolist() == [0, 1, 4]


def test_an_unreadable_file_is_named(tmp_path):
    path = tmp_path / "index.csv"
    with pytest.raises(StudyError, match=r"index\.csv does not exist"):
        read_index(path)
    path.write_bytes(b"path,label\n\xff\xfe,1\n")
    with pytest.raises(StudyError, match=r"index\.csv is not UTF-8 .* Save it as CSV in UTF-8"):
        read_index(path)
    path.write_text("path;label;class_name;split\na.jpg;0;a;train\n")
    with pytest.raises(StudyError, match=r"index\.csv is separated by semicolons or tabs"):
        read_index(path)
    path.write_text('path,label,class_name,split\n"open,0,a,train\n')
    with pytest.raises(StudyError, match=r"index\.csv cannot be read as CSV"):
        read_index(path)


CELLS = st.sampled_from(
    ["a.jpg", "b.jpg", "0", "1", "-1", "train", "val", "test", "", "..", "a/../b", "\0", '"']
)
TEXT = st.lists(st.lists(CELLS | st.text(max_size=5), min_size=2, max_size=6).map(",".join), max_size=8).map(
    lambda rows: "\n".join([HEADER, *rows]).encode("utf-8", "surrogatepass")
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=TEXT | st.binary(max_size=80))
def test_whatever_the_file_holds_it_is_read_or_refused(tmp_path, content):
    path = tmp_path / "index.csv"
    path.write_bytes(content)
    try:
        index = read_index(path)
        check_index(index, path)
    except StudyError as error:  # the one way out, and the file is named
        refused = str(error)
    else:
        refused = None
        write_index(tmp_path / "again.csv", index)
        assert read_index(tmp_path / "again.csv").paths == index.paths
    assert refused is None or "index.csv" in refused


def test_a_negative_label_is_refused_wherever_it_comes_from():
    # A source that numbers from 0 where the archive is known to number from 1 gives -1.
    index = Index(["a.jpg"], np.array([-1]), ["a"], ["train"])
    with pytest.raises(StudyError, match=r"label -1 of 'a\.jpg' is negative"):
        check_index(index, "archive")

"""A key that stands twice in a configuration file is told, at any depth."""

import pytest

from bgbias.configuration.repeated_keys import check_repeated_keys
from bgbias.errors import StudyError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: {c: 1}\na: 2\n", r"mine\.yaml, line 3: duplicate key 'a', first defined on line 1"),
        ("a:\n- b: {c: 1,\n  c: 2}\n", r"line 3: duplicate key 'c', first defined on line 2"),
    ],
)
def test_repeated_keys_are_told_with_both_lines(tmp_path, text, said):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(StudyError, match=said):
        check_repeated_keys(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    "text", ["a: {c: 1}\nb: {c: 1}\n", "x: &x {c: 1}\na: {<<: *x, d: 1}\n", "- 1\n- 1\n"]
)
def test_the_same_key_in_several_mappings_is_no_repeat(tmp_path, text):
    (tmp_path / "mine.yaml").write_text(text)
    check_repeated_keys(tmp_path / "mine.yaml")


@pytest.mark.parametrize("text", ["", '{\n\t"a": 1}', "a: {{b}}\n", "a: [b\n"])
def test_what_is_no_such_file_is_left_to_who_loads_it(tmp_path, text):
    (tmp_path / "mine.yaml").write_text(text)
    check_repeated_keys(tmp_path / "mine.yaml")
    check_repeated_keys(tmp_path / "none.yaml")

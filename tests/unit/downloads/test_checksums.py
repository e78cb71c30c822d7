"""Whether a file is the published one."""

import hashlib

from bgbias.downloads.checksums import file_problem


def test_a_file_of_more_or_fewer_bytes_is_another(tmp_path):
    (tmp_path / "f").write_bytes(bytes(10))
    assert file_problem(tmp_path / "f", 10) is None
    # A publisher's digest may be in capitals, and of its first digits alone.
    digits = hashlib.md5(bytes(10)).hexdigest()[:8]
    assert file_problem(tmp_path / "f", checksums={"md5": digits.upper()}) is None
    for size in (9, 11):
        assert file_problem(tmp_path / "f", size) == f"it has 10 bytes instead of {size}"

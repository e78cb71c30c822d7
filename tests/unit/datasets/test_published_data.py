"""From the list of sources to the index: download, verify, unpack, index, for every known layout."""

import hashlib
from pathlib import Path

import pytest
import yaml
from download_dataset import download_dataset
from extract_dataset import extract_dataset
from fetch_backgrounds import fetch_backgrounds
from index_dataset import index_dataset
from layouts import CONTENTS, LAYOUTS, packed
from loopback import Page, http_server

from bgbias.downloads.sources import archive_identities, load_sources
from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.index import read_index

REPOSITORY = Path(__file__).parents[3]
SOURCES = load_sources(REPOSITORY / "resources" / "sources.yaml")


@pytest.fixture
def server_folder(tmp_path):
    (tmp_path / "server").mkdir()
    return tmp_path / "server"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_goes_from_its_archives_to_its_index(tmp_path, server_folder, layout):
    make, _ = LAYOUTS[layout]
    (tmp_path / "made").mkdir()
    make(tmp_path / "made")
    name = layout.split()[0]
    archives = {
        file: packed(tmp_path / "made", top, server_folder / file) for file, top in CONTENTS[layout].items()
    }
    entry = next(
        option["archives"]
        for option in SOURCES[name]["layouts"]
        if {archive["name"] for archive in option["archives"]} == set(archives)
    )
    with http_server({f"/{file}": Page(path.read_bytes()) for file, path in archives.items()}) as address:
        # The real entry, but for the address and the checksum of the small archive.
        small = [
            archive
            | {
                "urls": [f"{address}/{archive['name']}"],
                "md5": hashlib.md5(archives[archive["name"]].read_bytes()).hexdigest(),
            }
            for archive in entry
        ]
        source = {"title": name, "layouts": [{"instructions": "…", "archives": small}]}
        data = tmp_path / "data"
        download_dataset(source, data / "archives", data / "archives.csv")
    extract_dataset(data / "archives.csv", data / "archives", data / "raw", data / "unpacked.csv")
    settings = {"source": name, "counts": {"images": 32, "classes": 16}}
    index_dataset(name, data / "raw", settings, "fail", data / "index.csv", data / "problems.csv")
    index = read_index(data / "index.csv")
    assert len(index) == 32
    assert [bool(label) for label in index.masks] == [name == "cub200"] * 32  # the only one with hand labels
    assert {row["archive"] for row in read_rows(data / "archives.csv")} == set(archives)


def cub_archive(folder: Path, content: bytes = b"archive") -> dict:
    """A source of one archive without addresses, and the archive placed by hand."""
    folder.mkdir(parents=True)
    (folder / "birds.tgz").write_bytes(content)
    archive = {"name": "birds.tgz", "md5": hashlib.md5(b"archive").hexdigest()}
    return {"title": "Birds", "layouts": [{"instructions": "Ask.", "archives": [archive]}]}


def test_a_hand_placed_archive_is_verified_and_used_without_any_download(tmp_path):
    source = cub_archive(tmp_path / "archives")
    download_dataset(source, tmp_path / "archives", tmp_path / "archives.csv")
    (row,) = read_rows(tmp_path / "archives.csv")
    assert (row["origin"], row["verified"], row["bytes"]) == ("was there already", "md5", "7")


def test_a_wrong_hand_placed_archive_is_refused_and_kept(tmp_path):
    source = cub_archive(tmp_path / "archives", b"another")
    with pytest.raises(StudyError, match=r"birds\.tgz is not the published file: its md5"):
        download_dataset(source, tmp_path / "archives", tmp_path / "archives.csv")
    assert (tmp_path / "archives" / "birds.tgz").read_bytes() == b"another"
    assert not (tmp_path / "archives.csv").exists()


@pytest.mark.parametrize("name", ["cars196", "inshop", "vehicleid"])
def test_what_needs_a_login_says_what_to_fetch_and_where_to_put_it(tmp_path, name):
    with pytest.raises(StudyError) as caught:
        download_dataset(SOURCES[name], tmp_path / "archives", tmp_path / "archives.csv")
    message = str(caught.value)
    assert "cannot be downloaded automatically" in message
    assert str(tmp_path / "archives") in message
    for layout in SOURCES[name]["layouts"]:
        for archive in layout["archives"]:
            assert archive["name"] in message


def test_a_placed_mirror_is_preferred_to_a_download_of_the_original(tmp_path):
    source = {
        "title": "Cars",
        "layouts": [
            {
                "instructions": "…",
                "archives": [{"name": "a.tgz", "urls": ["https://127.0.0.1:9/never-asked"]}],
            },
            {"instructions": "…", "archives": [{"name": "b.zip"}]},
        ],
    }
    (tmp_path / "b.zip").write_bytes(b"mirror")
    download_dataset(source, tmp_path, tmp_path / "archives.csv")
    assert [row["archive"] for row in read_rows(tmp_path / "archives.csv")] == ["b.zip"]


def test_an_archive_that_vanished_is_named(tmp_path):
    (tmp_path / "archives.csv").write_text("archive,into,bytes,origin,verified\na.tgz,,1,x,\n")
    with pytest.raises(StudyError, match=r"a\.tgz is missing"):
        extract_dataset(tmp_path / "archives.csv", tmp_path, tmp_path / "raw", tmp_path / "unpacked.csv")


def test_the_list_names_every_published_dataset_and_is_well_formed():
    datasets = set(SOURCES) - {"study_backgrounds", "weights"}
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    known = set(schema["$defs"]["dataset"]["properties"]["source"]["enum"])
    assert datasets == known - {"demo_world", "index", "folders"}
    for name in datasets:
        for layout in SOURCES[name]["layouts"]:
            assert set(layout) == {"instructions", "archives"}
            for archive in layout["archives"]:
                assert set(archive) <= {"name", "into", "urls", "md5", "sha256", "bytes", "gigabytes"}
                assert "md5" in archive or "urls" not in archive, "nothing is downloaded without a checksum"


def test_an_archive_is_another_by_all_but_where_it_is_fetched():
    archive = {"name": "a.tgz", "into": "x", "bytes": 7, "md5": "1", "sha256": "2"}
    entry = archive | {"urls": ["https://a/b"], "gigabytes": 1}
    source = {"title": "Birds", "layouts": [{"instructions": "…", "archives": [entry]}]}
    assert archive_identities(source) == [[archive]]


PHOTOS = {("val", "a b.jpeg"): b"photo a", ("test", "c.jpeg"): b"photo c"}


@pytest.fixture
def photo_list(tmp_path):
    lines = [
        f"{folder},{name},{len(content)},{hashlib.sha256(content).hexdigest()}"
        for (folder, name), content in PHOTOS.items()
    ]
    (tmp_path / "photos.csv").write_text("\n".join(["folder,name,bytes,sha256", *lines]) + "\n")
    return tmp_path / "photos.csv"


def photo_source(address: str) -> dict:
    return {"title": "photos", "terms": "They are not free", "commit": "abc"} | {
        "address": f"{address}/{{commit}}/{{folder}}/{{name}}"
    }


@pytest.mark.parametrize("word", [False, None, "yes", 1])
def test_no_photo_is_fetched_without_the_users_word(tmp_path, photo_list, word):
    page = Page(b"photo a")
    with http_server({"/abc/val/a%20b.jpeg": page}) as address, pytest.raises(StudyError) as caught:
        fetch_backgrounds(photo_source(address), photo_list, word, tmp_path / "photos", tmp_path / "f.csv")
    assert "They are not free. Set accept_terms: true" in str(caught.value)
    assert page.requests == []
    assert not (tmp_path / "photos").exists()


def test_photos_are_fetched_at_the_pinned_commit_and_each_is_verified(tmp_path, photo_list):
    pages = {f"/abc/{folder}/{name.replace(' ', '%20')}": Page(c) for (folder, name), c in PHOTOS.items()}
    photos = tmp_path / "photos"
    with http_server(pages) as address:
        fetch_backgrounds(photo_source(address), photo_list, True, photos, tmp_path / "f.csv")
        for (folder, name), content in PHOTOS.items():
            assert (photos / folder / name).read_bytes() == content
        (photos / "test/c.jpeg").unlink()
        pages["/abc/test/c.jpeg"].content = b"photo x"
        with pytest.raises(StudyError, match=r"c\.jpeg could not be downloaded .*its sha256"):
            fetch_backgrounds(
                photo_source(address), photo_list, True, tmp_path / "photos", tmp_path / "f.csv"
            )


def test_the_studys_photos_are_listed_and_pinned():
    source = SOURCES["study_backgrounds"]
    rows = read_rows(REPOSITORY / source["files"])
    # 100 + 100 photos, no file twice: the two perceptual duplicates of the test set differ in their bytes.
    assert [sum(row["folder"] == folder for row in rows) for folder in ("val", "test")] == [100, 100]
    assert len({row["sha256"] for row in rows}) == 200
    assert len(source["commit"]) == 40
    assert not list((REPOSITORY / "resources").rglob("*.jpeg"))

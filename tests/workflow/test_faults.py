"""The fault table: each misfortune ends with its sentence, and once fixed, with the same results.

What docs/robustness.md lists is what is tried here, in a finished tiny study whose files lie on a small disk.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

RUN = "results/tiny/tiny_cars/small_cnn/triplet/base/seed0"
COLLECTED = (
    "retrieval.csv",
    "attention.csv",
    "mask_quality.csv",
    "tables/retrieval.md",
    "tables/attention.tex",
)
# What each stage writes, from the last stage to the first: its inputs are still there when its turn comes.
# A group is asked for in one call, for none of its files is made from another.
STAGES = [
    {"results/tiny/report.html": "report.html"},
    {
        "results/tiny/provenance.json": "provenance.json",
        "results/tiny/figures/swap_chart.png": "swap_chart.*",
        "results/tiny/figures/contact_sheet_tiny_cars.png": "contact_sheet_tiny_cars.*",
        "results/tiny/tables/retrieval.tex": "retrieval.*",
    },
    {"results/tiny/retrieval.csv": "retrieval.csv"},
    {f"{RUN}/attention.csv": "attention*", f"{RUN}/retrieval.csv": "[rm]*[es]*.csv"},
    {f"{RUN}/embeddings.npz": "embeddings.npz"},
    {f"{RUN}/model.safetensors": "*"},
    {"data/tiny_cars/pixels/rgba.bin": "*"},
    {"data/tiny_cars/mask_quality.csv": "mask_quality*.csv"},
    {"data/tiny_cars/masks.csv": "masks.csv"},
    {"data/tiny_cars/mask_shards/0.csv": "0.csv"},
    {"data/tiny_cars/index.csv": "index.csv", "data/backgrounds/tiny/test/layout.csv": "*"},
    {"data/tiny_cars/raw/index.csv": "index.csv"},
]


def collected(project: Project) -> dict[str, str]:
    return {name: (project.root / "results/tiny" / name).read_text() for name in COLLECTED}


class SmallDisk:
    """A file system of its own, of 64 MB."""

    def __init__(self, place: Path):
        self.place, self.filler = place, place / "filler"

    def fill(self):
        for logs in ("results/tiny/logs", "results/tiny/benchmarks", "data/tiny_cars/logs"):
            shutil.rmtree(
                self.place / logs, ignore_errors=True
            )  # a log that is written again would make room
        with open(self.filler, "ab", buffering=0) as stream:
            try:
                while True:
                    stream.write(bytes(2**16))
            except OSError:
                pass

    def free(self):
        self.filler.unlink()

    def read_only(self, yes: bool):
        subprocess.run(["mount", "-o", f"remount,{'ro' if yes else 'rw'}", self.place], check=True)


@pytest.fixture
def small_disk(tmp_path):
    """A mounted one; needs the right to mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if (
        os.getuid() != 0
        or shutil.which("mount") is None
        or subprocess.run(mount, check=False).returncode != 0
    ):
        pytest.skip("only root may mount the small disk that this test fills")
    try:
        yield SmallDisk(place)
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def on_small_disk(finished, small_disk):
    """(finished study, the disk of its data and results)"""
    for name in ("data", "results"):
        shutil.move(finished.root / name, small_disk.place / name)
        (finished.root / name).symlink_to(small_disk.place / name)
    return finished, small_disk


def test_a_full_disk_at_each_stage(on_small_disk):
    study, disk = on_small_disk
    expected = collected(study)
    for group in STAGES:
        for target, outputs in group.items():
            for path in (study.root / target).parent.glob(outputs):  # Snakemake would, and make room
                path.unlink() if path.is_file() else shutil.rmtree(path)
        disk.fill()
        done = study.snakemake("--keep-going", "--force", *group)
        assert done.returncode != 0, f"{group}\n{done.stdout}"
        refusals = set(re.findall(r"^ERROR: .*Make room", done.stdout, flags=re.M))  # each names its file
        assert len(refusals) >= len(group), f"{group}\n{done.stdout}"
        assert "Traceback" not in done.stdout, f"{group}\n{done.stdout}"
        assert not any((study.root / target).exists() for target in group), f"one of {group} looks finished"
    disk.free()
    done = study.snakemake()
    assert done.returncode == 0, done.stdout
    assert collected(study) == expected


def test_a_read_only_folder(on_small_disk):
    study, disk = on_small_disk
    expected = collected(study)
    shutil.rmtree(study.root / "results/tiny/tables")
    disk.read_only(True)
    missing = study.snakemake("results/tiny/tables/retrieval.tex")
    present = study.snakemake("--force", "results/tiny/provenance.json")
    disk.read_only(False)
    assert missing.returncode != 0
    assert re.search("Read-only file system|Write-protected output", missing.stdout), missing.stdout
    assert present.returncode != 0
    assert "Write-protected output files" in present.stdout, present.stdout
    done = study.snakemake()
    assert done.returncode == 0, done.stdout
    assert collected(study) == expected


def test_an_image_that_vanished(finished):
    expected = collected(finished)
    image = next((finished.root / "data/tiny_cars/raw/images").rglob("*.jpg"))
    kept = image.read_bytes()
    image.unlink()
    done = finished.snakemake("--forcerun", "mask_images")
    assert done.returncode != 0
    assert f"{image.name} does not exist. Fix the index or put the file there." in done.stdout, done.stdout
    image.write_bytes(kept)
    done = finished.snakemake()
    assert done.returncode == 0, done.stdout
    assert collected(finished) == expected


def test_a_study_that_was_killed_is_locked_and_says_how_to_go_on(finished):
    expected = collected(finished)
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "1",
        "--forcerun",
        "collect_retrieval",
        "--configfile",
        "tests/config/tiny.yaml",
    ]
    process = subprocess.Popen(
        command, cwd=finished.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    locks = finished.root / ".snakemake/locks"
    # Killed before it has written into the file, Snakemake leaves a lock that locks nothing.
    while not any(lock.stat().st_size for lock in locks.glob("*.output.lock")):
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = finished.snakemake()
    assert done.returncode != 0
    assert "Directory cannot be locked" in done.stdout
    assert "--unlock" in done.stdout
    assert finished.snakemake("--unlock").returncode == 0
    done = finished.snakemake()
    assert done.returncode == 0, done.stdout
    assert collected(finished) == expected


def date(study: Project, moment: float) -> None:
    for path in [*study.root.glob("data/tiny_cars/**/*.csv"), *study.root.glob(f"{RUN}/*")]:
        os.utime(path, (moment, moment))


def test_files_dated_by_a_clock_that_was_late(finished):
    expected = collected(finished)
    date(finished, time.time() - 400 * 86400)
    done = finished.snakemake()
    assert done.returncode == 0, done.stdout
    assert collected(finished) == expected


def test_files_dated_by_a_clock_that_was_ahead(finished):
    expected = collected(finished)
    date(finished, time.time() + 3 * 86400)
    done = finished.snakemake("--forcerun", "embed_images")
    assert done.returncode != 0
    assert "has older modification time" in done.stdout, done.stdout
    assert "clock" in done.stdout
    date(finished, time.time())
    done = finished.snakemake()
    assert done.returncode == 0, done.stdout
    assert collected(finished) == expected


def test_a_full_disk_under_everything(finished, small_disk):
    study = finished.copy_to(small_disk.place / "project")
    small_disk.fill()
    done = study.snakemake()
    assert done.returncode != 0
    assert "The disk of project is full. Make room, then run again." in done.stdout
    assert "Traceback" not in done.stdout

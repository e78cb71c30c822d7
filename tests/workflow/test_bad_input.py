"""Mistakes of the user: one clear sentence that names the file and the remedy, no half-written output.

One of each kind, as it comes to the screen; all the others are told in the library's tests.
"""

import shutil

import pytest
from PIL import Image

pytestmark = pytest.mark.slow

MINE = """
study: mine
device: cpu
background_set: mine
grid: {{dataset: [mine], loss: [triplet], variant: [base]}}
datasets: {{mine: {{source: {source}, root: photos{extra}}}}}
backgrounds: {{mine: {{source: folders, train: backdrops, validation: backdrops, test: unseen}}}}
masker: {{weights: masker.onnx, shards: 1}}
training: {{batch_size: 8}}
"""


@pytest.fixture
def mine(project):
    """A project with six classes of photographs of the user's own, one folder each."""
    for number in range(6):
        for image in range(3):
            path = project.root / f"photos/class{number}/{image}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (60, 50), (40 * number, 80 * image, 90)).save(path)
    for grey, backgrounds in enumerate(("backdrops", "unseen")):
        (project.root / backgrounds).mkdir()
        Image.new("RGB", (60, 50), (grey, grey, grey)).save(project.root / backgrounds / "0.png")
    (project.root / "mine.yaml").write_text(MINE.format(source="folders", extra=""))
    return project


def with_index(project, rows, header="path,label,class_name,split"):
    (project.root / "photos/index.csv").write_text("\n".join([header, *rows]) + "\n")
    (project.root / "mine.yaml").write_text(MINE.format(source="index", extra=""))
    return project


GOOD = [
    f"class{number}/{image}.png,{number},class{number},{split}"
    for number, split in enumerate(("train", "train", "val", "test", "val", "test"))
    for image in range(3)
]


def refused(project, target, *sentences):
    done = project.snakemake(target, config="mine.yaml")
    assert done.returncode != 0
    for sentence in sentences:
        assert sentence in done.stdout, done.stdout
    assert not (project.root / target).exists()
    return done.stdout


def test_a_misspelt_key(project):
    done = project.snakemake("--dry-run", "--config", "training={learning_rat: 1}")
    assert done.returncode != 0
    assert "training: the key 'learning_rat' is unknown; did you mean 'learning_rate'?" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_wrong_index(mine):
    wrong = with_index(mine, [*GOOD, GOOD[0]])
    output = refused(wrong, "data/mine/index.csv", "index.csv", "class0/0.png", "line 20")
    assert "Traceback" not in output


def test_an_unreadable_image(mine):
    (mine.root / "photos/class1/1.png").write_bytes(b"not an image at all")
    output = refused(mine, "data/mine/index.csv", "class1/1.png", "on_bad_image")
    assert "Traceback" not in output


def test_an_empty_background_folder(mine):
    (mine.root / "unseen/0.png").unlink()
    output = refused(mine, "data/backgrounds/mine/test/layout.csv", "there are no images in unseen")
    assert "Traceback" not in output


def test_a_mask_of_another_size(mine):
    (mine.root / "photos/labels").mkdir()
    Image.new("L", (10, 10), 255).save(mine.root / "photos/labels/wrong.png")
    rows = [f"{row},{'labels/wrong.png' if row.startswith('class3/0') else ''}" for row in GOOD]
    with_index(mine, rows, "path,label,class_name,split,mask")
    output = refused(mine, "data/mine/mask_quality.csv", "labels/wrong.png", "60", "50", "10")
    assert "Traceback" not in output


def test_weights_that_do_not_fit(mine):
    shutil.copy(mine.root / "resources/demo_masker.onnx", mine.root / "weights.pth")
    (mine.root / "mine.yaml").write_text(
        MINE.format(source="folders", extra="") + "mask_quality: {minimum_iou: 0, maximum_empty: 1}\n"
        "pixels: {short_side: 48}\ntransform: {train_size: 40, eval_size: 40}\n"
        "backbones: {small_cnn: {weights: weights.pth}}\n"
    )
    output = refused(
        mine, "results/mine/mine/small_cnn/triplet/base/seed0/model.safetensors", "weights.pth", "small_cnn"
    )
    assert "Traceback" not in output

"""Kill a real training at random moments and check that it ends as if undisturbed.

    python benchmarks/kill_training.py --kills 20

Each round starts a training process, sends it SIGKILL at a random moment, starts the same command again and
compares the final model bit by bit with that of an undisturbed training. The data are generated (32 classes
of discs); loss (ArcFace, which has weights of its own), optimiser, batches, backgrounds, validation,
checkpoint and files are those of a study. Prints a table and one line of JSON.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests" / "unit" / "helpers")]
BEGIN = "begin"  # a file that marks the end of the imports and the start of training


def train(folder: Path) -> None:
    """The training process itself: it resumes from what an earlier one left in ``folder``."""
    import tiny_runs

    settings = tiny_runs.changed(
        backbone={"widths": [16, 32, 64]},
        loss=tiny_runs.ARCFACE,
        embedding_size=32,
        training={"max_epochs": 12, "iterations_per_epoch": 25, "patience": 12},
    )
    layouts = [folder.parent / "data" / name / "layout.csv" for name in ("images", "train", "validation")]
    (folder / BEGIN).touch()
    tiny_runs.train(layouts, folder, settings)


def start(folder: Path) -> subprocess.Popen:
    """Start a training process in ``folder``; return once its imports are done."""
    folder.mkdir(exist_ok=True)
    (folder / BEGIN).unlink(missing_ok=True)
    with open(folder / "log.txt", "a") as log:
        process = subprocess.Popen([sys.executable, __file__, "--train", folder], stdout=log, stderr=log)
    while not (folder / BEGIN).exists():
        assert process.poll() is None, (folder / "log.txt").read_text()
        time.sleep(0.02)
    return process


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def measure(folder: Path, kills: int, seed: int) -> dict:
    import tiny_runs

    tiny_runs.make_layouts(folder / "data")
    quiet = start(folder / "quiet")
    begun = time.monotonic()
    assert quiet.wait() == 0, (folder / "quiet" / "log.txt").read_text()
    length = time.monotonic() - begun
    expected, moments, rounds = digest(folder / "quiet"), random.Random(seed), []
    for number in range(kills):
        place = folder / f"round{number}"
        process, share = start(place), moments.uniform(0, 1)
        time.sleep(share * length)
        died = process.poll() is None
        if died:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert start(place).wait() == 0, (place / "log.txt").read_text()
        log = (place / "log.txt").read_text()
        at = log.partition("Continuing after step ")[2].split(" ")[0]
        at = at or ("300" if "This model was trained before" in log else "")
        rounds.append({"killed": died, "continued": bool(at), "same": digest(place) == expected})
        print(
            f"{number + 1:3d}  at {share:5.1%}  {'killed' if died else 'had ended'}  "
            f"{'resumed after step ' + at if at else 'started over':28s}  "
            f"{'identical' if rounds[-1]['same'] else 'DIFFERENT'}",
            flush=True,
        )
    return {
        "kills": sum(row["killed"] for row in rounds),
        "rounds": len(rounds),
        "identical": sum(row["same"] for row in rounds),
        "continued": sum(row["continued"] for row in rounds),
        "quiet_seconds": round(length, 1),
        "steps": 300,
        "model_sha256": expected,
    }


def main() -> None:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments")
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        train(arguments.train)
        return
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), arguments.kills, arguments.seed)
    print(json.dumps(result))
    sys.exit(result["identical"] != result["rounds"])


if __name__ == "__main__":
    main()

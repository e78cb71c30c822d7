"""Exact retrieval beside pytorch-metric-learning's calculator and the bare matrix product, on one core.

Every measurement runs in a fresh process: CPU seconds of the call alone, and how far the process's peak
memory rose above what it held before the call (data and libraries loaded, warmed up on a small problem).

    python benchmarks/bench_retrieval.py --sizes 10000 30000 60502 --out retrieval.json
"""

import argparse
import datetime
import json
import multiprocessing
import os
import platform
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIZE, CLASSES_PER_IMAGE = 128, 11316 / 60502  # Stanford Online Products' test set


def embeddings(n):
    """Unit vectors scattered around class centres, (n, 128) float32, and sorted labels."""
    import numpy as np

    rng = np.random.default_rng(n)
    labels = np.sort(rng.integers(0, max(2, round(n * CLASSES_PER_IMAGE)), n))
    centres = rng.standard_normal((labels[-1] + 1, SIZE), np.float32)
    vectors = rng.standard_normal((n, SIZE), np.float32)
    vectors *= 1.5
    vectors += centres[labels]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, labels


def ours(vectors, labels):
    from bgbias import retrieval

    return retrieval.measure(vectors, labels)["map_at_r"]


def pml(vectors, labels):
    import torch
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    names = ("mean_average_precision_at_r", "precision_at_1", "r_precision")
    calculator = AccuracyCalculator(include=names, k="max_bin_count", device=torch.device("cpu"))
    return calculator.get_accuracy(torch.from_numpy(vectors), torch.from_numpy(labels))[names[0]]


def product(vectors, labels):
    for start in range(0, len(vectors), 4096):
        for other in range(0, len(vectors), 4096):
            vectors[start : start + 4096] @ vectors[other : other + 4096].T


METHODS = {"ours": ours, "pml": pml, "product": product}


def run(name, n, pipe):
    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
    method = METHODS[name]
    method(*embeddings(500))
    vectors, labels = embeddings(n)
    # The peak so far may exceed what is held now; the difference would hide memory that the call takes.
    Path("/proc/self/clear_refs").write_text("5")
    before, start = memory("VmRSS"), time.process_time()
    value = method(vectors, labels)
    pipe.send({"method": name, "n": n, "map_at_r": value, "cpu_seconds": time.process_time() - start,
               "extra_mb": memory("VmHWM") - before})  # fmt: skip


def memory(field):
    """A figure of this process in MB, from the kernel."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def measure(name, n):
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(False)
    process = context.Process(target=run, args=(name, n, send))
    process.start()
    send.close()
    result = receive.recv()
    process.join()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[10000, 30000, 60502], help="numbers of images"
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument(
        "--pml-limit", type=int, default=70000, help="largest size for the calculator (memory)"
    )
    parser.add_argument("--repeats", type=int, default=1, help="the fastest of so many counts")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args()

    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    rows = []
    print(f"{'images':>8} {'method':>8} {'CPU s':>9} {'ns/pair':>8} {'extra MB':>9} {'MAP@R':>11}")
    for n in options.sizes:
        for name in options.methods:
            if name == "pml" and n > options.pml_limit:
                continue
            row = min((measure(name, n) for _ in range(options.repeats)), key=lambda r: r["cpu_seconds"])
            row["ns_per_pair"] = row["cpu_seconds"] / n**2 * 1e9
            rows.append(row)
            quality = "" if row["map_at_r"] is None else f"{row['map_at_r']:.9f}"
            figures = (
                f"{row['cpu_seconds']:9.2f} {row['ns_per_pair']:8.3f} {row['extra_mb']:9.0f} {quality:>11}"
            )
            print(f"{n:8} {name:>8} {figures}", flush=True)
    if options.out:
        machine = {
            "machine": platform.machine(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        }
        report = {"date": datetime.date.today().isoformat(), **machine, "rows": rows}
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()

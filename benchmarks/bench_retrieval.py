"""Exact retrieval against pytorch-metric-learning's calculator and the bare matrix product, on one core, and
on a GPU if there is one.

Every measurement runs in a fresh process: CPU seconds of the call alone, and how far the process's peak
memory rose above its memory before the call (data and libraries loaded, warmed up on a small problem).
"""

import multiprocessing
import os
import resource
import statistics
import sys
import time
from pathlib import Path

import measuring

os.environ.update(measuring.ONE_THREAD)
ROOT = Path(__file__).resolve().parents[1]
SIZE, ONLINE_PRODUCTS, CLASSES = 128, 60502, 11316  # Stanford Online Products' test set
QUICK, FULL = (5000, 10000), (10000, 30000, ONLINE_PRODUCTS, 100000, 300000)
ROUNDS, REPEATED = 3, 100000  # sizes above REPEATED are measured once
OF_CALCULATOR, MEGABYTES, FROM_QUADRATIC = 0.5, 1000, 0.15


def embeddings(n):
    """Unit vectors scattered around class centres, (n, 128) float32, and sorted labels."""
    import numpy as np

    rng = np.random.default_rng(n)
    labels = np.sort(rng.integers(0, max(2, round(n * CLASSES / ONLINE_PRODUCTS)), n))
    centres = rng.standard_normal((labels[-1] + 1, SIZE), np.float32)
    vectors = rng.standard_normal((n, SIZE), np.float32)
    vectors *= 1.5
    vectors += centres[labels]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, labels


def ours(vectors, labels):
    from bgbias.retrieval import metrics

    return metrics.measure(vectors, labels)["map_at_r"]


def pairs_once(vectors, labels):
    """The search that `ours` uses for large sets, in another library than for small ones."""
    import numpy as np

    from bgbias.retrieval import all_pairs

    all_pairs.nearest_others(vectors, np.ones(len(vectors), dtype=np.int64))


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


def ours_on_gpu(vectors, labels):
    from functools import partial

    from bgbias.retrieval import metrics, nearest

    return metrics.measure(vectors, labels, search_in=partial(nearest.on_device, device="cuda"))["map_at_r"]


METHODS = {"ours": ours, "pml": pml, "product": product}
ON_GPU = {"ours on GPU": ours_on_gpu}


def run(name, n, pipe):
    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
    method = {**METHODS, **ON_GPU}[name]
    method(*embeddings(n if name in ON_GPU else 500))  # a GPU chooses and loads its programs by size
    if name == "ours":
        pairs_once(*embeddings(500))
    vectors, labels = embeddings(n)
    # Reset the peak: an earlier one above the current memory would hide memory that the call takes.
    Path("/proc/self/clear_refs").write_text("5")
    before, start, elapsed = memory("VmRSS"), time.process_time(), time.perf_counter()
    value = method(vectors, labels)
    pipe.send({"method": name, "n": n, "map_at_r": value, "cpu_seconds": time.process_time() - start,
               "elapsed": time.perf_counter() - elapsed, "extra_mb": memory("VmHWM") - before})  # fmt: skip


def memory(field):
    """A value of this process in MB, from the kernel."""
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


def show(row):
    n, seconds = row["n"], row["cpu_seconds"]
    line = f"{n:8} {row['method']:>11} {seconds:9.2f} {seconds / n**2 * 1e9:8.3f}"
    print(f"{line} {row['elapsed']:9.2f} {row['extra_mb']:9.0f}", flush=True)


def verdicts(found):
    """The rows of the table from the measurements by method and size."""
    sizes = sorted({n for _, n in found})
    per_pair = [found["ours", n]["cpu_seconds"] / n**2 for n in sizes]
    typical = statistics.median(per_pair)
    spans = f"{sizes[0]} to {sizes[-1]} images"
    gpu = [
        measuring.verdict(
            f"retrieval, {n} x {SIZE}: GPU / one core, elapsed",
            found[method, n]["elapsed"] / found["ours", n]["elapsed"],
        )
        for method, n in found
        if method in ON_GPU
    ]
    return [
        *_beside_others(found),
        measuring.verdict(
            f"retrieval, {spans}: largest deviation from quadratic growth",
            max(abs(value / typical - 1) for value in per_pair),
            at_most=FROM_QUADRATIC,
        ),
        measuring.verdict(
            f"retrieval, {spans}: largest extra MB", max(found["ours", n]["extra_mb"] for n in sizes)
        ),
        *gpu,
    ]


def _beside_others(found):
    """Comparisons at the largest size that the calculator was given, if any."""
    sizes = [n for method, n in found if method == "pml"]
    if not sizes:
        return []
    name = f"retrieval, {max(sizes)} x {SIZE}"
    ours, calculator, product = (found[method, max(sizes)] for method in ("ours", "pml", "product"))
    return [
        measuring.verdict(
            f"{name}: ours / calculator's CPU",
            ours["cpu_seconds"] / calculator["cpu_seconds"],
            at_most=OF_CALCULATOR,
        ),
        measuring.verdict(f"{name}: extra MB", ours["extra_mb"], at_most=MEGABYTES),
        measuring.verdict(f"{name}: ours / bare product", ours["cpu_seconds"] / product["cpu_seconds"]),
    ]


def main():
    parser = measuring.options(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of images, replacing the defaults")
    options = parser.parse_args()
    sizes = options.sizes or (FULL if options.full else QUICK)
    import torch

    on_gpu = ON_GPU if torch.cuda.is_available() else {}
    found = {}
    print(f"{'images':>8} {'method':>11} {'CPU s':>9} {'ns/pair':>8} {'elapsed':>9} {'extra MB':>9}")
    # Round by round, so that a slow minute of the machine affects every size; the fastest round counts.
    for round_ in range(ROUNDS):
        for n in sizes:
            if round_ and n > REPEATED:
                continue
            # Above this the calculator needs more memory than most machines have; the others take minutes.
            for name in (*(METHODS if n <= ONLINE_PRODUCTS else ("ours",)), *on_gpu):
                row = measure(name, n)
                show(row)
                counts = "elapsed" if name in ON_GPU else "cpu_seconds"
                if (name, n) not in found or row[counts] < found[name, n][counts]:
                    found[name, n] = row
    measuring.report(verdicts(found), {"measured": list(found.values())}, options.out)


if __name__ == "__main__":
    main()

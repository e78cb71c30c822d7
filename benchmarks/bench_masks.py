"""The mask stage against its bare network, and two processes against one.

The bare ONNX session predicts one preprocessed image repeatedly; the stage also decodes, resizes, stretches
and writes. Both take turns, in CPU seconds. Two processes against one is elapsed time, which is what they are
meant to save; the same in CPU seconds shows what two processes cost each other, independent of other load on
a virtual machine's host, and for two bare sessions how much faster two cores of this machine are than one.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

import measuring

os.environ.update(measuring.ONE_THREAD)
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

import material
import numpy as np

SHARE, SCALING = 0.90, 1.8
U2NETP = material.REAL / "models" / "u2netp.onnx"
DEMO = Path(__file__).resolve().parents[1] / "resources" / "demo_masker.onnx"


def masker_settings() -> dict:
    return {"model": "u2net_custom", "weights": str(U2NETP if U2NETP.is_file() else DEMO)}


def stage(masker, photographs: material.Photographs, count: int, folder: Path) -> None:
    """Make ``count`` masks as the workflow does."""
    from bgbias.masks.making import masks_of

    root = Path(os.path.commonpath(photographs.images))
    paths = [path.relative_to(root).as_posix() for path in photographs.images]
    paths = [paths[i % len(paths)] for i in range(count)]
    list(masks_of(paths, masker, str(root), str(folder), "fail", made_by="bench"))


def providers() -> list[str]:
    """What a session computes on, as rembg chooses it."""
    import onnxruntime

    available = onnxruntime.get_available_providers()
    return [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]


def bare(weights: str, count: int):
    """A function that runs only the network ``count`` times, in a session with the stage's settings."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = 1, 1
    session = onnxruntime.InferenceSession(weights, options, providers=providers())
    shape = [side if isinstance(side, int) else 320 for side in session.get_inputs()[0].shape[-3:]]
    inputs = {session.get_inputs()[0].name: np.random.default_rng(0).standard_normal((1, *shape), np.float32)}

    def predict(_: int) -> None:
        for _ in range(count):
            session.run(None, inputs)

    return predict


def against_the_bare_session(photographs, folder: Path, count: int, rounds: int) -> dict[str, list[float]]:
    from bgbias.masks.maskers import build_masker

    settings = masker_settings()
    masker = build_masker(settings)
    return measuring.alternate(
        {
            "stage": lambda _: stage(masker, photographs, count, folder),
            "bare session": bare(settings["weights"], count),
        },
        rounds,
        # The processor's seconds would count of a GPU's work only the waiting.
        time.process_time if providers() == ["CPUExecutionProvider"] else time.perf_counter,
    )


def worker(barrier, results, photographs, folder: Path, count: int) -> None:
    """Elapsed and CPU seconds for ``count`` images by the stage and by the bare session, each started when
    all workers are ready."""
    from bgbias.masks.maskers import build_masker

    settings = masker_settings()
    masker, predict = build_masker(settings), bare(settings["weights"], count)
    # Warm up with as many images as are measured: during its first images a process also allocates memory
    # from the system, and two at once wait for each other. A real shard has thousands of images.
    stage(masker, photographs, count, folder)
    predict(0)
    clocks = {"elapsed": time.perf_counter, "CPU": time.process_time}
    seconds = {}
    for name, work in {
        "stage": lambda: stage(masker, photographs, count, folder),
        "bare session": lambda: predict(0),
    }.items():
        barrier.wait()
        before = {clock: now() for clock, now in clocks.items()}
        work()
        seconds |= {f"{name}, {clock}": now() - before[clock] for clock, now in clocks.items()}
    results.put(seconds)


def slowest(processes: int, photographs, folder: Path, count: int) -> dict[str, float]:
    """Seconds of the slowest of ``processes`` that make ``count`` masks each, by method and clock."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=worker, args=(barrier, results, photographs, folder / str(i), count))
        for i in range(processes)
    ]
    for process in workers:
        process.start()
    found = [results.get() for _ in workers]
    for process in workers:
        process.join()
    return {name: max(seconds[name] for seconds in found) for name in found[0]}


def two_against_one(photographs, folder: Path, count: int, rounds: int) -> dict[int, dict[str, list[float]]]:
    """Seconds of each round, by number of processes, then by method and clock."""
    seconds = {1: {}, 2: {}}
    for _ in range(rounds):
        for processes, found in seconds.items():
            for name, value in slowest(processes, photographs, folder, count).items():
                found.setdefault(name, []).append(value)
    return seconds


def main() -> None:
    options = measuring.options(__doc__).parse_args()
    count, rounds = (12, 5) if options.full else (4, 3)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        photographs = material.photographs(folder, limit=60)[0]
        network = f"{Path(masker_settings()['weights']).stem}, {photographs.name}"
        seconds = against_the_bare_session(photographs, folder / "masks", count, rounds)
        rows = [
            measuring.verdict(
                f"masks by {network}: stage's throughput / bare session's",
                measuring.ratio(seconds, "bare session", "stage"),
                at_least=SHARE,
            )
        ]
        details = {"masks per round": count, **photographs.sizes()}
        details["milliseconds"] = measuring.milliseconds(seconds)
        if len(os.sched_getaffinity(0)) > 1:
            details["processes"] = found = two_against_one(photographs, folder / "masks", count, rounds)
            for name in found[1]:
                ratio = 2 * measuring.ratio({n: found[n][name] for n in found}, 1, 2)
                title = f"masks by {network}: two processes / one, {name}"
                rows.append(
                    measuring.verdict(title, ratio, at_least=SCALING if name == "stage, elapsed" else None)
                )
    measuring.report(rows, details, options.out)


if __name__ == "__main__":
    main()

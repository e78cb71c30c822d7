"""How all benchmarks measure: ratios within one process, alternating rounds, medians, and a verdict.

Methods that are compared take turns, so that other load on the machine affects both. The default is CPU
seconds: other processes then do not count, except that they evict caches.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def alternate(
    methods: dict[str, Callable[[int], object]], rounds: int, clock: Callable[[], float] = time.process_time
) -> dict[str, list[float]]:
    """Seconds of each method in each round, by name; a method is called with the number of the round.

    One warm-up round comes first and does not count.
    """
    seconds = {name: [] for name in methods}
    for round_ in range(-1, rounds):
        for name, method in methods.items():
            start = clock()
            method(max(0, round_))
            if round_ >= 0:
                seconds[name].append(clock() - start)
    return seconds


def clock(device) -> Callable[[], float]:
    """Seconds elapsed on a torch device: CPU time on a CPU, elapsed time on a GPU."""
    if device.type == "cpu":
        return time.process_time

    def elapsed() -> float:
        import torch

        torch.cuda.synchronize()
        return time.perf_counter()

    return elapsed


def ratio(seconds: dict[str, list[float]], of: str, to: str) -> float:
    """The median over the rounds of the time of ``of`` divided by that of ``to``."""
    return statistics.median(a / b for a, b in zip(seconds[of], seconds[to], strict=True))


def milliseconds(seconds: dict[str, list[float]]) -> dict[str, float]:
    """The median of each method, in milliseconds."""
    return {name: round(1e3 * statistics.median(values), 3) for name, values in seconds.items()}


def verdict(
    measurement: str, value: float, at_least: float | None = None, at_most: float | None = None
) -> dict:
    """One row of the table; without a bound, for comparison only."""
    met, target = None, ""
    if at_least is not None:
        met, target = value >= at_least, f"≥ {at_least:g}"
    elif at_most is not None:
        met, target = value <= at_most, f"≤ {at_most:g}"
    return {"measurement": measurement, "value": float(f"{value:.4g}"), "target": target, "met": met}


def options(description: str) -> argparse.ArgumentParser:
    """The command line shared by all measurements."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="more rounds, larger sizes, as in docs/")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser


def report(rows: list[dict], details: dict, out: Path | None) -> None:
    """Print the table and write it, with the details behind it, to ``out``."""
    print_table(rows)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps({"rows": rows, "details": details}, indent=1, ensure_ascii=False) + "\n")


def print_table(rows: list[dict]) -> None:
    width = max(len(row["measurement"]) for row in rows)
    print(f"{'measurement':{width}}  {'value':>9}  {'target':>8}  met")
    for row in rows:
        met = {True: "yes", False: "no", None: ""}[row["met"]]
        value = "–" if row["value"] is None else row["value"]
        print(f"{row['measurement']:{width}}  {value:>9}  {row['target']:>8}  {met}", flush=True)


def machine() -> dict:
    """The kind of machine and how busy it is; nothing that identifies its owner."""
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "load": [round(value, 2) for value in os.getloadavg()],
        "system": platform.system(),
        "python": platform.python_version(),
    }


def processor_time() -> tuple[float, float]:
    """Seconds over all cores since the machine started: total, and those that its host gave to others."""
    try:
        fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0.0, 0.0
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(fields) / ticks, fields[7] / ticks


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()

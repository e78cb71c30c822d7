"""How everything here is measured: ratios in one process, rounds that alternate, medians, and a verdict.

The seconds of two methods that take turns are compared, so what else the machine does meets both. CPU seconds
are the default: other work on the machine does not count, apart from the caches that it empties.
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
    """Seconds of each method in each round, by name; a method gets the number of the round.

    A round before the first warms up and does not count.
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
    """Seconds so far on a torch device: of the CPU, or elapsed where a GPU works by itself."""
    if device.type == "cpu":
        return time.process_time

    def elapsed() -> float:
        import torch

        torch.cuda.synchronize()
        return time.perf_counter()

    return elapsed


def ratio(seconds: dict[str, list[float]], of: str, to: str) -> float:
    """The median over the rounds of what ``of`` took in units of what ``to`` took."""
    return statistics.median(a / b for a, b in zip(seconds[of], seconds[to], strict=True))


def milliseconds(seconds: dict[str, list[float]]) -> dict[str, float]:
    """The median of each method."""
    return {name: round(1e3 * statistics.median(values), 3) for name, values in seconds.items()}


def verdict(
    measurement: str, value: float, at_least: float | None = None, at_most: float | None = None
) -> dict:
    """One line of the table; without a bound it is there for comparison only."""
    met, target = None, ""
    if at_least is not None:
        met, target = value >= at_least, f"≥ {at_least:g}"
    elif at_most is not None:
        met, target = value <= at_most, f"≤ {at_most:g}"
    return {"measurement": measurement, "value": float(f"{value:.4g}"), "target": target, "met": met}


def options(description: str) -> argparse.ArgumentParser:
    """The command line that all measurements share."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="more rounds, larger sizes: what docs/ prints")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser


def report(rows: list[dict], details: dict, out: Path | None) -> None:
    """Print the table and write it, with what led to it, to ``out``."""
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
    """The kind of machine and how busy it is; nothing that says whose it is."""
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "load": [round(value, 2) for value in os.getloadavg()],
        "system": platform.system(),
        "python": platform.python_version(),
    }


def processor_time() -> tuple[float, float]:
    """Seconds, over all cores since the machine started: what passed, and what its host gave to others."""
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

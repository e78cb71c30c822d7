"""All measurements, in one table and one JSON file: `make bench`.

    python benchmarks/run.py                      # small sizes, a few minutes
    python benchmarks/run.py --full               # the sizes of docs/performance.md, on an idle machine
    python benchmarks/run.py --only batches masks

Each measurement is a separate program, so that none leaves threads, memory or caches to the next.
"""

import datetime
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import measuring

HERE = Path(__file__).resolve().parent
NAMES = ("batches", "training", "masks", "attribution", "retrieval", "workflow")


def run(name: str, full: bool, folder: Path) -> dict:
    """The rows and details of one measurement, the load of the machine at its start, and the share of
    processor time that a virtual machine's host gave to others meanwhile."""
    out = folder / f"{name}.json"
    command = [sys.executable, str(HERE / f"bench_{name}.py"), "--out", str(out)]
    load, before = measuring.machine()["load"], measuring.processor_time()
    print(f"\n{name}, load {load[0]}", flush=True)
    done = subprocess.run([*command, *(["--full"] if full else [])], check=False)
    passed, stolen = (b - a for a, b in zip(before, measuring.processor_time(), strict=True))
    circumstances = {"load": load, "stolen": round(stolen / passed, 3) if passed else None}
    print(f"{name}: {circumstances['stolen']} of the processors' time was stolen", flush=True)
    found = json.loads(out.read_text()) if out.exists() else {"rows": []}
    if done.returncode:
        found["rows"].append({"measurement": f"{name}: failed", "value": None, "target": "", "met": False})
    return {**found, **circumstances}


def main() -> None:
    parser = measuring.options(__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    options = parser.parse_args()
    machine = measuring.machine()
    begun = datetime.datetime.now().strftime("%Y-%m-%d_%H%M")
    out = options.out or HERE / "results" / f"{begun}{'_full' if options.full else ''}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        found = {name: run(name, options.full, Path(folder)) for name in options.only}
    rows = [row for one in found.values() for row in one["rows"]]
    print()
    measuring.print_table(rows)
    text = {"machine": machine, "full": options.full, "rows": rows, "measurements": found}
    out.write_text(json.dumps(text, indent=1, ensure_ascii=False) + "\n")
    if any(row["value"] is None for row in rows):
        sys.exit("Not everything could be measured: see above.")


if __name__ == "__main__":
    main()

"""Record what the study's numbers were computed with."""

import json
from datetime import UTC, datetime

from bgbias.axes import trained
from bgbias.files import write_text
from bgbias.hashes import SCRIPTS, hash_settings
from bgbias.logs import job_log
from bgbias.results.provenance import commit, machine, package_versions, run_entry
from bgbias.runs import read_run


def write_provenance(
    runs: list[str],
    environments: list[str],
    out: str,
    *,
    study: str,
    expected: list[dict],
    settings: dict,
    code_hashes: dict[str, str],
) -> None:
    """Write ``out`` (JSON): code, settings, machine, packages and runs, but no folders of this machine.

    ``runs``: every run.yaml; ``expected``: their settings in the configuration, in that order;
    ``environments``: the conda environments (YAML) whose packages are listed; ``settings``: the configuration
    in force; ``code_hashes``: those of all scripts, by name.
    """
    records = [read_run(path) for path in runs]
    provenance = {
        "study": study,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        **commit(SCRIPTS.parents[1]),
        "config_hash": hash_settings([expected, settings]),
        "code_hashes": code_hashes,
        "machine": machine(),
        "packages": package_versions(environments),
        "training_seconds": round(sum(run["seconds"] for run in trained(records)), 1),
        "runs": [run_entry(run) for run in records],
    }
    write_text(out, json.dumps(provenance, indent=1) + "\n")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        write_provenance(
            snakemake.input.runs, snakemake.input.environments, snakemake.output[0], **snakemake.params
        )

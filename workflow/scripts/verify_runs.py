"""Check that every run was made with the current settings."""

from bgbias.errors import StudyError
from bgbias.files import write_text
from bgbias.hashes import hash_settings
from bgbias.logs import job_log
from bgbias.runs import read_run


def verify_runs(runs: list[str], flag: str, *, expected: list[dict]) -> None:
    """Write ``flag`` if each run.yaml of ``runs`` has the settings in ``expected``, in that order.

    StudyError otherwise: the numbers of such a run must not be published as part of this study. Snakemake
    retrains the run, unless told not to (``--touch``, other ``--rerun-triggers``).
    """
    for path, settings in zip(runs, expected, strict=True):
        if (read_run(path).get("hashes") or {}).get("settings") != hash_settings(settings):
            raise StudyError(
                f"{path} was made with other settings than those of the current configuration. Remove the "
                "folder that it is in and run again, or restore the configuration that it was made with."
            )
    write_text(flag, "")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        verify_runs(snakemake.input.runs, snakemake.output[0], expected=snakemake.params.expected)

"""Outputs of orphaned jobs, which ended while no Snakemake was watching, are rebuilt.

Snakemake has no record of the settings that they were made with, and would consider them up to date forever, whatever
changes. Marked as incomplete, they are rebuilt (`rerun-incomplete`).
"""

from glob import glob

from snakemake.io import IOFile
from snakemake.persistence.file import FilePersistence


def recorded(output):
    """Whether Snakemake's record describes the current file, not an earlier one."""
    record = records.metadata(output)
    # A folder's date changes with every file added to it.
    return record is not None and (os.path.isdir(output) or record.endtime >= os.path.getmtime(output))


# Also on a dry run, which would otherwise not show these jobs. If there is a lock, another Snakemake may be watching,
# or its jobs may still be running.
if workflow.is_main_process and not glob(".snakemake/locks/*"):
    records = FilePersistence(nolock=True)
    begun = orphans.outputs_of_orphans(sorted(glob(".snakemake/log/*.snakemake.log")))
    there = [output for output in map(IOFile, sorted(begun)) if os.path.exists(output)]
    records.started(SimpleNamespace(output=[output for output in there if not recorded(output)]))

"""What an orphaned job made, one that ended while no Snakemake looked, is made again.

Snakemake has no record of the settings that it was made by, and would take it as up to date for ever, whatever
changes. Marked as incomplete, it is made again (`rerun-incomplete`).
"""

from glob import glob

from snakemake.io import IOFile
from snakemake.persistence.file import FilePersistence


def recorded(output):
    """Whether Snakemake's record is of the file that is there, and not of one that was there before."""
    record = records.metadata(output)
    # A folder gets another date with every file that comes into it.
    return record is not None and (os.path.isdir(output) or record.endtime >= os.path.getmtime(output))


# On a dry run too, which would otherwise not show these jobs. Where there is a lock, another Snakemake may look, or its
# jobs still run.
if workflow.is_main_process and not glob(".snakemake/locks/*"):
    records = FilePersistence(nolock=True)
    begun = orphans.outputs_of_orphans(sorted(glob(".snakemake/log/*.snakemake.log")))
    there = [output for output in map(IOFile, sorted(begun)) if os.path.exists(output)]
    records.started(SimpleNamespace(output=[output for output in there if not recorded(output)]))

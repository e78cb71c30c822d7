"""What Snakemake's records say about files that exist: it compares settings and code only where it has a record.

Outputs of orphaned jobs, which ended while no Snakemake was watching, would be considered up to date forever. Marked
as incomplete, they are rebuilt (`rerun-incomplete`). Other files without a record, such as a copied `data/`, are used
as they are, with a warning.
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
    strange = [
        path
        for path in map(IOFile, files_of_results())
        if os.path.exists(path) and path not in there and records.metadata(path) is None
    ]
    if strange:
        logger.warning(
            f"{len(strange)} existing files, such as {strange[0]}, were not made by Snakemake in this folder, so it "
            "cannot detect whether settings or code have changed since. They are used as they are; to rebuild them, "
            "delete them or run with --forceall."
        )

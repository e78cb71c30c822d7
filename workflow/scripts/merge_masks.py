"""Join the tables of a dataset's mask shards in the order of its index."""

from collections.abc import Sequence

from bgbias.errors import StudyError
from bgbias.files import read_rows, write_rows
from bgbias.index import read_index
from bgbias.logs import job_log
from bgbias.masks.tree import COLUMNS, FLAGS, flagged


def merge_masks(index: str, shards: Sequence[str], table: str) -> None:
    """Write one row per image. StudyError if the shards do not belong to this index."""
    rows = {row["path"]: row for shard in shards for row in read_rows(shard)}
    paths = read_index(index).paths
    strange = sorted(set(paths) ^ set(rows))
    if strange:
        place = "the index" if strange[0] in rows else "the tables"
        raise StudyError(
            f"The mask tables next to {shards[0]} do not match {index}: {strange[0]} is not in {place}. "
            "Delete their folder and run again."
        )
    merged = [rows[path] for path in paths]
    for flag in FLAGS:
        found = flagged(merged, flag)
        print(f"{flag} masks: {len(found)} of {len(merged)}", *found[:20], sep="\n  ")
    write_rows(table, merged, COLUMNS)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        merge_masks(snakemake.input.index, snakemake.input.shards, snakemake.output.table)

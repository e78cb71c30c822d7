"""Download and verify the published weights of a backbone, or verify those that the user placed."""

from pathlib import Path

from bgbias.configuration.keywords import TIMM
from bgbias.downloads.checksums import file_digest
from bgbias.downloads.fetching import obtain
from bgbias.downloads.sources import checksums, load_sources
from bgbias.files import write_rows
from bgbias.logs import job_log

COLUMNS = ["name", "bytes", "sha256"]


def download_weights(model: str, published: dict | None, path: str, receipt_path: str) -> None:
    """Ensure that ``path`` holds the weights of ``model``; its size and checksum go to ``receipt_path``.

    ``published``: the entry in resources/sources.yaml, None for a model of timm. The file is not an output of
    the rule: Snakemake would delete a hand-placed or partly downloaded one.
    """
    path = Path(path)
    if published is not None:
        by_hand = (
            f"Download {published['urls'][0]} by other means, put the file at {path} and run the same "
            f"command again, or name your own file as the weights of {model} in `backbones`."
        )
        obtain(path, published["urls"], published.get("bytes"), checksums(published), by_hand)
    elif not path.exists():
        save_timm_weights(model.removeprefix(TIMM), path)
    write_rows(
        receipt_path,
        [{"name": path.name, "bytes": path.stat().st_size, "sha256": file_digest(path)}],
        COLUMNS,
    )


def save_timm_weights(name: str, path: Path) -> None:
    """timm downloads from the Hugging Face Hub, which verifies the file; save it like all other weights."""
    from bgbias.models.backbones import timm_network
    from bgbias.models.weights import write_tensors

    write_tensors(path, timm_network(name, pretrained=True).state_dict())


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        given = snakemake.params
        published = load_sources(given.sources)["weights"].get(given.model)
        download_weights(given.model, published, given.path, snakemake.output.receipt)

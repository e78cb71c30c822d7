"""The list of published data (resources/sources.yaml): a dataset's archives and the layout to use."""

import os
from pathlib import Path

from bgbias.errors import StudyError


def load_sources(path: str | os.PathLike) -> dict[str, dict]:
    """The entries of the datasets, ``weights`` and ``study_backgrounds``, described in the file's header."""
    import yaml

    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(f"{path} cannot be read: {error}. Restore the file from the project.") from error


def available_layout(source: dict, folder: Path) -> list[dict]:
    """The archives of the layout to use: one complete in ``folder``, or else one that can be downloaded.

    If there is neither, StudyError states what to get by hand, from where, and where to put it.
    """
    layouts = source["layouts"]
    for layout in layouts:
        if all((folder / archive["name"]).exists() for archive in layout["archives"]):
            return layout["archives"]
    for layout in layouts:
        if all(archive.get("urls") or (folder / archive["name"]).exists() for archive in layout["archives"]):
            return layout["archives"]
    raise StudyError(f"{source['title']} cannot be downloaded automatically. {by_hand(source, folder)}")


def archive_identities(source: dict) -> list[list[dict]]:
    """What identifies the contents of each layout's archives, and where they are unpacked."""
    keys = ("name", "into", "bytes", "md5", "sha256")
    return [
        [{key: archive[key] for key in keys if key in archive} for archive in layout["archives"]]
        for layout in source["layouts"]
    ]


def by_hand(source: dict, folder: Path) -> str:
    """How to place each layout's archives in ``folder``."""
    ways = []
    for layout in source["layouts"]:
        names = " and ".join(archive["name"] for archive in layout["archives"])
        ways.append(f"{layout['instructions']} Put {names} into {folder}.")
    return f"{' '.join(ways)} Then rerun the command."


def checksums(archive: dict) -> dict[str, str]:
    """Algorithm -> digest, for those that the publisher provides."""
    return {name: archive[name] for name in ("sha256", "md5") if archive.get(name)}

"""Which versions of packages are installed: other ones may give other numbers."""

import importlib.metadata
from collections.abc import Iterable


def installed_versions(packages: Iterable[str]) -> dict[str, str | None]:
    """The version of each of ``packages``, by the name it is installed by, as the running Python would import
    it; None for one that is not installed."""
    return {package: _version(package) for package in packages}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None

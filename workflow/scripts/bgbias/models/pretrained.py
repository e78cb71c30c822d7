"""Published weights: in which file those of a backbone lie once the rule download_weights has seen to it."""

from bgbias.configuration.keywords import IMAGENET, TIMM
from bgbias.errors import StudyError

FOLDER = "data/weights"  # shared by all studies


def with_weights(settings: dict, published: dict[str, dict]) -> dict:
    """A backbone's settings (``model``, ``weights``, …) with ``weights: imagenet`` turned into a path.

    ``published``: the section ``weights`` of resources/sources.yaml. StudyError where nobody published any.
    """
    if settings.get("weights") != IMAGENET:
        return settings
    return {**settings, "weights": weights_path(settings["model"], published)}


def weights_path(model: str, published: dict[str, dict]) -> str:
    """Where the published weights of ``model`` are kept; StudyError when there are none."""
    if model.startswith(TIMM):
        return f"{FOLDER}/{model}.safetensors"
    if model not in published:
        raise StudyError(
            f"There are no published weights of the backbone {model}. In `backbones`, set its weights to "
            f"null or to a file; imagenet is for timm/<name> and what resources/sources.yaml lists under "
            f"`weights`: {', '.join(published)}."
        )
    return f"{FOLDER}/{published[model]['name']}"

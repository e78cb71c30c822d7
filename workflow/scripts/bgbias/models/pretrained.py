"""Published weights: the file that the rule download_weights puts a backbone's weights into."""

from bgbias.configuration.keywords import IMAGENET, TIMM
from bgbias.errors import StudyError

FOLDER = "data/weights"  # shared by all studies


def with_weights(settings: dict, published: dict[str, dict]) -> dict:
    """A backbone's settings (``model``, ``weights``, …) with ``weights: imagenet`` resolved to a path.

    ``published``: the section ``weights`` of resources/sources.yaml. StudyError if no weights are published.
    """
    if settings.get("weights") != IMAGENET:
        return settings
    return {**settings, "weights": weights_path(settings["model"], published)}


def weights_path(model: str, published: dict[str, dict]) -> str:
    """The path of the published weights of ``model``; StudyError if there are none."""
    if model.startswith(TIMM):
        return f"{FOLDER}/{model}.safetensors"
    if model not in published:
        raise StudyError(
            f"There are no published weights of the backbone {model}. In `backbones`, set its weights to "
            f"null or to a file; imagenet works for timm/<name> and for those listed under `weights` in "
            f"resources/sources.yaml: {', '.join(published)}."
        )
    return f"{FOLDER}/{published[model]['name']}"

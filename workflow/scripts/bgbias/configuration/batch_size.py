"""Check that the batch size fits ``images_per_class`` and the number of training classes."""

from bgbias.errors import StudyError


def check_batch_size(batch_size: int, images_per_class: int, classes: int) -> None:
    """Raise StudyError if no batch can be drawn from ``classes`` training classes."""
    if batch_size % images_per_class:
        raise StudyError(
            f"training.batch_size {batch_size} is not a multiple of the loss's images_per_class, "
            f"{images_per_class}: change one of them."
        )
    if batch_size > images_per_class * classes:
        raise StudyError(
            f"training.batch_size {batch_size} needs {batch_size // images_per_class} training classes with "
            f"images_per_class {images_per_class}, but the dataset has {classes}: lower batch_size to "
            f"{images_per_class * classes} or less, or raise images_per_class."
        )

"""Generated photographs of cars, birds and products whose backgrounds deliberately correlate with classes."""

from bgbias.demo_world.dataset import INDEX_COLUMNS, make_backgrounds, make_dataset

__all__ = ["INDEX_COLUMNS", "make_backgrounds", "make_dataset"]

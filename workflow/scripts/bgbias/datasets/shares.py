"""Splitting classes by shares, for data that do not say which class belongs to which split."""

from bgbias.errors import StudyError
from bgbias.index import SPLITS
from bgbias.randomness import integer_seed

# ASSUME: as in the paper's datasets, half of the classes are test and a quarter of the rest validation.
SHARES = {"train": 0.375, "val": 0.125, "test": 0.5}


def split_classes(names: list[str], shares: dict[str, float], seed: int) -> dict[str, str]:
    """Assign each class to a split: shuffled with ``seed``, train and val get rounded shares, test the rest.

    If classes are added or removed, all but a few of the others stay in their split. Every split gets at
    least two classes; StudyError if there are too few, or if the shares do not add up.
    """
    if set(shares) != set(SPLITS) or min(shares.values()) <= 0 or abs(sum(shares.values()) - 1) > 1e-6:
        raise StudyError(
            f"splits must give train, val and test each a share above 0, 1 in total; found {shares}."
        )
    if len(names) < 2 * len(SPLITS):
        raise StudyError(
            f"{len(names)} classes cannot be split into train, val and test; each needs two, 6 in total. If "
            "nothing is to be trained, set the dataset's test_only: true."
        )
    # Sorted by a number derived from each name, so that one class more or less moves hardly any other.
    order = sorted(names, key=lambda name: integer_seed(seed, f"split of the class {name}"))
    n_train = min(max(2, round(shares["train"] * len(order))), len(order) - 4)
    n_val = min(max(2, round(shares["val"] * len(order))), len(order) - n_train - 2)
    bounds = {
        "train": order[:n_train],
        "val": order[n_train : n_train + n_val],
        "test": order[n_train + n_val :],
    }
    return {name: split for split, members in bounds.items() for name in members}

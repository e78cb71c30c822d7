"""Randomness as a pure function of (seed, purpose, index), independent of any generator's state."""

import zlib

import numpy as np


def generator(seed: int, purpose: str, *index: int) -> np.random.Generator:
    """A new numpy generator that depends only on the arguments.

    ``purpose`` separates streams that share a seed ("crop", "background", …); ``index`` is the step, image
    or draw. A resumed run gets the same numbers for step 1,000 as the first run.
    """
    return np.random.Generator(np.random.PCG64(_sequence(seed, purpose, index)))


def integer_seed(seed: int, purpose: str, *index: int) -> int:
    """A seed in [0, 2**63) with the same contract, for generators that take one integer (torch, random)."""
    return int(_sequence(seed, purpose, index).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _sequence(seed: int, purpose: str, index: tuple[int, ...]) -> np.random.SeedSequence:
    # CRC-32 instead of hash(), which Python salts differently in every process.
    return np.random.SeedSequence([int(seed), zlib.crc32(purpose.encode()), *map(int, index)])

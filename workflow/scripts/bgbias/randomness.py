"""Randomness as a pure function of (seed, purpose, index): nothing depends on the state of a generator."""

import zlib

import numpy as np


def generator(seed: int, purpose: str, *index: int) -> np.random.Generator:
    """A fresh numpy generator that depends on its arguments only.

    ``purpose`` keeps streams apart that share a seed ("crop", "background", …); ``index`` is the step, the
    image or the draw. A resumed run that asks again for step 1,000 gets what the first run got.
    """
    return np.random.Generator(np.random.PCG64(_sequence(seed, purpose, index)))


def integer_seed(seed: int, purpose: str, *index: int) -> int:
    """A seed in [0, 2**63) with the same contract, for generators that take one integer (torch, random)."""
    return int(_sequence(seed, purpose, index).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _sequence(seed: int, purpose: str, index: tuple[int, ...]) -> np.random.SeedSequence:
    # CRC-32 rather than hash(): Python salts the hash of a string in every process.
    return np.random.SeedSequence([int(seed), zlib.crc32(purpose.encode()), *map(int, index)])

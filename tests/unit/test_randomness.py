"""What is drawn depends on (seed, purpose, index) alone: not on the process, not on what came before."""

import random

import numpy as np
import torch

from bgbias.randomness import generator, integer_seed


def test_the_numbers_stay_what_they_were():
    # Printed by two processes with differently salted hashes. Other numbers here are another demo, other
    # backgrounds in every swapped test, and results that no longer agree with published ones.
    assert generator(0, "crop", 1).bit_generator.random_raw() == 14384323448896399321
    assert integer_seed(0, "crop", 1) == 6299479589616005343


def test_seed_purpose_and_index_each_make_another_stream():
    arguments = [(0, "crop", 1), (1, "crop", 1), (0, "background", 1), (0, "crop", 2), (0, "crop", 1, 1)]
    assert len({tuple(generator(*given).random(4)) for given in arguments}) == len(arguments)
    assert len({integer_seed(*given) for given in arguments}) == len(arguments)


def test_nothing_that_was_drawn_before_matters_and_nothing_else_is_disturbed():
    before = np.random.get_state()[1].tolist(), random.getstate(), torch.get_rng_state().tolist()
    first = generator(3, "flip", 7).random(5)
    generator(3, "flip", 6).random(1000)
    assert (generator(3, "flip", 7).random(5) == first).all()
    assert (np.random.get_state()[1].tolist(), random.getstate(), torch.get_rng_state().tolist()) == before


def test_an_integer_seed_is_one_for_torch():
    seeds = [integer_seed(seed, "network", 0) for seed in range(100)]
    assert all(0 <= seed < 2**63 for seed in seeds)
    torch.Generator().manual_seed(max(seeds))

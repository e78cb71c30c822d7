"""Working ahead: in order, only so far, in other threads, and an error where it belongs."""

import threading
import time

import pytest

from bgbias.errors import StudyError
from bgbias.prefetching import prefetch


def test_prefetch_keeps_the_order_and_works_ahead():
    made = []

    def make(item):
        made.append(item)
        return item * item, threading.current_thread() is threading.main_thread()

    results = prefetch(make, range(10), depth=3)
    assert next(results) == (0, False)
    time.sleep(0.2)
    assert len(made) in (3, 4)  # the one taken and at most three ahead
    assert [value for value, _ in results] == [item * item for item in range(1, 10)]


def test_prefetch_raises_where_the_item_fails_and_stops():
    made = []

    def make(item):
        made.append(item)
        if item == 2:
            raise StudyError("the third is broken")
        return item

    results = prefetch(make, range(100), depth=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(StudyError, match="third"):
        next(results)
    assert len(made) < 10

"""Prefetching in background threads while the caller works on earlier items."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(
    make: Callable[[Item], Result], items: Iterable[Item], depth: int = 2, threads: int = 1
) -> Iterator[Result]:
    """Yield ``make(item)`` for each item, in order, computing at most ``depth`` of them ahead of the caller.

    Threads suffice, because decoding, resizing and tensor operations release the GIL. An exception in
    ``make`` is raised at the item that caused it. Leaving the loop early cancels work that has not started.
    """
    items = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque(pool.submit(make, item) for item in islice(items, max(depth, threads)))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(make, item) for item in islice(items, 1))
                yield result
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

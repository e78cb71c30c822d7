"""Working ahead in background threads while the caller is busy with what came before."""

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
    """Yield ``make(item)`` for each item, in order, at most ``depth`` of them made ahead of the caller.

    Threads are enough: decoding, resizing and tensor work release Python's lock. An exception in ``make`` is
    raised at the item that caused it. Leaving the loop early stops the work that has not begun.
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

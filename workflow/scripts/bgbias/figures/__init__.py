"""One figure a file, each a function from arrays or rows to a matplotlib figure, and what they share:
``style``, ``tiles``, ``titles`` and ``pictures``."""

"""One figure per file, each a function from arrays or rows to a matplotlib figure; the shared parts are in
``style``, ``tiles``, ``titles`` and ``pictures``."""

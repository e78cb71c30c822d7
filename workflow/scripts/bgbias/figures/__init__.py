"""One figure a file, each a function from arrays or rows to a matplotlib figure; all share ``style``."""

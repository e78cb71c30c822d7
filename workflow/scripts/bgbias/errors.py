"""The one exception for mistakes that the user can fix, and what it quotes of other libraries'."""


class StudyError(Exception):
    """Something in the user's input or surroundings is wrong.

    The message is one clear sentence or two for the person at the keyboard: what is wrong, where (file, row,
    key), and what to do about it. Scripts print it without a traceback and end with status 1.
    """


def first_line(error: Exception) -> str:
    """The first line of what a library said, without a full stop: to stand in a sentence of ours."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".!")

"""The exception for errors that the user can fix."""


class StudyError(Exception):
    """Something in the user's input or environment is wrong.

    The message tells the user in one or two sentences what is wrong, where (file, row, key), and what to do
    about it. Scripts print it without a traceback and exit with status 1.
    """


def first_line(error: Exception) -> str:
    """First line of a library's error message, without a full stop, to be quoted within a sentence."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".!")

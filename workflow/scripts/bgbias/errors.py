"""The one exception for mistakes that the user can fix."""


class StudyError(Exception):
    """Something in the user's input or surroundings is wrong.

    The message is one clear sentence or two for the person at the keyboard: what is wrong, where (file, row,
    key), and what to do about it. Scripts print it without a traceback and end with status 1.
    """

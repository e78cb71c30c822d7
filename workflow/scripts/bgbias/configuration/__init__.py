"""The configuration of a study: validation, and expansion into training runs."""

"""Foreground masks: creation, storage and quality."""

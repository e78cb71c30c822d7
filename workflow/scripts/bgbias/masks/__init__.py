"""Foreground masks: made, and judged."""

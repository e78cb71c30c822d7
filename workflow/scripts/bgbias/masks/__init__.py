"""Foreground masks: made, kept in a tree, and judged."""

"""Embedding images of the test and of the validation, and exact retrieval among them."""

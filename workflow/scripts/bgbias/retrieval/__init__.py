"""Embedding the test images, and exact retrieval among them."""

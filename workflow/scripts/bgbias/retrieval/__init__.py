"""Embedding test and validation images, and exact retrieval among them."""

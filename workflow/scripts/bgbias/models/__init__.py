"""Networks: backbones by name, their weights, and the embedding on top."""

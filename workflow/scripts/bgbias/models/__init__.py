"""Networks: backbones by name, their weights, and the embedding layer on top."""

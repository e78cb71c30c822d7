"""From packed pixels to batches on the device: cut, resized, composited, normalised."""

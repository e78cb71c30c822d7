"""From packed pixels to batches on the device: crop, resize, composite, normalise."""

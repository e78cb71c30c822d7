"""From image files to batches on the device: found, decoded, packed, cut, composited, normalised."""

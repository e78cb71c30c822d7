"""Published files: listed, fetched, checked, unpacked."""

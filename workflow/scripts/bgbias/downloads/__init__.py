"""Published files: listing, downloading, verifying and unpacking."""

"""Training one run, and what it goes on from when it was interrupted."""

"""Training one run, and the checkpoint that an interrupted training resumes from."""

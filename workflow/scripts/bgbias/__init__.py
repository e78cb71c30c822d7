"""Background bias in deep metric learning: the library behind the workflow.

Plain Python that knows nothing of Snakemake. Nothing is imported here, so that a job pays only for the
modules that it uses.
"""

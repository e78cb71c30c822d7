"""Background bias in deep metric learning: the library behind the workflow.

A package per stage, in the order of the data: ``configuration``, ``downloads``, ``datasets`` (or the drawn
``demo_world``), ``masks``, ``input_pipeline``, ``models``, ``training``, ``retrieval``, ``attribution``,
``results``, ``figures``; ``forecasting`` says beforehand what all that will cost. What they stand on lies
beside them: the index of a dataset, the record of a run, files, logs, errors, devices, randomness, and what
decides about reruns.

Plain Python that knows nothing of Snakemake. Nothing is imported here or in the packages of stages, so that a
job pays only for the modules that it uses.
"""

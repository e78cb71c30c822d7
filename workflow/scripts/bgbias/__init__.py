"""Background bias in deep metric learning: the library behind the workflow.

A package per stage, in the order of the data: ``configuration``, ``downloads``, ``datasets`` (or the drawn
``demo_world``), ``masks``, ``input_pipeline``, ``models``, ``retrieval`` (validation retrieves as well),
``training``, ``attribution``, ``results``, ``figures``; ``forecasting`` says beforehand what it will cost.
What they stand on lies beside them, modules that import no stage; and ``preflight``, which looks at the
user's files before anything is made of them.

Plain Python that knows nothing of Snakemake. Nothing is imported here, nor in packages whose modules are used
one by one, so that a job pays only for those that it uses.
"""

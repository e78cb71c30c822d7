"""Background bias in deep metric learning: the library behind the workflow.

One package per stage, in the order of the data: ``configuration``, ``downloads``, ``datasets`` (or the
generated ``demo_world``), ``masks``, ``input_pipeline``, ``models``, ``retrieval`` (also used for
validation), ``training``, ``attribution``, ``results``, ``figures``; ``forecasting`` estimates the cost in
advance. Next to them are modules shared by all stages, which import no stage, and ``preflight``, which checks
the user's files before anything is computed from them.

Plain Python, independent of Snakemake. Nothing is imported here, nor in packages whose modules are used
one by one, so that a job loads only what it uses.
"""

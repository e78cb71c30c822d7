"""A full disk is reported before anything else: later, nothing can be written to it, not even Snakemake's own log."""

import logging
import os
import shutil

from snakemake.exceptions import WorkflowError

if shutil.disk_usage(".").free < 2**20:
    logging.raiseExceptions = False  # logging would print long tracebacks on the screen
    raise WorkflowError(f"The disk of {os.path.basename(os.getcwd())} is full. Make room, then run again.")

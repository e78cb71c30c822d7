"""A full disk, said before anything else: later, nothing on it can be written, Snakemake's own log included."""

import logging
import os
import shutil

from snakemake.exceptions import WorkflowError

if shutil.disk_usage(".").free < 2**20:
    logging.raiseExceptions = False  # the log would say so at length, on the screen
    raise WorkflowError(f"The disk of {os.path.basename(os.getcwd())} is full. Make room, then run again.")

"""Background bias in deep metric learning: from raw photographs to the study's tables, figures and report."""

from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.17")  # records.smk reads Snakemake's records

if not Path(workflow.basedir).samefile(Path.cwd()):
    raise WorkflowError(f"Run snakemake in the project's folder: cd {workflow.basedir}")


include: "workflow/rules/disk.smk"


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/targets.smk"
include: "workflow/rules/records.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/masks.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/attribute.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


report: "workflow/report/workflow.rst"


rule all:
    """Everything: the report, and all tables and figures as files."""
    default_target: True
    input:
        rules.report.input,


onstart:
    check_gpu()
    check_touched()


onerror:
    print(failures.report(log))


onsuccess:
    remove_leftovers()
    if made_since(STARTED, f"{RESULTS}/report.html"):
        print(f"The report: {RESULTS}/report.html")

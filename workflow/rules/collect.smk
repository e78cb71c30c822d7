"""The measurements of all runs, one table each, after checking that every run used the current settings."""


rule verify_runs:
    input:
        runs=of_runs(f"{RUN}/run.yaml"),
        accepted=expand(f"{RESULTS}/masks_accepted/{{dataset}}", dataset=DATASETS),
    output:
        f"{RESULTS}/runs_verified",
    log:
        f"{RESULTS}/logs/verify_runs.log",
    conda:
        "../../envs/tables.yaml"
    params:
        code=hash_script("verify_runs.py"),
        expected=settings_of_runs(),
    script:
        "../scripts/verify_runs.py"


rule collect_retrieval:
    input:
        tables=of_runs(f"{RUN}/retrieval.csv"),
        verified=f"{RESULTS}/runs_verified",
    output:
        f"{RESULTS}/retrieval.csv",
    log:
        f"{RESULTS}/logs/collect_retrieval.log",
    conda:
        "../../envs/tables.yaml"
    params:
        code=hash_script("collect_rows.py"),
        # It determines the order of rows; Snakemake compares sorted inputs and would miss that.
        grid=in_order(config["grid"]),
    script:
        "../scripts/collect_rows.py"


use rule collect_retrieval as collect_attention with:
    input:
        tables=of_runs(f"{RUN}/attention.csv"),
        verified=f"{RESULTS}/runs_verified",
    output:
        f"{RESULTS}/attention.csv",
    log:
        f"{RESULTS}/logs/collect_attention.log",


use rule collect_retrieval as collect_mask_quality with:
    input:
        tables=expand("data/{dataset}/mask_quality.csv", dataset=DATASETS),
    output:
        f"{RESULTS}/mask_quality.csv",
    log:
        f"{RESULTS}/logs/collect_mask_quality.log",
    params:
        grid=DATASETS,

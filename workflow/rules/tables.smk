"""The tables of the study as LaTeX, CSV and Markdown; next to published numbers if there are any."""


rule tables:
    """The tables as LaTeX, CSV and Markdown."""
    input:
        files_of_results(),
        expand(f"{RESULTS}/tables/{{table}}.{{form}}", table=TABLES, form=("tex", "csv", "md")),
        expand(f"{RESULTS}/tables/published_{{table}}.{{form}}", table=COMPARED, form=("tex", "csv", "md")),


rule tabulate_retrieval:
    input:
        results=f"{RESULTS}/retrieval.csv",
    output:
        **table("retrieval", "retrieval_table"),
    log:
        f"{RESULTS}/logs/tabulate_retrieval.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("tabulate_retrieval.py"),
    script:
        "../scripts/tabulate_retrieval.py"


rule tabulate_attention:
    input:
        results=f"{RESULTS}/attention.csv",
    output:
        **table("attention", "attention_table"),
    log:
        f"{RESULTS}/logs/tabulate_attention.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("tabulate_attention.py"),
        method=METHOD,
    script:
        "../scripts/tabulate_attention.py"


rule tabulate_mask_quality:
    input:
        results=f"{RESULTS}/mask_quality.csv",
    output:
        **table("mask_quality", "mask_quality_table"),
    log:
        f"{RESULTS}/logs/tabulate_mask_quality.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("tabulate_mask_quality.py"),
    script:
        "../scripts/tabulate_mask_quality.py"


rule tabulate_published:
    input:
        published="resources/published/{kind}.csv",
        results=f"{RESULTS}/{{kind}}.csv",
    output:
        **table("published_{kind}", "published_table"),
    log:
        f"{RESULTS}/logs/tabulate_published_{{kind}}.log",
    wildcard_constraints:
        kind=any_of(TABLES),
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("tabulate_published.py"),
        kind="{kind}",
        datasets=COMPARED_DATASETS,
    script:
        "../scripts/tabulate_published.py"

"""The tables of the study, for LaTeX, for programs and for people; beside published numbers where there are any."""


rule tables:
    input:
        files_of_results(),
        expand(f"{RESULTS}/tables/{{table}}.{{form}}", table=TABLES, form=("tex", "csv", "md")),
        expand(f"{RESULTS}/tables/published_{{table}}.{{form}}", table=COMPARED, form=("tex", "csv", "md")),


rule tabulate_retrieval:
    output:
        **table("retrieval", "retrieval_table"),
    input:
        results=f"{RESULTS}/retrieval.csv",
    params:
        code=hash_script("tabulate_retrieval.py"),
    log:
        f"{RESULTS}/logs/tabulate_retrieval.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/tabulate_retrieval.py"


rule tabulate_attention:
    output:
        **table("attention", "attention_table"),
    input:
        results=f"{RESULTS}/attention.csv",
    params:
        code=hash_script("tabulate_attention.py"),
        method=METHOD,
    log:
        f"{RESULTS}/logs/tabulate_attention.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/tabulate_attention.py"


rule tabulate_mask_quality:
    output:
        **table("mask_quality", "mask_quality_table"),
    input:
        results=f"{RESULTS}/mask_quality.csv",
    params:
        code=hash_script("tabulate_mask_quality.py"),
    log:
        f"{RESULTS}/logs/tabulate_mask_quality.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/tabulate_mask_quality.py"


rule tabulate_published:
    output:
        **table("published_{kind}", "published_table"),
    input:
        published="resources/published/{kind}.csv",
        results=f"{RESULTS}/{{kind}}.csv",
    params:
        code=hash_script("tabulate_published.py"),
        kind="{kind}",
        datasets=COMPARED_DATASETS,
    wildcard_constraints:
        kind=any_of(TABLES),
    log:
        f"{RESULTS}/logs/tabulate_published_{{kind}}.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/tabulate_published.py"

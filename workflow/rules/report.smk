"""The report, one file that opens offline, and its provenance."""

from bgbias.configuration.settings_in_force import settings_in_force


rule report:
    """The HTML report, with all tables and figures."""
    input:
        rules.tables.input,
        rules.figures.input,
        expand("data/{dataset}/contents.json", dataset=DATASETS),
        f"{RESULTS}/provenance.json",
        f"{RESULTS}/report.html",


rule write_provenance:
    input:
        runs=of_runs(f"{RUN}/run.yaml"),
        environments=sorted(map(str, Path("envs").glob("*.yaml"))),
    output:
        f"{RESULTS}/provenance.json",
    log:
        f"{RESULTS}/logs/write_provenance.log",
    conda:
        "../../envs/tables.yaml"
    params:
        code_hashes=hash_every_script(),
        study=config["study"],
        expected=settings_of_runs(),
        settings=settings_in_force(config),
    script:
        "../scripts/write_provenance.py"


rule describe_dataset:
    input:
        **PIXELS,
        raw=raw_index,
        index="data/{dataset}/index.csv",
    output:
        contents="data/{dataset}/contents.json",
    log:
        "data/{dataset}/logs/describe_dataset.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("describe_dataset.py"),
        # Not an input, because it is not an output of index_dataset (see there). When it changes but the index does
        # not, what index_dataset reads has changed: `raw` or `images`.
        problems="data/{dataset}/problems.csv",
        images=listed_images,
    script:
        "../scripts/describe_dataset.py"


rule write_report:
    input:
        **{name: f"{RESULTS}/figures/{name}.png" for name in FIGURES_OF_THE_STUDY},
        **{name: expand(f"{RESULTS}/figures/{name}_{{dataset}}.png", dataset=DATASETS) for name in FIGURES_OF_A_DATASET},
        **{name: f"{RESULTS}/{name}.csv" for name in TABLES},
        contents=expand("data/{dataset}/contents.json", dataset=DATASETS),
        backgrounds=packed_backgrounds("test")["backgrounds"],
        published=expand("resources/published/{table}.csv", table=COMPARED),
        runs=of_runs(f"{RUN}/run.yaml"),
        provenance=f"{RESULTS}/provenance.json",
        template="workflow/report/report.html.j2",
    output:
        html=report(f"{RESULTS}/report.html", caption="../report/report.rst", category="Report"),
    log:
        f"{RESULTS}/logs/write_report.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("write_report.py"),
        figures=FIGURES_OF_THE_STUDY,
        figures_of_datasets=FIGURES_OF_A_DATASET,
        shown=[shown_runs(SimpleNamespace(dataset=dataset)) for dataset in DATASETS],
        tables=COMPARED,
        compared=COMPARED_DATASETS,
        method=METHOD,
        settings=settings_in_force(config),
    script:
        "../scripts/write_report.py"

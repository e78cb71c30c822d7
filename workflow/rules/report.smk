"""The report, one file that opens offline, and where all of it came from."""

from bgbias.configuration.settings_in_force import settings_in_force


rule report:
    input:
        rules.tables.input,
        rules.figures.input,
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


rule write_report:
    input:
        **{name: f"{RESULTS}/figures/{name}.png" for name in FIGURES_OF_THE_STUDY},
        **{name: expand(f"{RESULTS}/figures/{name}_{{dataset}}.png", dataset=DATASETS) for name in FIGURES_OF_A_DATASET},
        retrieval=f"{RESULTS}/retrieval.csv",
        attention=f"{RESULTS}/attention.csv",
        mask_quality=f"{RESULTS}/mask_quality.csv",
        raw=list(filter(None, (raw_index(SimpleNamespace(dataset=dataset)) for dataset in DATASETS))),
        layouts=expand("data/{dataset}/pixels/layout.csv", dataset=DATASETS),
        rgba=expand("data/{dataset}/pixels/rgba.bin", dataset=DATASETS),
        indices=expand("data/{dataset}/index.csv", dataset=DATASETS),
        backgrounds=packed_backgrounds("test")["backgrounds"],
        published=expand(f"{RESULTS}/tables/published_{{table}}.csv", table=COMPARED),
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
        datasets=DATASETS,
        shown=[shown_runs(dataset) for dataset in DATASETS],
        # Not inputs: they are no outputs of index_dataset, which says why. Where they change and no index does, they
        # follow what it reads: `raw`, and `images`.
        problems=expand("data/{dataset}/problems.csv", dataset=DATASETS),
        images=lambda wildcards: [listed_images(SimpleNamespace(dataset=dataset)) for dataset in DATASETS],
        compared=COMPARED,
        method=METHOD,
        study=config["study"],
        settings=settings_in_force(config),
    script:
        "../scripts/write_report.py"

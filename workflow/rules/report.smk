"""The report, one file that opens offline, and where all of it came from."""

from bgbias.configuration.settings_in_force import settings_in_force

# What the report shows of the published study, where the grid has a part of it.
PUBLISHED_BESIDE_MEASURED = {f"published_{kind}": f"{RESULTS}/tables/published_{kind}.csv" for kind in COMPARED}
if COMPARED:
    PUBLISHED_BESIDE_MEASURED["published_scatter"] = f"{RESULTS}/figures/published_scatter.png"


rule report:
    input:
        files_of_results(),
        rules.figures.input,
        f"{RESULTS}/provenance.json",
        f"{RESULTS}/report.html",


rule write_provenance:
    output:
        f"{RESULTS}/provenance.json",
    input:
        runs=of_runs(f"{RUN}/run.yaml"),
        environments=sorted(map(str, Path("envs").glob("*.yaml"))),
    params:
        code_hashes=hash_every_script(),
        study=config["study"],
        expected=settings_of_runs(),
        settings=settings_in_force(config),
    log:
        f"{RESULTS}/logs/write_provenance.log",
    conda:
        "../../envs/tables.yaml"
    script:
        "../scripts/write_provenance.py"


rule write_report:
    output:
        html=report(f"{RESULTS}/report.html", caption="../report/report.rst", category="Report"),
    input:
        **PUBLISHED_BESIDE_MEASURED,
        retrieval=f"{RESULTS}/retrieval.csv",
        attention=f"{RESULTS}/attention.csv",
        mask_quality=f"{RESULTS}/mask_quality.csv",
        runs=of_runs(f"{RUN}/run.yaml"),
        provenance=f"{RESULTS}/provenance.json",
        swap_chart=f"{RESULTS}/figures/swap_chart.png",
        training_curves=f"{RESULTS}/figures/training_curves.png",
        contact_sheets=expand(f"{RESULTS}/figures/contact_sheet_{{dataset}}.png", dataset=DATASETS),
        mask_examples=expand(f"{RESULTS}/figures/mask_examples_{{dataset}}.png", dataset=DATASETS),
        attribution_panels=expand(f"{RESULTS}/figures/attribution_panels_{{dataset}}.png", dataset=DATASETS),
        retrieval_galleries=expand(f"{RESULTS}/figures/retrieval_gallery_{{dataset}}.png", dataset=DATASETS),
        template="workflow/report/report.html.j2",
    params:
        code=hash_script("write_report.py"),
        method=METHOD,
        study=config["study"],
        datasets=DATASETS,
        settings=settings_in_force(config),
    log:
        f"{RESULTS}/logs/write_report.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/write_report.py"

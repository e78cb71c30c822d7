"""Tables, figures and the report: what a reader sees, from the numbers that the study measured."""

FIGURES_OF_THE_STUDY = ("swap_chart", "training_curves")
# The attribution method of panels, printed tables and sentences; attention.csv has them all.
METHODS = config["attribution"]["methods"]
METHOD = "study" if "study" in METHODS else METHODS[0]
FIGURES_OF_A_DATASET = ("contact_sheet", "mask_examples", "attribution_panels", "retrieval_gallery")


rule tables:
    input:
        files_of_results(),
        expand(f"{RESULTS}/tables/{{table}}.{{form}}", table=TABLES, form=("tex", "csv", "md")),
        expand(f"{RESULTS}/tables/published_{{table}}.{{form}}", table=COMPARED, form=("tex", "csv", "md")),


rule figures:
    input:
        files_of_results(),
        expand(f"{RESULTS}/figures/published_scatter.{{form}}", form=("png", "pdf")) if COMPARED else [],
        expand(f"{RESULTS}/figures/{{figure}}.{{form}}", figure=FIGURES_OF_THE_STUDY, form=("png", "pdf")),
        expand(
            f"{RESULTS}/figures/{{figure}}_{{dataset}}.{{form}}",
            figure=FIGURES_OF_A_DATASET,
            dataset=DATASETS,
            form=("png", "pdf"),
        ),


rule write_provenance:
    output:
        f"{RESULTS}/provenance.json",
    input:
        runs=of_runs(f"{RUN}/run.yaml"),
        environments=sorted(map(str, (WORKFLOW.parent / "envs").glob("*.yaml"))),
    params:
        code_hashes=hash_every_script(),
        study=config["study"],
        expected=settings_of_runs(),
        settings=study.settings_in_force(config),
    log:
        f"{RESULTS}/logs/write_provenance.log",
    conda:
        "../../envs/tables.yaml"
    script:
        "../scripts/write_provenance.py"


rule report:
    input:
        files_of_results(),
        rules.figures.input,
        f"{RESULTS}/provenance.json",
        f"{RESULTS}/report.html",


rule collect_mask_quality:
    output:
        f"{RESULTS}/mask_quality.csv",
    input:
        tables=expand("data/{dataset}/mask_quality.csv", dataset=DATASETS),
    params:
        code=hash_script("collect_rows.py"),
    log:
        f"{RESULTS}/logs/collect_mask_quality.log",
    conda:
        "../../envs/tables.yaml"
    script:
        "../scripts/collect_rows.py"


rule tabulate_retrieval:
    output:
        tex=f"{RESULTS}/tables/retrieval.tex",
        csv=f"{RESULTS}/tables/retrieval.csv",
        md=report(f"{RESULTS}/tables/retrieval.md", caption="../report/retrieval_table.rst", category="Tables"),
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
        tex=f"{RESULTS}/tables/attention.tex",
        csv=f"{RESULTS}/tables/attention.csv",
        md=report(f"{RESULTS}/tables/attention.md", caption="../report/attention_table.rst", category="Tables"),
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
        tex=f"{RESULTS}/tables/mask_quality.tex",
        csv=f"{RESULTS}/tables/mask_quality.csv",
        md=report(f"{RESULTS}/tables/mask_quality.md", caption="../report/mask_quality_table.rst", category="Tables"),
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


rule draw_contact_sheet:
    output:
        png=report(f"{RESULTS}/figures/contact_sheet_{{dataset}}.png", caption="../report/contact_sheet.rst", category="Data"),
        pdf=f"{RESULTS}/figures/contact_sheet_{{dataset}}.pdf",
    input:
        unpack(pixels),
        **packed_backgrounds("test"),
    params:
        code=hash_script("draw_contact_sheet.py"),
        dataset="{dataset}",
        shown=config["publish"]["contact_rows"],
    log:
        f"{RESULTS}/logs/draw_contact_sheet_{{dataset}}.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/draw_contact_sheet.py"


rule draw_mask_examples:
    output:
        png=report(f"{RESULTS}/figures/mask_examples_{{dataset}}.png", caption="../report/mask_examples.rst", category="Data"),
        pdf=f"{RESULTS}/figures/mask_examples_{{dataset}}.pdf",
    input:
        images="data/{dataset}/mask_quality_images.csv",
        index="data/{dataset}/index.csv",
    params:
        code=hash_script("draw_mask_examples.py"),
        dataset="{dataset}",
        shown=config["publish"]["mask_examples"],
        root=image_root,
        masks=mask_folder,
    log:
        f"{RESULTS}/logs/draw_mask_examples_{{dataset}}.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/draw_mask_examples.py"


rule draw_swap_chart:
    output:
        png=report(f"{RESULTS}/figures/swap_chart.png", caption="../report/swap_chart.rst", category="Results"),
        pdf=f"{RESULTS}/figures/swap_chart.pdf",
    input:
        results=f"{RESULTS}/retrieval.csv",
    params:
        code=hash_script("draw_swap_chart.py"),
    log:
        f"{RESULTS}/logs/draw_swap_chart.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/draw_swap_chart.py"


rule draw_training_curves:
    output:
        png=report(f"{RESULTS}/figures/training_curves.png", caption="../report/training_curves.rst", category="Results"),
        pdf=f"{RESULTS}/figures/training_curves.pdf",
    input:
        histories=of_runs(f"{RUN}/history.csv"),
    params:
        code=hash_script("draw_training_curves.py"),
        runs=RUNS,
    log:
        f"{RESULTS}/logs/draw_training_curves.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/draw_training_curves.py"


rule draw_attribution_panels:
    output:
        png=report(f"{RESULTS}/figures/attribution_panels_{{dataset}}.png", caption="../report/attribution_panels.rst", category="Results"),
        pdf=f"{RESULTS}/figures/attribution_panels_{{dataset}}.pdf",
    input:
        unpack(pixels),
        maps=files_of_shown_runs("attention_maps.npz"),
        images=files_of_shown_runs("attention_images.csv"),
    params:
        code=hash_script("draw_attribution_panels.py"),
        method=METHOD,
        runs=lambda wildcards: shown_runs(wildcards.dataset),
    log:
        f"{RESULTS}/logs/draw_attribution_panels_{{dataset}}.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/draw_attribution_panels.py"


rule draw_retrieval_gallery:
    output:
        png=report(f"{RESULTS}/figures/retrieval_gallery_{{dataset}}.png", caption="../report/retrieval_gallery.rst", category="Results"),
        pdf=f"{RESULTS}/figures/retrieval_gallery_{{dataset}}.pdf",
    input:
        unpack(pixels),
        **packed_backgrounds("test"),
        matches=files_of_shown_runs("matches.csv"),
    params:
        code=hash_script("draw_retrieval_gallery.py"),
        runs=lambda wildcards: shown_runs(wildcards.dataset),
        evaluation={key: config["evaluation"][key] for key in ("seed", "background_crop")},
        transform=EVALUATION_VIEW,
    log:
        f"{RESULTS}/logs/draw_retrieval_gallery_{{dataset}}.log",
    conda:
        "../../envs/models.yaml"
    script:
        "../scripts/draw_retrieval_gallery.py"


rule tabulate_published:
    output:
        tex=f"{RESULTS}/tables/published_{{kind}}.tex",
        csv=f"{RESULTS}/tables/published_{{kind}}.csv",
        md=report(f"{RESULTS}/tables/published_{{kind}}.md", caption="../report/published_table.rst", category="Tables"),
    input:
        published="resources/published/{kind}.csv",
        results=f"{RESULTS}/{{kind}}.csv",
    params:
        code=hash_script("tabulate_published.py"),
        kind="{kind}",
        datasets=PUBLISHED_DATASETS,
    wildcard_constraints:
        kind=any_of(TABLES),
    log:
        f"{RESULTS}/logs/tabulate_published_{{kind}}.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/tabulate_published.py"


rule draw_published_scatter:
    output:
        png=report(f"{RESULTS}/figures/published_scatter.png", caption="../report/published_scatter.rst", category="Results"),
        pdf=f"{RESULTS}/figures/published_scatter.pdf",
    input:
        retrieval=f"{RESULTS}/tables/published_retrieval.csv",
        attention=f"{RESULTS}/tables/published_attention.csv",
    params:
        code=hash_script("draw_published_scatter.py"),
    log:
        f"{RESULTS}/logs/draw_published_scatter.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/draw_published_scatter.py"


rule write_report:
    output:
        html=report(f"{RESULTS}/report.html", caption="../report/report.rst", category="Report"),
    input:
        unpack(published_beside_measured),
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
        template=str(WORKFLOW / "report" / "report.html.j2"),
    params:
        code=hash_script("write_report.py"),
        method=METHOD,
        study=config["study"],
        datasets=DATASETS,
        settings=study.settings_in_force(config),
    log:
        f"{RESULTS}/logs/write_report.log",
    conda:
        "../../envs/publish.yaml"
    script:
        "../scripts/write_report.py"

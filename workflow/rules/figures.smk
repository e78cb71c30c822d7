"""The figures: of the data, of the results, and of what individual models attend to."""

# All of them are in the report.
FIGURES_OF_THE_STUDY = (
    "swap_chart",
    *(["training_curves"] if config["grid"]["loss"] else []),
    *(["published_scatter"] if "retrieval" in COMPARED else []),
)
FIGURES_OF_A_DATASET = (
    "contact_sheet",
    "mask_examples",
    *(["attribution_panels"] if METHOD else []),
    "retrieval_gallery",
)


rule figures:
    """The figures as PNG and PDF."""
    input:
        files_of_results(),
        matches_of_shown_runs(),
        expand(f"{RESULTS}/figures/{{figure}}.{{form}}", figure=FIGURES_OF_THE_STUDY, form=("png", "pdf")),
        expand(
            f"{RESULTS}/figures/{{figure}}_{{dataset}}.{{form}}",
            figure=FIGURES_OF_A_DATASET,
            dataset=DATASETS,
            form=("png", "pdf"),
        ),


rule draw_contact_sheet:
    input:
        **PIXELS,
        **packed_backgrounds("test"),
    output:
        **figure("contact_sheet_{dataset}", "Data"),
    log:
        f"{RESULTS}/logs/draw_contact_sheet_{{dataset}}.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("draw_contact_sheet.py"),
        dataset="{dataset}",
        shown=config["publish"]["contact_rows"],
    script:
        "../scripts/draw_contact_sheet.py"


rule draw_mask_examples:
    input:
        images="data/{dataset}/mask_quality_images.csv",
        index="data/{dataset}/index.csv",
        table="data/{dataset}/masks.csv",
    output:
        **figure("mask_examples_{dataset}", "Data"),
    log:
        f"{RESULTS}/logs/draw_mask_examples_{{dataset}}.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("draw_mask_examples.py"),
        dataset="{dataset}",
        shown=config["publish"]["mask_examples"],
        root=image_root,
        masks=mask_folder,
    script:
        "../scripts/draw_mask_examples.py"


rule draw_swap_chart:
    input:
        results=f"{RESULTS}/retrieval.csv",
    output:
        **figure("swap_chart", "Results"),
    log:
        f"{RESULTS}/logs/draw_swap_chart.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("draw_swap_chart.py"),
    script:
        "../scripts/draw_swap_chart.py"


rule draw_training_curves:
    input:
        histories=of_runs(f"{RUN}/history.csv", axes.trained(RUNS)),
    output:
        **figure("training_curves", "Results"),
    log:
        f"{RESULTS}/logs/draw_training_curves.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("draw_training_curves.py"),
        runs=axes.trained(RUNS),
    script:
        "../scripts/draw_training_curves.py"


rule draw_attribution_panels:
    input:
        **PIXELS,
        maps=files_of_shown_runs("attention_maps.npz"),
        images=files_of_shown_runs("attention_images.csv"),
    output:
        **figure("attribution_panels_{dataset}", "Results"),
    log:
        f"{RESULTS}/logs/draw_attribution_panels_{{dataset}}.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("draw_attribution_panels.py"),
        method=METHOD,
        shown=config["publish"]["panels"],
        runs=shown_runs,
        several_seeds=len(config["grid"]["seed"]) > 1,
    script:
        "../scripts/draw_attribution_panels.py"


rule draw_retrieval_gallery:
    input:
        **PIXELS,
        **packed_backgrounds("test"),
        matches=files_of_shown_runs("matches.csv"),
    output:
        **figure("retrieval_gallery_{dataset}", "Results"),
    log:
        f"{RESULTS}/logs/draw_retrieval_gallery_{{dataset}}.log",
    conda:
        "../../envs/models.yaml"
    params:
        code=hash_script("draw_retrieval_gallery.py"),
        runs=shown_runs,
        several_seeds=len(config["grid"]["seed"]) > 1,
        evaluation={key: config["evaluation"][key] for key in ("seed", "background_crop")},
        transform=EVALUATION_VIEW,
        gallery_draws=gallery_draws,
    script:
        "../scripts/draw_retrieval_gallery.py"


rule draw_published_scatter:
    input:
        **({"attention": f"{RESULTS}/tables/published_attention.csv"} if "attention" in COMPARED else {}),
        retrieval=f"{RESULTS}/tables/published_retrieval.csv",
    output:
        **figure("published_scatter", "Results"),
    log:
        f"{RESULTS}/logs/draw_published_scatter.log",
    conda:
        "../../envs/publish.yaml"
    params:
        code=hash_script("draw_published_scatter.py"),
    script:
        "../scripts/draw_published_scatter.py"

"""Attribution: how much of a model's attention lies on the object."""


rule attribute:
    """Attention scores of all models."""
    input:
        files_of_attribution(),


rule attribute_images:
    input:
        **PIXELS,
        model=f"{RUN}/model.safetensors",
        run=f"{RUN}/run.yaml",
    output:
        attention=f"{RUN}/attention.csv",
        images=f"{RUN}/attention_images.csv",
        maps=f"{RUN}/attention_maps.npz",
    log:
        f"{RESULTS}/logs/attribute_images/{RUN_NAME}.log",
    benchmark:
        f"{RESULTS}/benchmarks/attribute_images/{RUN_NAME}.tsv"
    conda:
        "../../envs/models.yaml"
    threads: 1
    resources:
        gpu=GPU,
        batch_size=config["attribution"].get("batch_size", 0),  # not a parameter, as in embed_images
        mem_mb=growing(4000, per_input_mb=1),
        runtime=growing(240),
    params:
        code=hash_script("attribute_images.py"),
        quality="data/{dataset}/mask_quality.csv",
        run=run_identity,
        settings=attribution_settings(),
        size=config["transform"]["eval_size"],
        labels=hand_labels,
        device=config["device"],
    script:
        "../scripts/attribute_images.py"

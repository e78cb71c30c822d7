"""The models: one training per dataset, backbone, loss, variant and seed, and backbones without training."""


rule train:
    """The models."""
    input:
        files_of_training(),


rule download_weights:
    output:
        receipt=f"{pretrained.FOLDER}/{{model}}.csv",
    log:
        f"{pretrained.FOLDER}/logs/{{model}}.log",
    conda:
        "../../envs/models.yaml"
    resources:
        downloads=1,
        runtime=growing(120),
    params:
        # Neither a fingerprint of the code nor addresses: the checksum identifies the file, and a new receipt would
        # retrain every model. The script reads the checksum from the list; here it makes the job rerun if it changes.
        model="{model}",
        checksum=lambda wildcards: DOWNLOADS["weights"].get(wildcards.model, {}).get("sha256"),
        sources=DOWNLOADS_FILE,
        path=lambda wildcards: pretrained.weights_path(wildcards.model, DOWNLOADS["weights"]),
    script:
        "../scripts/download_weights.py"


rule train_model:
    input:
        unpack(training_backgrounds),
        **PIXELS,
        weights=published_weights,
    output:
        model=f"{RUN}/model.safetensors",
        history=f"{RUN}/history.csv",
        run=f"{RUN}/run.yaml",
    log:
        f"{RESULTS}/logs/train_model/{RUN_NAME}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_model/{RUN_NAME}.tsv"
    wildcard_constraints:
        loss=any_of(config["losses"]),
    conda:
        "../../envs/models.yaml"
    threads: 1
    resources:
        gpu=GPU,
        # Packed pixels are memory-mapped, and some clusters count the pages that were read.
        mem_mb=growing(4000, per_input_mb=1),
        runtime=training_minutes,
    params:
        code=hash_script("train_model.py"),
        run=run_identity,
        settings=training_settings,
        given=given_weights,
        quality="data/{dataset}/mask_quality.csv",
        device=config["device"],
        # Not an output: Snakemake deletes the outputs of a job when it starts and when it fails.
        checkpoint=f"{RUN}/checkpoint",
    script:
        "../scripts/train_model.py"


rule save_frozen_model:
    input:
        weights=published_weights,
    output:
        model=f"{RUN}/model.safetensors",
        run=f"{RUN}/run.yaml",
    log:
        f"{RESULTS}/logs/save_frozen_model/{RUN_NAME}.log",
    wildcard_constraints:
        loss=axes.FROZEN,
    priority: 2  # fail on an invalid model file before spending time on masks
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(15),
    params:
        code=hash_script("save_frozen_model.py"),
        run=run_identity,
        settings=frozen_settings,
        size=config["transform"]["eval_size"],
        given=given_weights,
    script:
        "../scripts/save_frozen_model.py"

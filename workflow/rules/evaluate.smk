"""Background-swap evaluation: embeddings are computed once per run; metrics and examples are derived from them."""


rule evaluate:
    """Retrieval, clean and with swapped backgrounds, of all models."""
    input:
        files_of_evaluation(),


rule embed_images:
    input:
        **PIXELS,
        **packed_backgrounds("test"),
        model=f"{RUN}/model.safetensors",
        run=f"{RUN}/run.yaml",
    output:
        embeddings=f"{RUN}/embeddings.npz",
    log:
        f"{RESULTS}/logs/embed_images/{RUN_NAME}.log",
    benchmark:
        f"{RESULTS}/benchmarks/embed_images/{RUN_NAME}.tsv"
    conda:
        "../../envs/models.yaml"
    threads: 1
    resources:
        gpu=GPU,
        # Not a parameter: it changes the last digit at most, which is no reason to rerun. 0: chosen by image size.
        batch_size=config["evaluation"].get("batch_size", 0),
        mem_mb=growing(4000, per_input_mb=1),
        runtime=growing(120),
    params:
        code=hash_script("embed_images.py"),
        quality="data/{dataset}/mask_quality.csv",
        evaluation={key: config["evaluation"][key] for key in ("draws", "seed", "background_crop")},
        transform=EVALUATION_VIEW,
        device=config["device"],
    script:
        "../scripts/embed_images.py"


rule measure_retrieval:
    input:
        embeddings=f"{RUN}/embeddings.npz",
        layout=PIXELS["layout"],
    output:
        retrieval=f"{RUN}/retrieval.csv",
        images=f"{RUN}/retrieval_images.csv",
    log:
        f"{RESULTS}/logs/measure_retrieval/{RUN_NAME}.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure_retrieval/{RUN_NAME}.tsv"
    conda:
        "../../envs/models.yaml"
    threads: 1
    resources:
        gpu=1 if config["evaluation"]["search_device"] == "cuda" else 0,
        mem_mb=growing(2000 + config["evaluation"]["search_memory_mb"]),
        search_mb=config["evaluation"]["search_memory_mb"],  # not a parameter either
        runtime=growing(15 * (1 + len(config["evaluation"]["one_sided"]))),
    params:
        code=hash_script("measure_retrieval.py"),
        run=run_identity,
        ks=config["evaluation"]["recall_at"],
        seed=config["evaluation"]["seed"],
        gallery_draws=gallery_draws,
        one_sided=sorted(config["evaluation"]["one_sided"]),
        search_device=config["evaluation"]["search_device"],
    script:
        "../scripts/measure_retrieval.py"


rule find_matches:
    input:
        embeddings=f"{RUN}/embeddings.npz",
    output:
        matches=f"{RUN}/matches.csv",
    log:
        f"{RESULTS}/logs/find_matches/{RUN_NAME}.log",
    conda:
        "../../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(5),
    params:
        code=hash_script("find_matches.py"),
        shown=config["publish"]["gallery_queries"],
        seed=config["evaluation"]["seed"],
        gallery_draws=gallery_draws,
    script:
        "../scripts/find_matches.py"

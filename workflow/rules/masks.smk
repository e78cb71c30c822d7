"""Foreground masks by rembg, their check against hand labels, and what training reads: packed pixels.

`on_bad_image` and the limits on masks are no parameters of what data are made by: they say whether a job may go on, and
change nothing of what it makes. `accept_masks`, which each study has, holds what is there to them.
"""


rule masks:
    input:
        files_of_masks(),


rule mask_quality:
    input:
        files_of_mask_quality(),


rule mask_images:
    output:
        table="data/{dataset}/mask_shards/{shard}.csv",
    input:
        index="data/{dataset}/index.csv",
        weights=masker_weights,
    params:
        code=hash_script("mask_images.py"),
        root=image_root,
        masks=mask_folder,
        masker=masker,
        ready=listed_masks,
        shard=lambda wildcards: int(wildcards.shard),
        shards=config["masker"]["shards"],
    log:
        "data/{dataset}/logs/mask_images_{shard}.log",
    benchmark:
        "data/{dataset}/benchmarks/mask_images_{shard}.tsv"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    conda:
        "../../envs/masks.yaml"
    script:
        "../scripts/mask_images.py"


rule merge_masks:
    output:
        table="data/{dataset}/masks.csv",
    input:
        index="data/{dataset}/index.csv",
        shards=expand("data/{{dataset}}/mask_shards/{shard}.csv", shard=range(config["masker"]["shards"])),
    params:
        code=hash_script("merge_masks.py"),
    log:
        "data/{dataset}/logs/merge_masks.log",
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/merge_masks.py"


rule check_masks:
    output:
        images="data/{dataset}/mask_quality_images.csv",
        summary="data/{dataset}/mask_quality.csv",
    input:
        index="data/{dataset}/index.csv",
        table="data/{dataset}/masks.csv",
    params:
        code=hash_script("check_masks.py"),
        root=image_root,
        masks=mask_folder,
        dataset="{dataset}",
        masker=lambda wildcards: masker(wildcards)["model"],
    log:
        "data/{dataset}/logs/check_masks.log",
    resources:
        runtime=growing(30),
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/check_masks.py"


rule accept_masks:
    output:
        f"{RESULTS}/masks_accepted/{{dataset}}",
    input:
        summary="data/{dataset}/mask_quality.csv",
        table="data/{dataset}/masks.csv",
        raw=raw_index,
    params:
        code=hash_script("accept_masks.py"),
        images=listed_images,  # with `raw`: the list of unusable images, which is no output, may have got others
        on_bad_image=config["on_bad_image"],
        limits=config["mask_quality"],
        study=config["study"],
    log:
        f"{RESULTS}/logs/accept_masks_{{dataset}}.log",
    priority: 1  # before any training that is due as well
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/accept_masks.py"


rule pack_pixels:
    output:
        layout="data/{dataset}/pixels/layout.csv",
        rgba="data/{dataset}/pixels/rgba.bin",
    input:
        index="data/{dataset}/index.csv",
        table="data/{dataset}/masks.csv",
        quality="data/{dataset}/mask_quality.csv",
    params:
        code=hash_script("pack_pixels.py"),
        root=image_root,
        masks=mask_folder,
        short_side=config["pixels"]["short_side"],
    log:
        "data/{dataset}/logs/pack_pixels.log",
    threads: 2
    resources:
        runtime=growing(120),
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/pack_pixels.py"

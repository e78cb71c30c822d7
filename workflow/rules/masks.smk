"""Foreground masks by rembg, their check against hand labels, and the packed pixels that training reads.

`on_bad_image` and the limits on masks are not parameters of the rules that make data: they decide whether a job may
continue, but do not change what it makes. `accept_masks`, which runs once per study, enforces them on existing data.
"""


rule masks:
    """Foreground masks of all datasets."""
    input:
        files_of_masks(),


rule mask_quality:
    """The masks, and their check against hand labels."""
    input:
        files_of_mask_quality(),


rule mask_images:
    input:
        index="data/{dataset}/index.csv",
    output:
        table="data/{dataset}/mask_shards/{shard}.csv",
    log:
        "data/{dataset}/logs/mask_images_{shard}.log",
    benchmark:
        "data/{dataset}/benchmarks/mask_images_{shard}.tsv"
    conda:
        "../../envs/masks.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    params:
        code=hash_script("mask_images.py"),
        root=image_root,
        masks=mask_folder,
        masker=masker,
        weights=masker_weights,
        ready=listed_masks,
        shard=lambda wildcards: int(wildcards.shard),
        shards=config["masker"]["shards"],
    script:
        "../scripts/mask_images.py"


rule merge_masks:
    input:
        index="data/{dataset}/index.csv",
        shards=expand("data/{{dataset}}/mask_shards/{shard}.csv", shard=range(config["masker"]["shards"])),
    output:
        table="data/{dataset}/masks.csv",
    log:
        "data/{dataset}/logs/merge_masks.log",
    conda:
        "../../envs/images.yaml"
    params:
        code=hash_script("merge_masks.py"),
    script:
        "../scripts/merge_masks.py"


rule check_masks:
    input:
        index="data/{dataset}/index.csv",
        table="data/{dataset}/masks.csv",
    output:
        images="data/{dataset}/mask_quality_images.csv",
        summary="data/{dataset}/mask_quality.csv",
    log:
        "data/{dataset}/logs/check_masks.log",
    conda:
        "../../envs/images.yaml"
    resources:
        runtime=growing(30),
    params:
        code=hash_script("check_masks.py"),
        root=image_root,
        masks=mask_folder,
        dataset="{dataset}",
        masker=lambda wildcards: masker(wildcards)["model"],
    script:
        "../scripts/check_masks.py"


rule accept_masks:
    input:
        quality="data/{dataset}/mask_quality.csv",
        table="data/{dataset}/masks.csv",
        raw=raw_index,
    output:
        f"{RESULTS}/masks_accepted/{{dataset}}",
    log:
        f"{RESULTS}/logs/accept_masks_{{dataset}}.log",
    priority: 1  # before any training that is ready to run
    conda:
        "../../envs/images.yaml"
    params:
        code=hash_script("accept_masks.py"),
        images=listed_images,  # with `raw`: the list of unusable images, not an output, may have changed
        limits=[config["on_bad_image"], in_order(config["mask_quality"])],  # another limit must be checked again
        study=config["study"],
    script:
        "../scripts/accept_masks.py"


rule pack_pixels:
    input:
        index="data/{dataset}/index.csv",
        table="data/{dataset}/masks.csv",
        quality="data/{dataset}/mask_quality.csv",
    output:
        **PIXELS,
    log:
        "data/{dataset}/logs/pack_pixels.log",
    conda:
        "../../envs/images.yaml"
    threads: 2
    resources:
        runtime=growing(120),
    params:
        code=hash_script("pack_pixels.py"),
        root=image_root,
        masks=mask_folder,
        short_side=config["pixels"]["short_side"],
        squash=config["pixels"].get("squash", False),
        compressed=config["pixels"].get("compressed", False),
    script:
        "../scripts/pack_pixels.py"

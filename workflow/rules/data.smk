"""Raw data: datasets to an index, backgrounds to packed pixels."""


rule make_demo_world:
    output:
        index="data/{dataset}/raw/index.csv",
    input:
        code=library("make_demo_world.py"),
    params:
        settings=lambda wildcards: config["datasets"][wildcards.dataset],
        root="data/{dataset}/raw",
    wildcard_constraints:
        dataset=any_of(datasets_from("demo_world")),
    log:
        "data/{dataset}/logs/make_demo_world.log",
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/make_demo_world.py"


rule index_dataset:
    output:
        index="data/{dataset}/index.csv",
    input:
        raw=raw_index,
        code=library("index_dataset.py"),
    params:
        dataset="{dataset}",
        source=dataset_settings,
        # Not an output: Snakemake deletes those of a job that failed, and then the list is needed most.
        problems="data/{dataset}/problems.csv",
        root=image_root,
        on_bad_image=config["on_bad_image"],
    log:
        "data/{dataset}/logs/index_dataset.log",
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/index_dataset.py"


if config["backgrounds"][config["background_set"]]["source"] == "demo_world":

    rule make_demo_backgrounds:
        output:
            layout=f"{BACKGROUNDS}/{{role}}/layout.csv",
            rgba=f"{BACKGROUNDS}/{{role}}/rgba.bin",
        input:
            code=library("make_demo_backgrounds.py"),
        params:
            settings=config["backgrounds"][config["background_set"]],
            role="{role}",
            short_side=config["pixels"]["short_side"],
        log:
            f"{BACKGROUNDS}/logs/make_demo_backgrounds_{{role}}.log",
        conda:
            "../../envs/images.yaml"
        script:
            "../scripts/make_demo_backgrounds.py"

else:

    rule pack_backgrounds:
        output:
            layout=f"{BACKGROUNDS}/{{role}}/layout.csv",
            rgba=f"{BACKGROUNDS}/{{role}}/rgba.bin",
        input:
            code=library("pack_backgrounds.py"),
        params:
            folder=lambda wildcards: config["backgrounds"][config["background_set"]][wildcards.role],
            short_side=config["pixels"]["short_side"],
        log:
            f"{BACKGROUNDS}/logs/pack_backgrounds_{{role}}.log",
        conda:
            "../../envs/images.yaml"
        script:
            "../scripts/pack_backgrounds.py"

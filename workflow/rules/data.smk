"""Raw data: datasets to an index, backgrounds to packed pixels."""


rule make_demo_world:
    output:
        index="data/{dataset}/raw/index.csv",
    params:
        code=hash_script("make_demo_world.py"),
        settings=demo_world_settings,
        root="data/{dataset}/raw",
    wildcard_constraints:
        dataset=any_of(datasets_from("demo_world")),
    log:
        "data/{dataset}/logs/make_demo_world.log",
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/make_demo_world.py"


rule download_dataset:
    output:
        receipt="data/{dataset}/archives.csv",
    params:
        # The archives are what is asked for, however they are fetched: another receipt would train every model again.
        archives=published_archives,
        source=source,
        sources=DOWNLOADS_FILE,
        folder=archive_folder,
    wildcard_constraints:
        dataset=any_of(ARCHIVED_DATASETS),
    log:
        "data/{dataset}/logs/download_dataset.log",
    resources:
        downloads=1,
        runtime=720,
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/download_dataset.py"


rule extract_dataset:
    output:
        receipt="data/{dataset}/extracted.csv",
    input:
        archives="data/{dataset}/archives.csv",
    params:
        code=hash_script("extract_dataset.py"),
        folder=archive_folder,
        raw="data/{dataset}/raw",
    log:
        "data/{dataset}/logs/extract_dataset.log",
    resources:
        runtime=growing(60),
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/extract_dataset.py"


rule index_dataset:
    output:
        index="data/{dataset}/index.csv",
    input:
        raw=raw_index,
    params:
        code=code_of_index,
        dataset="{dataset}",
        settings=dataset_settings,
        images=listed_images,
        # Not an output: Snakemake deletes those of a job that failed, and then the list is needed most.
        problems="data/{dataset}/problems.csv",
        root=image_root,
    log:
        "data/{dataset}/logs/index_dataset.log",
    threads: 2
    resources:
        runtime=growing(30),
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/index_dataset.py"


rule make_demo_backgrounds:
    output:
        directory("data/backgrounds/{set}/photos/{role}"),
    params:
        code=hash_script("make_demo_backgrounds.py"),
        settings=background_settings,
    wildcard_constraints:
        set=any_of(background_sets_from("demo_world")),
    log:
        "data/backgrounds/{set}/logs/make_demo_backgrounds_{role}.log",
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/make_demo_backgrounds.py"


rule fetch_backgrounds:
    output:
        receipt="data/backgrounds/{set}/fetched.csv",
    input:
        files=DOWNLOADS["study_backgrounds"]["files"],
    params:
        sources=DOWNLOADS_FILE,
        accept_terms=lambda wildcards: config["backgrounds"][wildcards.set]["accept_terms"],
        folder="data/backgrounds/{set}/photos",
    wildcard_constraints:
        set=any_of(background_sets_from("study")),
    log:
        "data/backgrounds/{set}/logs/fetch_backgrounds.log",
    resources:
        downloads=1,
        runtime=growing(60),
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/fetch_backgrounds.py"


rule pack_backgrounds:
    output:
        layout="data/backgrounds/{set}/{role}/layout.csv",
        rgba="data/backgrounds/{set}/{role}/rgba.bin",
    input:
        photos=photos_of_backgrounds,
    params:
        code=hash_script("pack_backgrounds.py"),
        folder=background_folder,
        half=background_half,
        photos=listed_backgrounds,
        short_side=config["pixels"]["short_side"],
    log:
        "data/backgrounds/{set}/logs/pack_backgrounds_{role}.log",
    conda:
        "../../envs/images.yaml"
    script:
        "../scripts/pack_backgrounds.py"

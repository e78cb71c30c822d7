"""Raw data: datasets to an index, backgrounds to packed pixels."""


rule make_demo_world:
    output:
        index="data/{dataset}/raw/index.csv",
    log:
        "data/{dataset}/logs/make_demo_world.log",
    wildcard_constraints:
        dataset=any_of(datasets_from("demo_world")),
    conda:
        "../../envs/images.yaml"
    params:
        code=hash_script("make_demo_world.py"),
        settings=demo_world_settings,
        root="data/{dataset}/raw",
    script:
        "../scripts/make_demo_world.py"


rule download_dataset:
    output:
        receipt="data/{dataset}/archives.csv",
    log:
        "data/{dataset}/logs/download_dataset.log",
    wildcard_constraints:
        dataset=any_of(ARCHIVED_DATASETS),
    conda:
        "../../envs/images.yaml"
    resources:
        downloads=1,
        runtime=720,
    params:
        # Only the archives' identity matters, not how they are downloaded: a new receipt would retrain every model.
        archives=published_archives,
        source=source,
        sources=DOWNLOADS_FILE,
        folder=archive_folder,
    script:
        "../scripts/download_dataset.py"


rule extract_dataset:
    input:
        archives="data/{dataset}/archives.csv",
    output:
        receipt="data/{dataset}/extracted.csv",
    log:
        "data/{dataset}/logs/extract_dataset.log",
    conda:
        "../../envs/images.yaml"
    resources:
        runtime=growing(60),
    params:
        code=hash_script("extract_dataset.py"),
        folder=archive_folder,
        raw="data/{dataset}/raw",
    script:
        "../scripts/extract_dataset.py"


rule index_dataset:
    input:
        raw=raw_index,
    output:
        index="data/{dataset}/index.csv",
    log:
        "data/{dataset}/logs/index_dataset.log",
    conda:
        "../../envs/images.yaml"
    threads: 2
    resources:
        runtime=growing(30),
    params:
        code=code_of_index,
        dataset="{dataset}",
        settings=dataset_settings,
        images=listed_images,
        # Not an output: Snakemake deletes the outputs of a failed job, and that is when the list is needed most.
        problems="data/{dataset}/problems.csv",
        root=image_root,
    script:
        "../scripts/index_dataset.py"


rule make_demo_backgrounds:
    output:
        directory("data/backgrounds/{set}/photos/{role}"),
    log:
        "data/backgrounds/{set}/logs/make_demo_backgrounds_{role}.log",
    wildcard_constraints:
        set=any_of(background_sets_from("demo_world")),
    conda:
        "../../envs/images.yaml"
    params:
        code=hash_script("make_demo_backgrounds.py"),
        settings=background_settings,
    script:
        "../scripts/make_demo_backgrounds.py"


rule fetch_backgrounds:
    input:
        files=DOWNLOADS["study_backgrounds"]["files"],
    output:
        receipt="data/backgrounds/{set}/fetched.csv",
    log:
        "data/backgrounds/{set}/logs/fetch_backgrounds.log",
    wildcard_constraints:
        set=any_of(background_sets_from("study")),
    conda:
        "../../envs/images.yaml"
    resources:
        downloads=1,
        runtime=growing(60),
    params:
        # Without `accept_terms`, which the script reads itself: consent lets a job run, but changes nothing it makes.
        sources=DOWNLOADS_FILE,
        folder="data/backgrounds/{set}/photos",
    script:
        "../scripts/fetch_backgrounds.py"


rule pack_backgrounds:
    input:
        photos=photos_of_backgrounds,
    output:
        layout="data/backgrounds/{set}/{role}/layout.csv",
        rgba="data/backgrounds/{set}/{role}/rgba.bin",
    log:
        "data/backgrounds/{set}/logs/pack_backgrounds_{role}.log",
    conda:
        "../../envs/images.yaml"
    params:
        code=hash_script("pack_backgrounds.py"),
        folder=background_folder,
        half=background_half,
        photos=listed_backgrounds,
        short_side=config["pixels"]["short_side"],
    script:
        "../scripts/pack_backgrounds.py"

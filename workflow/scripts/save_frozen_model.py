"""Save a backbone that is evaluated without training, after checking that it can be."""

from bgbias.configuration.keywords import NETWORKS, ONNX
from bgbias.devices import prepare_cpu
from bgbias.hashes import fingerprint_file, hash_script, hash_settings
from bgbias.logs import job_log
from bgbias.models.embedding_model import build_model, check_size, save_model
from bgbias.packages import installed_versions
from bgbias.runs import input_facts, recorded_settings, versions, write_run


def save_frozen_model(model_path: str, run_path: str, *, run: dict, settings: dict, size: int) -> None:
    """Write the model and its run.yaml.

    ``run``: dataset, backbone, loss, variant, seed; ``settings``: backbone, loss. StudyError if the backbone
    cannot be built, or cannot embed images of ``size`` × ``size`` pixels.
    """
    name = settings["backbone"]["model"]
    model, preprocessing = build_model(name, settings["backbone"], None, run["seed"])
    check_size(model, run["backbone"], size)
    hashes = {"settings": hash_settings(settings), "code": hash_script("save_frozen_model.py")}
    if name.endswith(NETWORKS):
        hashes["program"] = fingerprint_file(name)
    save_model(model_path, model)
    write_run(
        run_path,
        {
            **run,
            "settings": recorded_settings(settings),
            **input_facts(model, preprocessing),
            "versions": versions() | installed_versions(["onnxruntime"] if name.endswith(ONNX) else []),
            "hashes": hashes,
        },
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        prepare_cpu(snakemake.threads)
        output, wanted = snakemake.output, snakemake.params
        save_frozen_model(
            output.model, output.run, run=wanted.run, settings=wanted.settings, size=wanted.size
        )

"""Which outputs Snakemake's logs, as 9.27 writes them, leave without an end."""

from bgbias.orphans import outputs_of_orphans

ALONE = """rule embed_images:
    input: model
    output: run/embeddings.npz, run/other.npz
    log: run/log
    jobid: 12
    reason: Missing output files: run/embeddings.npz
"""
GROUP = """Group job prepare (jobs in lexicogr. order):
    rule index_dataset:
        output: data/index.csv
        jobid: 7
        resources: mem_mb=2000
    rule make_demo_world:
        output: data/raw.csv
        log: data/log
        jobid: 8
"""
# A failed one's outputs are deleted; of these lines no number comes after its output.
FAILED = """Error in rule embed_images:
    jobid: 3
    output: run/failed.npz
    log: run/log
"""


def outputs(tmp_path, *calls):
    logs = []
    for number, text in enumerate(calls):
        logs.append(tmp_path / f"{number}.snakemake.log")
        logs[-1].write_text(text)
    return outputs_of_orphans(logs)


def test_a_job_that_was_seen_finished_leaves_none(tmp_path):
    assert outputs(tmp_path, ALONE + "Finished jobid: 12 (Rule: embed_images)\n") == set()
    # Job 1 is not job 12.
    assert outputs(tmp_path, ALONE + "Finished jobid: 1 (Rule: x)\n") == {
        "run/embeddings.npz",
        "run/other.npz",
    }


def test_each_job_of_a_group_has_its_own_end(tmp_path):
    assert outputs(tmp_path, GROUP + "Finished jobid: 7 (Rule: index_dataset)\n") == {"data/raw.csv"}
    assert outputs(tmp_path, GROUP) == {"data/index.csv", "data/raw.csv"}


def test_the_last_call_that_began_a_job_decides(tmp_path):
    seen = ALONE + "Finished jobid: 12 (Rule: embed_images)\n"
    assert outputs(tmp_path, ALONE, seen) == set()
    assert outputs(tmp_path, seen, ALONE) == {"run/embeddings.npz", "run/other.npz"}


def test_the_end_of_another_job_in_a_log_that_was_copied_in_is_none(tmp_path):
    lines = "=" * 80
    copied = f"Logfile /slurm/7.log:\n{lines}\nFinished jobid: 12 (Rule: x)\n{lines}\n"
    assert outputs(tmp_path, ALONE + copied) == {"run/embeddings.npz", "run/other.npz"}


def test_lines_about_a_failure_are_no_beginning(tmp_path):
    assert outputs(tmp_path, FAILED + "Trying to restart job 3.\n") == set()

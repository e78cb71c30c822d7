"""The SLURM profile against the rules and against the default profile; without SLURM."""

import re

import yaml
from fresh_copy import ROOT

SLURM = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text())
DEFAULT = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text())
FILES = [path for path in (ROOT / "workflow" / "rules").glob("*.smk") if path.stem != "common"]
TEXT = "\n".join(path.read_text() for path in FILES)
RULES = {block.split(":")[0]: block for block in re.split(r"^ *rule (?=\w+:)", TEXT, flags=re.M)[1:]}
RULES |= {name: RULES[of] for of, name in re.findall(r"^use rule (\w+) as (\w+) with:", TEXT, flags=re.M)}


def test_it_names_only_rules_that_there_are():
    # Snakemake itself ignores a name in `groups` that no rule has.
    assert SLURM["groups"].keys() | SLURM["set-resources"].keys() <= RULES.keys()


def test_every_job_is_either_short_and_in_a_group_or_states_its_time_or_size():
    # A rule that was forgotten here is a SLURM job of its own for a second's work.
    jobs = {name: block for name, block in RULES.items() if re.search(r"^ +script:$", block, flags=re.M)}
    alone = jobs.keys() - SLURM["groups"].keys()
    assert {name for name in alone if not re.search(r"runtime=|per_input_mb", jobs[name])} == set()
    assert SLURM["groups"].keys() <= jobs.keys()


def test_memory_and_time_of_the_jobs_that_state_none_double_with_each_attempt():
    # A plain number would be asked for three times over, and fail three times.
    for name in ("mem_mb", "runtime"):
        first, second, third = (eval(SLURM["default-resources"][name], {"attempt": n}) for n in (1, 2, 3))
        assert (second, third) == (2 * first, 4 * first)


def test_every_rule_that_uses_a_device_asks_for_a_gpu():
    devices = {name for name, block in RULES.items() if re.search(r"^ +gpu=GPU", block, flags=re.M)}
    assert {name for name, wants in SLURM["set-resources"].items() if wants["gpu"] == 1} == devices
    assert devices


def test_what_the_default_profile_sets_holds_on_the_cluster():
    # With --workflow-profile Snakemake does not read profiles/default.
    assert DEFAULT.items() <= SLURM.items()


def test_jobs_that_grow_with_the_data_are_in_no_group():
    # Within a group a request that depends on a file not yet made is left out of the sum.
    sized = {name for name, block in RULES.items() if "per_input_mb" in block}
    assert sized
    assert not sized & SLURM["groups"].keys()

"""Keys that stand twice in a configuration file: of these YAML's readers keep the last and say nothing."""

import os

import yaml

from bgbias.errors import StudyError


def check_repeated_keys(path: str | os.PathLike) -> None:
    """StudyError with both lines when a mapping in the YAML file ``path`` has a key twice.

    What cannot be read is left to whoever loads it: Snakemake also reads JSON with tabs, which is no YAML.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            document = yaml.compose(stream, yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    waiting = [document] if document else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            _check_mapping(node, path)
            waiting += [value for _, value in node.value]


def _check_mapping(mapping: yaml.MappingNode, path: str | os.PathLike) -> None:
    lines: dict[str, int] = {}
    for key, _ in mapping.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in lines and key.tag != "tag:yaml.org,2002:merge":
            raise StudyError(
                f"{path}, line {line}: the key {key.value!r} stands in line {lines[key.value]} already, and "
                "only one of the two would count. Put them together."
            )
        lines[key.value] = line

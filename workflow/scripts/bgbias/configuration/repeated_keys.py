"""Duplicate keys in a configuration file: YAML readers silently keep only the last one."""

import os

import yaml

from bgbias.errors import StudyError


def check_repeated_keys(path: str | os.PathLike) -> None:
    """Raise StudyError, naming both lines, if a mapping in the YAML file ``path`` has a duplicate key.

    A file that cannot be parsed is left to its reader: Snakemake also accepts JSON with tabs, which is not
    YAML.
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
                f"{path}, line {line}: duplicate key {key.value!r}, first defined on line "
                f"{lines[key.value]}; merge the two."
            )
        lines[key.value] = line

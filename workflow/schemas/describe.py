"""Print config/README.md: every key of the configuration, from the schema and the defaults (`make docs`)."""

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


HEAD = """# Configuration

`config.yaml` is the embedded demo study and the default of every key. A file given with `--configfile` is
laid over it: mappings merge, lists replace; `--config key=value` comes last. A key that is not in this table
is refused.
This page is written by `make docs` from the schema.

Wildcards of the paths: `{dataset}`, `{backbone}`, `{loss}`, `{variant}` and `{seed}` are the values of
`grid`; `{shard}` numbers the mask jobs of a dataset; `{set}` is an entry of `backgrounds`, `{role}` is train,
validation or test, or a half of the first two (`train_half`, `validation_half`).

"""


def describe(schema: dict, defaults: dict) -> str:
    """The schema's sections as Markdown tables of key, default and meaning."""
    lines = [HEAD + "| key | default | meaning |", "|---|---|---|"]
    lines += [
        f"| `{key}` | {default} | {meaning} |" for key, default, meaning in _keys(schema, schema, defaults)
    ]
    return "\n".join(lines) + "\n"


def _keys(node: dict, schema: dict, defaults, path: str = "") -> Iterator[tuple[str, str, str]]:
    for name, entry in node.get("properties", {}).items():
        if not isinstance(entry, dict):
            continue
        entry = schema["$defs"].get(entry.get("$ref", "").rpartition("/")[2], {}) | entry
        here = f"{path}.{name}" if path else name
        value = defaults.get(name) if isinstance(defaults, dict) else None
        shown = "" if isinstance(value, dict) or value is None else f"`{json.dumps(value)}`"
        yield here, shown, entry.get("description", "")
        yield from _keys(entry, schema, value, here)
        if isinstance(entry.get("additionalProperties"), dict):
            yield from _entry(entry["additionalProperties"], schema, here, f"{here}.<name>")


def _entry(entry: dict, schema: dict, section: str, path: str) -> Iterator[tuple[str, str, str]]:
    entry = schema["$defs"].get(entry.get("$ref", "").rpartition("/")[2], entry)
    yield from _keys(entry, schema, {}, path)
    for case in entry.get("allOf", []):
        condition = case["if"]["properties"]["source"]
        source = ", ".join(condition.get("enum", [condition.get("const")]))
        yield from _keys(case["then"], schema, {}, f"{path}({source})")
    if section == "losses":
        for kind, loss in schema["$defs"]["losses"].items():
            yield from _keys(loss, schema, {}, f"{path}({kind})")


if __name__ == "__main__":
    print(
        describe(
            yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text()),
            yaml.safe_load((ROOT / "config/config.yaml").read_text()),
        ),
        end="",
    )

"""Print config/README.md, the reference of all configuration keys, from schema and defaults (`make docs`)."""

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


HEAD = """# Configuration

`config.yaml` is the embedded demo study and contains the default of every key. A file given with
`--configfile` overrides it: mappings are merged, lists are replaced; `--config key=value` comes last. Keys
that are not on this page are rejected.
This page is generated from the schema by `make docs`.

*default* is the value in `config.yaml`, or the value used if the key is missing. **needed**: a new entry must
have the key. A *name* begins with a letter or a digit and contains only letters, digits, `_`, `.` and `-`;
`<name>` in a key is a name of your choice, or one from `config.yaml`. Paths are relative to the project
folder.

Wildcards in paths: `{dataset}`, `{backbone}`, `{loss}`, `{variant}` and `{seed}` are the values of `grid`;
`{shard}` numbers the mask jobs of a dataset; `{set}` is an entry of `backgrounds`, `{role}` is train,
validation or test, or a half of the first two (`train_half`, `validation_half`).
"""
COLUMNS = """
| key | default | values | meaning |
|---|---|---|---|
"""
KINDS = {"string": "text", "integer": "whole number", "number": "number"}
PLURALS = {"text": "texts", "name": "names", "whole number": "whole numbers", "number": "numbers"}


def describe(schema: dict, defaults: dict) -> str:
    """The page: a table of the top-level keys, and one or more tables for each section."""
    entries = {name: _resolved(entry, schema) for name, entry in schema["properties"].items()}
    sections = {name: entry for name, entry in entries.items() if entry.get("type") == "object"}
    plain = {"properties": {name: entry for name, entry in entries.items() if name not in sections}}
    page = [HEAD, "\n## The study as a whole\n", _table(plain, schema, defaults)]
    for name, entry in sections.items():
        page += [f"\n## `{name}`\n\n{entry['description']}\n"]
        if "properties" in entry:
            page.append(_table(entry, schema, defaults.get(name), name))
        else:
            page += _entries(name, entry["additionalProperties"], schema)
    return "".join(page)


def _entries(section: str, entry: dict, schema: dict) -> Iterator[str]:
    """Tables of a section that maps names to entries: the keys of all, most and single kinds of entries."""
    entry, path = _resolved(entry, schema), f"{section}.<name>"
    yield _table(entry, schema, None, path)
    cases = entry.get("allOf", [])
    shared = _shared([case["then"] for case in cases])
    if shared:
        others = [case for case in cases if not shared.keys() <= case["then"]["properties"].keys()]
        yield f"\n### Every `source:`{' except ' * bool(others)}{', '.join(map(_sources, others))}\n"
        yield _table({"properties": shared}, schema, None, path)
    for case in cases:
        yield f"\n### `source:` {_sources(case)}\n"
        own = {name: key for name, key in case["then"]["properties"].items() if name not in shared}
        yield _table(case["then"] | {"properties": own}, schema, None, path)
    if section == "losses":
        for kind, loss in schema["$defs"]["losses"].items():
            yield f"\n### `type:` `{kind}{'<class>' * kind.endswith('/')}`\n"
            if "description" in loss:
                yield f"\n{loss['description']}\n"
            yield _table(loss, schema, None, path)


def _shared(cases: list[dict]) -> dict:
    """The optional keys that are the same in most of ``cases``, printed once for all of them."""
    keys = [
        (name, json.dumps(key))
        for case in cases
        for name, key in case["properties"].items()
        if isinstance(key, dict) and name not in case.get("required", [])
    ]
    return {
        name: json.loads(key) for name, key in dict.fromkeys(keys) if 2 * keys.count((name, key)) > len(cases)
    }


def _sources(case: dict) -> str:
    condition = case["if"]["properties"]["source"]
    return ", ".join(f"`{source}`" for source in condition.get("enum", [condition.get("const")]))


def _table(node: dict, schema: dict, defaults, path: str = "") -> str:
    rows = _rows(node, schema, defaults, path)
    return COLUMNS + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rows(
    node: dict, schema: dict, defaults, path: str, asked: bool = True
) -> Iterator[tuple[str, str, str, str]]:
    """Key, default, values and meaning of the properties of ``node``, and of those nested in them.

    ``asked``: whether a new entry must have ``node``; if not, none of its keys is needed.
    """
    for name, entry in node.get("properties", {}).items():
        if not isinstance(entry, dict):
            continue  # `true`: described with the keys of all entries
        entry = _resolved(entry, schema)
        here = f"{path}.{name}" if path else name
        given = isinstance(defaults, dict) and name in defaults
        needed = asked and name in node.get("required", [])
        if given or "default" in entry:
            shown = f"`{json.dumps(defaults[name] if given else entry['default'])}`"
        else:
            shown = "**needed**" if needed else ""
        yield f"`{here}`", shown, values(entry, schema), entry.get("description", "")
        yield from _rows(entry, schema, None, here, needed)


def values(entry: dict, schema: dict) -> str:
    """Description of the values that a key accepts."""
    entry = _resolved(entry, schema)
    kinds = entry.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in entry:
        return ", ".join(f"`{json.dumps(value)}`".replace('"', "") for value in entry["enum"])
    if "anyOf" in entry:
        return ", or ".join(values(option, schema) for option in entry["anyOf"])
    if "array" in kinds:
        return _list(entry, schema)
    if "object" in kinds:
        return "mapping"
    if "boolean" in kinds:
        return "`true`, `false`"
    words = ["name" if "pattern" in entry else KINDS[kind] for kind in kinds if kind != "null"]
    return " or ".join([f"{word}{_limits(entry)}" for word in words] + ["`null`"] * ("null" in kinds))


def _list(entry: dict, schema: dict) -> str:
    item = entry.get("items") or entry["prefixItems"][0]
    limits = _limits(_resolved(item, schema))
    word = values(item, schema).removesuffix(limits)
    what = f"{PLURALS.get(word, word)}{limits}"
    least, most = entry.get("minItems", 0), entry.get("maxItems")
    many = f"{least} " if least == most else ""
    return f"list of {many}{what}{', not empty' if least == 1 else ''}"


def _limits(entry: dict) -> str:
    """The smallest and largest number, to follow the name of the type."""
    if "minimum" in entry and "maximum" in entry:
        return f" from {entry['minimum']} to {entry['maximum']}"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return " and".join(f" {sign} {entry[key]}" for key, sign in signs.items() if key in entry)


def _resolved(entry: dict, schema: dict) -> dict:
    return schema["$defs"].get(entry.get("$ref", "").rpartition("/")[2], {}) | entry


if __name__ == "__main__":
    print(
        describe(
            yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text()),
            yaml.safe_load((ROOT / "config/config.yaml").read_text()),
        ),
        end="",
    )

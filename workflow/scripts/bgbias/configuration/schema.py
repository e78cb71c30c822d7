"""Validate the configuration against its closed schema, reporting each error in one sentence."""

from collections.abc import Iterator

import numpy as np

from bgbias.configuration.keywords import PML
from bgbias.configuration.refusals import check_known, config_error, suggestion
from bgbias.configuration.study import PUBLISHED_DATASETS

# Descriptions of the JSON types for someone who writes YAML.
_KINDS = {
    "array": "a list, [...]",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping of keys",
    "string": 'text (write a number in "quotes")',
}
# Arguments of pytorch-metric-learning's losses that are objects, not numbers or strings.
_PML_OBJECTS = {"distance", "reducer", "embedding_regularizer", "weight_regularizer", "miner"}


def check_schema(config: dict, schema: dict, where: str = "") -> None:
    """Raise StudyError if ``config``, or the part of it at the key ``where``, violates ``schema``."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from jsonschema.validators import extend

    # In JSON Schema 64.0 is an integer, but Python cannot use it as one.
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    error = best_match(extend(Draft202012Validator, type_checker=types)(schema).iter_errors(config))
    if error is not None:
        place = ".".join([*filter(None, [where]), *map(str, error.absolute_path)]) or "the top level"
        raise config_error(place, "; ".join(_explain(error)))


def check_losses(config: dict, schema: dict) -> None:
    """Check each loss against the keys of its type, including its values for single datasets."""
    types = schema["$defs"]["losses"]
    for name, entry in config["losses"].items():
        kind = entry.get("type", name)
        if kind.startswith(PML):
            if kind == PML:
                raise config_error(
                    f"losses.{name}.type", f"{PML} needs a class name, such as {PML}CircleLoss"
                )
            for key in _PML_OBJECTS & entry.keys():
                raise config_error(
                    f"losses.{name}.{key}",
                    "it is an object, which a configuration cannot express; CONTRIBUTING.md explains how to "
                    "add a loss that has one of its own",
                )
            kind = PML  # only that library knows its classes and their other arguments
        else:
            known = [*(known for known in types if known != PML), f"{PML}<class of pytorch-metric-learning>"]
            check_known(kind, known, f"losses.{name}.type" if "type" in entry else "losses", "losses")
        closed = {"$defs": schema["$defs"], **types[kind]}
        general = {key: value for key, value in entry.items() if key != "per_dataset"}
        check_schema(entry, closed, f"losses.{name}")
        for dataset, own in entry.get("per_dataset", {}).items():
            known = [*config["datasets"], *PUBLISHED_DATASETS]
            check_known(dataset, known, f"losses.{name}.per_dataset", "datasets")
            if "type" in own:
                raise config_error(
                    f"losses.{name}.per_dataset.{dataset}.type",
                    "an entry is the same loss on all datasets; add another entry for the other loss",
                )
            check_schema(general | own, closed, f"losses.{name}.per_dataset.{dataset}")


def _explain(error) -> Iterator[str]:
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        allowed = error.schema.get("properties", {})
        for key in error.instance:
            if key not in allowed:
                yield f"the key {key!r} is unknown{suggestion(key, allowed)}"
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        yield f"the key {missing[0]!r} is missing"
    elif error.validator == "pattern":
        yield f"{error.instance!r} must begin with a letter or digit and contain only these, '_', '.' and '-'"
    elif error.validator == "type":
        wanted = error.validator_value
        kinds = [wanted] if isinstance(wanted, str) else wanted
        yield f"{error.instance!r} is not {' or '.join(_KINDS[kind] for kind in kinds)}"
        if "number" in kinds and isinstance(error.instance, str) and _is_number(error.instance):
            written = np.format_float_positional(float(error.instance), trim="0")
            yield f"YAML reads it as text; write {written}"
    elif error.validator == "dependentRequired":
        given, needed = next(
            (given, key)
            for given, keys in error.validator_value.items()
            for key in keys
            if given in error.instance and key not in error.instance
        )
        yield f"the key {given!r} also needs {needed!r}"
    else:
        yield error.message
        if "$comment" in error.schema:
            yield error.schema["$comment"]


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False

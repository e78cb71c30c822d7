"""Weights files: read without running their code, and strictly, so that no layer silently stays random."""

import os
import pickle
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from bgbias.errors import StudyError, first_line
from bgbias.files import replacing

# What unpickling raises for bytes that are not a pickle; the texts of these errors do not help.
_NO_PICKLE = (AttributeError, IndexError, KeyError, TypeError, struct.error)
_STATE = "Save only the weights: torch.save(model.state_dict(), file)."


def read_weights(path: str | os.PathLike) -> dict[str, Tensor]:
    """The tensors of a .safetensors or PyTorch file, on the CPU; no code in the file is ever run."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not Path(path).is_file():
        raise StudyError(f"The weights {path} do not exist. Put the file there or fix the path.")
    try:
        if Path(path).suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise StudyError(
            f"{path} contains more than weights, or something else, and was not run. {_STATE}"
        ) from error
    except _NO_PICKLE as error:
        raise StudyError(f"{path} is not a weights file. {_STATE}") from error
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        if "TorchScript" in str(error):
            raise StudyError(f"{path} is a TorchScript program, not just weights. {_STATE}") from error
        raise StudyError(f"{path} is not a readable weights file: {first_line(error)}.") from error
    except (SafetensorError, zipfile.BadZipFile) as error:
        raise StudyError(f"{path} is damaged or not a weights file: {first_line(error)}.") from error
    for wrapper in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise StudyError(f"{path} contains something other than a dictionary of weights. {_STATE}")
    return dict(content)


def write_tensors(
    path: str | os.PathLike, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write ``tensors`` and ``metadata`` as safetensors, atomically."""
    from safetensors.torch import save

    plain, seen = {}, set()
    for key, value in tensors.items():
        # The format supports neither other memory layouts nor tensors that share memory.
        tensor = value.detach().contiguous()
        place = tensor.untyped_storage().data_ptr()
        plain[key] = tensor.clone() if place in seen else tensor
        seen.add(place)
    with replacing(path) as aside:
        # As bytes, written by Python: the library's own file writer hides the reason if the disk refuses.
        aside.write_bytes(save(plain, metadata=metadata))


def load_strictly(
    module: nn.Module,
    state: Mapping[str, Tensor],
    path: str | os.PathLike,
    name: str,
    ignore: Sequence[str] = (),
) -> None:
    """Load ``state`` into ``module``; StudyError names ``path``, ``name`` and what does not fit.

    Keys that start with one of ``ignore`` are skipped. BatchNorm's step counters may be missing, as in files
    older than these counters; nothing here reads them.
    """
    expected = module.state_dict()
    given = {key: value for key, value in state.items() if not key.startswith(tuple(ignore))}
    for key, value in expected.items():
        if key.endswith("num_batches_tracked"):
            given.setdefault(key, value)
    missing = [key for key in expected if key not in given]
    unknown = [key for key in given if key not in expected]
    misshapen = [key for key in expected if key in given and given[key].shape != expected[key].shape]
    problems = [
        *(f"{key} is missing" for key in missing[:1]),
        *(f"{key} is unknown" for key in unknown[:1]),
        *(
            f"{key} has shape {tuple(given[key].shape)} instead of {tuple(expected[key].shape)}"
            for key in misshapen[:1]
        ),
    ]
    if problems:
        rest = len(missing) + len(unknown) + len(misshapen) - len(problems)
        more = f" and {rest} more" if rest else ""
        raise StudyError(
            f"The weights {path} do not fit the backbone {name}: {'; '.join(problems)}{more}. "
            f"{_way_out(missing, unknown)}."
        )
    module.load_state_dict(given)


def _way_out(missing: Sequence[str], unknown: Sequence[str]) -> str:
    """What to do about keys that do not fit; usually the network was saved inside a wrapper."""
    prefixes = [key.removesuffix(missing[0]) for key in unknown if missing and key.endswith(f".{missing[0]}")]
    if prefixes and all(f"{prefixes[0]}{key}" in unknown for key in missing):
        return (
            f"Its keys begin with {prefixes[0]!r}: save only that part, "
            f"torch.save(model.{prefixes[0]}state_dict(), file)"
        )
    return "Name the backbone that they belong to, or another file"

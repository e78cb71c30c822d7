"""Reading weight files: without pickle, and strictly, so that nothing is left random unnoticed."""

import os
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from bgbias.errors import StudyError

_STATE = "Save the weights alone: torch.save(model.state_dict(), file)."


def read_weights(path: str | os.PathLike) -> dict[str, Tensor]:
    """The tensors of a .safetensors or a PyTorch file, on the CPU; no code in the file is ever run."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not Path(path).is_file():
        raise StudyError(f"The weights {path} do not exist. Put the file there or mend the path.")
    try:
        if Path(path).suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise StudyError(f"{path} holds more than weights, and is not run. {_STATE}") from error
    except (OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise StudyError(f"{path} is not a readable file of weights alone: {_first_line(error)}") from error
    except (SafetensorError, zipfile.BadZipFile) as error:
        raise StudyError(f"{path} is damaged or not a file of weights: {_first_line(error)}") from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise StudyError(f"{path} holds something other than a dictionary of weights. {_STATE}")
    return dict(content)


def load_strictly(
    module: nn.Module,
    state: Mapping[str, Tensor],
    path: str | os.PathLike,
    name: str,
    ignore: Sequence[str] = (),
) -> None:
    """Load ``state`` into ``module``; StudyError names ``path``, ``name`` and the first keys that do not fit.

    Keys that start with one of ``ignore`` are left out. BatchNorm's step counters may be absent, as in files
    from before PyTorch had them; nothing reads them here.
    """
    expected = module.state_dict()
    given = {key: value for key, value in state.items() if not key.startswith(tuple(ignore))}
    left_out = [key for key in state if key not in given]
    if left_out:
        print(f"Of {path} {', '.join(left_out)} is left out: the features below it are used.", flush=True)
    for key, value in expected.items():
        if key.endswith("num_batches_tracked"):
            given.setdefault(key, value)
    problems = [f"{key} is missing" for key in expected if key not in given]
    problems += [f"{key} is unknown" for key in given if key not in expected]
    problems += [
        f"{key} has shape {tuple(given[key].shape)} instead of {tuple(value.shape)}"
        for key, value in expected.items()
        if key in given and given[key].shape != value.shape
    ]
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise StudyError(
            f"The weights {path} do not fit the backbone {name}: {'; '.join(problems[:3])}{more}. "
            "Name the backbone that they were made for, or another file."
        )
    module.load_state_dict(given)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0].rstrip(".") + "."

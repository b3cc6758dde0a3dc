"""Start a model from the weights of another one, as far as they fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from fusionkit.errors import UsageError

_NAMED = 6


def take_weights(model: nn.Module, tensors: Mapping[str, Tensor], source: str) -> str:
    """Copy the tensors that the model has under the same name and in the same shape.

    Parameters
    ----------
    model : nn.Module
        Is changed.
    tensors : mapping of str to Tensor
        Weights and buffers of another model.
    source : str
        What errors and the note call them.

    Returns
    -------
    str
        One line: how many tensors were taken, which of the model stay new and which of the source were left.

    Raises
    ------
    UsageError
        If no parameter fits.
    """
    own = model.state_dict()
    fitting = {name: t for name, t in tensors.items() if name in own and own[name].shape == t.shape}
    if not any(name in fitting for name, _ in model.named_parameters()):
        raise UsageError(f"init: no weights of {source} fit the model by name and shape; choose a run of a like model")
    model.load_state_dict(fitting, strict=False)
    new = [name for name, _ in model.named_parameters() if name not in fitting]
    left = [name for name in tensors if name not in fitting]
    note = f"init: {len(fitting)} of {len(tensors)} tensors of {source} taken"
    note += f"; not taken: {_listed(left)}" if left else ""
    return note + (f"; still new in the model: {_listed(new)}" if new else "")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")

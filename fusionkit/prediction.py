"""Predict with a trained model and arrays in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from fusionkit.errors import DataError
from fusionkit.interfaces import SignalSpec
from fusionkit.model.inference import probabilities, run_in_batches
from fusionkit.plugins import build_registry
from fusionkit.registry import Registry
from fusionkit.run.saved_model import SavedModel, load_model


def predict(
    model: SavedModel | str | Path,
    x: ArrayLike,
    *,
    sample_rate: float,
    batch_size: int = 32,
    registry: Registry | None = None,
) -> pd.DataFrame:
    """Return the probability of every class for every signal.

    The preprocessors of the model are applied to each signal alone: unlike a window of a recording, it has nothing
    around it, so that a filter may differ at its ends.

    Parameters
    ----------
    model : Fitted, or a path
        What `fit` returned, or a run folder or checkpoint.
    x : array or tensor [record, channel, time]
        Signals of the shape that the model was trained on.
    sample_rate : float
        In Hz; it must be that of the model, and is asked for so that it is never assumed.
    batch_size : int
        Signals a step.
    registry : Registry, optional
        The components that a saved model is assembled from; by default all that are installed.

    Returns
    -------
    DataFrame
        A row a signal, a column a class.

    Raises
    ------
    DataError
        If the signals have another shape or sample rate, or hold NaN.
    """
    saved = model if isinstance(model, SavedModel) else load_model(Path(model), registry or build_registry()[0])
    signals = _checked_signals(x, sample_rate, saved.model.signal)
    arrays = signals.detach().cpu().numpy()
    changed = [saved.preprocessing(row, str(number)) for number, row in enumerate(arrays)]
    signals = torch.from_numpy(np.stack(changed))
    network = saved.model.eval()
    device = next(network.parameters()).device
    rows = np.arange(len(signals))
    (logits,) = run_in_batches(lambda inputs: network(inputs[0]), [signals], rows, batch_size=batch_size, device=device)
    table = probabilities(saved.task, logits)
    return pd.DataFrame(table, columns=list(saved.task.classes))


def _checked_signals(x: ArrayLike, sample_rate: float, signal: SignalSpec) -> torch.Tensor:
    tensor = torch.as_tensor(np.asarray(x) if not isinstance(x, torch.Tensor) else x).float()
    shape = (signal.channels, signal.samples)
    if tensor.ndim != 3 or tuple(tensor.shape[1:]) != shape or len(tensor) == 0:
        raise DataError(
            f"signals have the shape {tuple(tensor.shape)}; the model takes [record, {shape[0]}, {shape[1]}]"
        )
    if sample_rate != signal.sample_rate:
        raise DataError(
            f"signals have {sample_rate:g} Hz; the model was trained at {signal.sample_rate:g} Hz: resample"
        )
    if not bool(torch.isfinite(tensor).all()):
        raise DataError("signals hold NaN or infinite samples; remove them first")
    return tensor

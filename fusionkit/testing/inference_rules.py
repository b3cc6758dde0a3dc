"""What holds for every component in eval mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from fusionkit.testing.subject import Subject

Call = Callable[[nn.Module, Sequence[Tensor]], tuple[Tensor, ...]]

_TOLERANCE = 1e-3


def samples(shape: tuple[int, ...], loud: float) -> Tensor:
    """Return a batch of unlike inputs: noise, silence, a constant, loud noise, faint noise.

    Parameters
    ----------
    shape : tuple of int
        Shape of one input.
    loud : float
        Standard deviation of the loud noise.
    """
    noise = torch.randn(5, *shape, generator=torch.Generator().manual_seed(1))
    noise[1], noise[2] = 0, 1
    return noise * torch.tensor([1.0, 1.0, 1.0, loud, 1e-3]).view(5, *(1 for _ in shape))


def check_inference(subject: Subject, module: nn.Module, call: Call, inputs: Sequence[Tensor]) -> None:
    """Check that a module in eval mode is a pure function of each sample alone.

    Parameters
    ----------
    subject : Subject
        What is named.
    module : nn.Module
        The component.
    call : callable
        Runs it on inputs with the batch axis first and returns all its outputs.
    inputs : sequence of Tensor
        A batch.

    Raises
    ------
    ConformanceError
        If it changes its input, its buffers or the random state, answers otherwise when asked again, mixes the samples
        of a batch, or returns something else than finite float32.
    """
    module.eval()
    given = [tensor.clone() for tensor in inputs]
    state, generator = _tensors(module), torch.get_rng_state()
    with torch.no_grad():
        first = [output.clone() for output in call(module, inputs)]
        subject.expect(_equal(given, inputs), "changes its input in place")
        subject.expect(torch.equal(generator, torch.get_rng_state()), "draws random numbers in eval mode")
        subject.expect(_equal(state, _tensors(module)), "changes its parameters or buffers in eval mode")
        for output in first:
            subject.expect(output.dtype == torch.float32, f"returns {output.dtype}; expected torch.float32")
            finite = output.isfinite().flatten(1).all(1)
            names = ("noise", "silence", "a constant", "loud noise", "faint noise")
            faults = ", ".join(name for name, fine in zip(names, finite, strict=True) if not fine)
            subject.expect(not faults, f"returns values that are not finite for {faults}")
        subject.expect(_equal(first, call(module, inputs)), "answers otherwise when it is asked again")
        for row in range(len(given[0])):
            alone = call(module, [tensor[row : row + 1] for tensor in inputs])
            for output, single in zip(first, alone, strict=True):
                expected = output[row : row + 1]
                shapes = f"{tuple(single.shape)} for one sample and {tuple(output.shape)} for {len(output)}"
                subject.expect(single.shape == expected.shape, f"returns the shape {shapes}")
                error, size = (single - expected).abs().max(), expected.abs().max()
                subject.expect(bool(error <= _TOLERANCE * size + 1e-6), "mixes the samples of a batch in eval mode")


def check_round_trip(
    subject: Subject, module: nn.Module, fresh: nn.Module, call: Call, inputs: Sequence[Tensor]
) -> None:
    """Check that a fresh instance with the state dict of a module answers as the module does.

    Parameters
    ----------
    subject : Subject
        What is named.
    module, fresh : nn.Module
        The component, and another instance that started from other weights.
    call : callable
        Runs either on inputs.
    inputs : sequence of Tensor
        A batch.
    """
    fresh.load_state_dict(module.state_dict())
    with torch.no_grad():
        same = _equal(call(module.eval(), inputs), call(fresh.eval(), inputs))
    subject.expect(same, "is not restored by its state dict: a fresh instance that loads it answers otherwise")


def _tensors(module: nn.Module) -> list[Tensor]:
    return [tensor.detach().clone() for tensor in (*module.parameters(), *module.buffers())]


def _equal(left: Sequence[Tensor], right: Sequence[Tensor]) -> bool:
    return len(left) == len(right) and all(torch.equal(a, b) for a, b in zip(left, right, strict=True))

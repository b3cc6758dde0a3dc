"""The component that is checked, and the error that names it and the rule it breaks."""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from fusionkit.errors import FusionkitError
from fusionkit.model.probe import create
from fusionkit.model.seeding import own_randomness
from fusionkit.registry import Component, Kind, Provider, Registry

_UNLIKELY_SEED = 918_273_645


class ConformanceError(AssertionError):
    """A component breaks a rule of its interface; the message names both."""


@dataclass(frozen=True)
class Subject:
    """A component under check, with the options that it is made with.

    Parameters
    ----------
    component : Component
        What is checked.
    options : mapping
        Its options; what is not given keeps its default.
    """

    component: Component
    options: Mapping[str, object]

    def __str__(self) -> str:
        return f"{self.component} of {self.component.provider}"

    def expect(self, kept: bool, fault: str) -> None:
        """Raise a ConformanceError that says what is wrong, unless a rule is kept."""
        if not kept:
            raise ConformanceError(f"{self} {fault}")

    def create(self, *negotiated: object, seed: int = 0) -> Any:
        """Make the component from a seed of its weights."""
        torch.manual_seed(seed)
        return create(self.component, *negotiated, options=self.options)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Turn every error into a ConformanceError, and hold the state of the process against its state before.

        The random state of PyTorch may be drawn from to make a component and to train it. All state is put back.
        """
        kept = random.getstate(), np.random.get_state(), torch.get_default_dtype(), torch.get_num_threads()  # noqa: NPY002
        random.seed(_UNLIKELY_SEED)
        np.random.seed(_UNLIKELY_SEED)  # noqa: NPY002 - a component that seeds it must not meet its own seed here
        before, printed, failure = _process_state(), io.StringIO(), None
        try:
            with own_randomness(), contextlib.redirect_stdout(printed):
                yield
        except ConformanceError:
            raise
        except Exception as error:
            failure = error
        finally:
            after = _process_state()
            random.setstate(kept[0])
            np.random.set_state(kept[1])  # noqa: NPY002
            torch.set_default_dtype(kept[2])
            torch.set_num_threads(kept[3])
        for name, value in before.items():
            self.expect(after[name] == value, f"changes {name}")
        if failure is not None:
            text = str(failure) if isinstance(failure, FusionkitError) else f"failed: {failure!r}"
            raise ConformanceError(text if text.startswith(str(self)) else f"{self}: {text}") from failure
        self.expect(not printed.getvalue(), f"prints to stdout: {printed.getvalue()!r}")


def subject(kind: Kind, component_class: type, options: Mapping[str, object]) -> Subject:
    """Return a class as a subject, after the checks of registration.

    Raises
    ------
    ConformanceError
        If the class could not be registered: no interface, an option without annotation, ``**kwargs``.
    """
    registry, name = Registry(), component_class.__name__.strip("_").lower()
    try:
        registry.register(kind, name, component_class, Provider(component_class.__module__, component_class.__name__))
    except FusionkitError as error:
        raise ConformanceError(str(error)) from error
    return Subject(registry.get(kind, name), options)


def _process_state() -> dict[str, object]:
    _, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "the default dtype of PyTorch": torch.get_default_dtype(),
        "the number of threads of PyTorch": torch.get_num_threads(),
        "the global random state of NumPy": (np.asarray(keys).tobytes(), *rest),
        "the global random state of Python": random.getstate(),
    }

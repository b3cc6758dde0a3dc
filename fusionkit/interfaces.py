"""What the components are, from preprocessors to fusers: the one file that a plugin author reads.

Everything that is negotiated (shapes, widths, classes) is positional-only; everything that a user may choose is
keyword-only and annotated with an `Option`. A class here is an interface; a component implements one and is never
subclassed itself.

Axes are named batch, branch, channel, freq, time, token, embed and class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

Axes = tuple[str, ...]
CHANNEL_TIME: Axes = ("channel", "time")
CHANNEL_FREQ_TIME: Axes = ("channel", "freq", "time")


@dataclass(frozen=True)
class SignalSpec:
    """The shape of one window of a signal.

    Parameters
    ----------
    channels : int
        Leads or audio channels.
    samples : int
        Samples a channel.
    sample_rate : float
        Samples a second, in Hz.
    """

    channels: int
    samples: int
    sample_rate: float

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate

    def __str__(self) -> str:
        return f"{self.channels}x{self.samples}@{self.sample_rate:g}"


@dataclass(frozen=True)
class Task:
    """What is predicted.

    Parameters
    ----------
    kind : 'binary', 'multiclass' or 'multilabel'
        A binary task may have one output (sigmoid, the probability of ``classes[1]``) or two (softmax); a multi-label
        task has one a class (sigmoid), since a recording may belong to several classes.
    classes : tuple of str
        Class names, in the order of the outputs.
    num_outputs : int
        Logits a window.
    """

    kind: Literal["binary", "multiclass", "multilabel"]
    classes: tuple[str, ...]
    num_outputs: int


@dataclass(frozen=True)
class Features:
    """What an encoder makes of a view.

    Parameters
    ----------
    tokens : Tensor [batch, token, token_dim]
        A sequence: patches, time steps, positions of a feature map.
    vector : Tensor [batch, embed_dim]
        One summary of the view.
    """

    tokens: Tensor
    vector: Tensor


class Preprocessor(ABC):
    """A fixed change of a signal before anything looks at it, for example a filter.

    ``__init__(self, sample_rate: float, /, *, options)``, with the rate in Hz at which windows are read. It learns
    nothing from the data and draws nothing at random. It gets more signal than the window, as far as there is any,
    and what lies outside the window is cut off afterwards.
    """

    context: float = 0.0
    """How far before and after a window samples change its values, in s."""

    @abstractmethod
    def __call__(self, x: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Map a signal [channel, time] to one of the same shape, without changing the one given."""


class Augmentation(ABC):
    """A random change of a training sample.

    ``__init__(self, sample_rate: float, /, *, options)``, with the rate of the signal in Hz. Level ``signal`` changes
    the window before its representations are computed; level ``view`` changes a view with the axes channel, freq and
    time, and leaves other views alone. All randomness comes from the generator given, which is a pure function of
    seed, epoch and window, so that a run can be repeated and resumed.
    """

    level: ClassVar[Literal["signal", "view"]]

    @abstractmethod
    def __call__(self, x: Tensor, rng: np.random.Generator, /) -> Tensor:
        """Map one sample, [channel, time] or [channel, freq, time], to one of the same shape; the given one stays."""


class Mixing(ABC):
    """A random mixture of a training sample with another one: ``share * own + (1 - share) * other``, labels too.

    ``__init__(self, /, *, options)``. Views and losses are mixed with the same share; the other sample is drawn by
    the trainer.
    """

    @abstractmethod
    def share(self, rng: np.random.Generator, /) -> float:
        """Return the share of the own sample, from 0 to 1; 1 leaves it as it is."""


class Representation(nn.Module, ABC):
    """A parameter-free, batched view of a signal.

    ``__init__(self, signal: SignalSpec, /, *, options)``. Holds buffers only.
    """

    axes: ClassVar[Axes]

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Map signals [batch, channel, time] to views [batch, *axes]."""


class Encoder(nn.Module, ABC):
    """Turns a view into features.

    ``__init__(self, view_shape: tuple[int, ...], /, *, options)``, where ``view_shape`` is the shape of a view without
    its batch axis. Sets ``embed_dim`` (width of the vector) and ``token_dim`` (width of a token).
    """

    accepts: ClassVar[tuple[Axes, ...]]
    embed_dim: int
    token_dim: int

    @abstractmethod
    def forward(self, view: Tensor) -> Features:
        """Map views [batch, *axes] to features."""

    def classifier(self, num_outputs: int, /) -> nn.Module:
        """Return a new natural head of this encoder, which maps vectors [batch, embed_dim] to logits.

        Parameters
        ----------
        num_outputs : int
            Logits a sample.
        """
        return nn.Linear(self.embed_dim, num_outputs)


@dataclass(frozen=True)
class BranchSpec:
    """What a fuser is told of one branch.

    Parameters
    ----------
    name : str
        Name of the branch, for example ``mel-vit``.
    embed_dim, token_dim, num_tokens : int
        Width of the vector, width of a token, tokens a view.
    classifier : callable
        ``classifier(num_outputs)`` makes a new natural head of the encoder.
    """

    name: str
    embed_dim: int
    token_dim: int
    num_tokens: int
    classifier: Callable[[int], nn.Module]


@dataclass(frozen=True)
class Stage:
    """One stage of training: what learns, on what, and what stays frozen.

    Everything that is not in ``modules`` is frozen: no gradient, and eval mode, BatchNorm statistics included.

    Parameters
    ----------
    name : str
        For example ``joint``, ``branch mel-vit`` or ``attention``.
    modules : tuple of nn.Module
        What learns.
    logits : callable
        Maps the inputs of the stage, a sequence of tensors with the batch axis first, to logits [batch, num_outputs].
    frozen : callable, optional
        Maps the views of all branches to the inputs of the stage. It is computed once a split, in eval mode and without
        gradient, and reused in every epoch. None: the inputs are the views themselves.
    """

    name: str
    modules: tuple[nn.Module, ...]
    logits: Callable[[Sequence[Tensor]], Tensor]
    frozen: Callable[[Sequence[Tensor]], tuple[Tensor, ...]] | None = None


class Fuser(nn.Module, ABC):
    """Turns the features of all branches, in the order given, into logits.

    ``__init__(self, branches: Sequence[BranchSpec], num_outputs: int, /, *, options)``.
    """

    min_branches: ClassVar[int] = 1
    max_branches: ClassVar[int | None] = None

    @abstractmethod
    def forward(self, features: Sequence[Features]) -> Tensor:
        """Map the features of every branch to logits [batch, num_outputs]."""

    def stages(self, encoders: Sequence[Encoder], /) -> list[Stage]:
        """Return the stages in which the fuser wants to be trained; by default one joint stage over everything.

        Parameters
        ----------
        encoders : sequence of Encoder
            The encoder of every branch, in the order of the branches.
        """
        return [joint_stage(encoders, self)]


def joint_stage(encoders: Sequence[Encoder], fuser: Fuser) -> Stage:
    """Return the stage that trains all encoders and the fuser together."""

    def logits(views: Sequence[Tensor]) -> Tensor:
        output: Tensor = fuser([encoder(view) for encoder, view in zip(encoders, views, strict=True)])
        return output

    return Stage("joint", (*encoders, fuser), logits)


def branch_stage(name: str, index: int, encoder: Encoder, classifier: nn.Module) -> Stage:
    """Return the stage that trains one branch alone, under a classifier of its own.

    Parameters
    ----------
    name : str
        Name of the branch.
    index : int
        Its place among the views.
    encoder, classifier : nn.Module
        What learns; the classifier maps the vector of the encoder to logits.
    """

    def logits(views: Sequence[Tensor]) -> Tensor:
        output: Tensor = classifier(encoder(views[index]).vector)
        return output

    return Stage(f"branch {name}", (encoder, classifier), logits)

"""The fusion model: representations, encoders and a fuser."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from fusionkit.interfaces import Encoder, Fuser, Representation, SignalSpec


class FusionModel(nn.Module):
    """``fuser([encoder(representation(x)) for every branch])``.

    Parameters
    ----------
    signal : SignalSpec
        The signals that the model takes.
    branch_names : sequence of str
        Name of every branch.
    representations : sequence of Representation
        Representation of every branch.
    encoders : sequence of Encoder
        Encoder of every branch.
    fuser : Fuser
        What turns the features of all branches into logits.
    branch_classifiers : sequence of nn.Module
        A classifier a branch, which only training uses: the staged schedule, or losses of single branches; empty
        otherwise.
    """

    def __init__(
        self,
        signal: SignalSpec,
        branch_names: Sequence[str],
        representations: Sequence[Representation],
        encoders: Sequence[Encoder],
        fuser: Fuser,
        branch_classifiers: Sequence[nn.Module] = (),
    ) -> None:
        super().__init__()
        self.signal = signal
        self.branch_names = tuple(branch_names)
        self.representations = nn.ModuleList(representations)
        self.encoders = nn.ModuleList(encoders)
        self.fuser = fuser
        self.branch_classifiers = nn.ModuleList(branch_classifiers)

    def views(self, x: Tensor) -> list[Tensor]:
        """Map signals [batch, channel, time] to the view of every branch."""
        return [representation(x) for representation in self.representations]

    def classify(self, views: Sequence[Tensor]) -> Tensor:
        """Map the view of every branch to logits [batch, num_outputs]."""
        logits: Tensor = self.fuser([encoder(view) for encoder, view in zip(self.encoders, views, strict=True)])
        return logits

    def forward(self, x: Tensor) -> Tensor:
        """Map signals [batch, channel, time] to logits [batch, num_outputs]."""
        return self.classify(self.views(x))

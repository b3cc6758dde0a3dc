"""One branch under its own head."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from fusionkit.interfaces import BranchSpec, Features, Fuser


class Single(Fuser):
    """The natural head of the encoder on the vector of the only branch: no fusion.

    Parameters
    ----------
    branches : sequence of one BranchSpec
        The branch.
    num_outputs : int
        Logits a sample.
    """

    max_branches = 1

    def __init__(self, branches: Sequence[BranchSpec], num_outputs: int, /) -> None:
        super().__init__()
        self.classifier = branches[0].classifier(num_outputs)

    def forward(self, features: Sequence[Features]) -> Tensor:
        """Map the features of the branch to logits [batch, num_outputs]."""
        logits: Tensor = self.classifier(features[0].vector)
        return logits

"""Decision-level fusion with a learnt weight for every class and branch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from fusionkit.interfaces import BranchSpec, Encoder, Features, Fuser, Stage, branch_stage
from fusionkit.options import Option


class LateAttention(Fuser):
    """Weighs what every branch says of every class [1]_.

    Each branch has its own classifier, which gives class probabilities ``p_b`` (a softmax of its logits). With one
    learnt weight a class and branch, the logits are ``s_k = sum_b w[k, b] p_b[k]``; cross-entropy takes a softmax of
    them. It is trained in stages: every branch alone, then the weights alone over the frozen branches.

    A binary task with one output has two classes here too, ``p_b = [1 - sigmoid(z_b), sigmoid(z_b)]``, and the logit is
    ``s_1 - s_0``: its sigmoid is the softmax of the scores, so that both forms of a binary task are one model.

    With ``reads="logits"`` the logits of a branch stand in for ``p_b``, output by output. Use it for a multi-label
    task, where the probabilities of a sample are no distribution over the classes.

    Parameters
    ----------
    branches : sequence of BranchSpec
        Two or more branches.
    num_outputs : int
        Logits a sample.

    References
    ----------
    .. [1] Vindas et al., "An hybrid CNN-Transformer model based on multi-feature extraction and attention fusion
       mechanism for cerebral emboli classification", MLHC 2022, PMLR 182.
    """

    min_branches = 2

    def __init__(
        self,
        branches: Sequence[BranchSpec],
        num_outputs: int,
        /,
        *,
        reads: Annotated[Literal["probabilities", "logits"], Option("What of a branch is weighed.")] = "probabilities",
        init: Annotated[
            Literal["equal", "normal"],
            Option("Weights at first: equal to one over the branches, or drawn from N(0, 1) as published."),
        ] = "equal",
    ) -> None:
        super().__init__()
        self.names = tuple(branch.name for branch in branches)
        self.reads_probabilities = reads == "probabilities"
        self.one_output = num_outputs == 1
        self.classifiers = nn.ModuleList(branch.classifier(num_outputs) for branch in branches)
        num_classes = 2 if self.one_output and self.reads_probabilities else num_outputs
        shape = (num_classes, len(branches))
        self.scores = _WeightedScores(torch.randn(shape) if init == "normal" else torch.full(shape, 1 / len(branches)))

    def forward(self, features: Sequence[Features]) -> Tensor:
        """Map the features of every branch to logits [batch, num_outputs]."""
        return self._fuse(self._read([feature.vector for feature in features]))

    def stages(self, encoders: Sequence[Encoder], /) -> list[Stage]:
        """Return one stage a branch, which trains the branch alone, and the stage ``attention``."""

        def frozen(views: Sequence[Tensor]) -> tuple[Tensor]:
            return (self._read([encoder(view).vector for encoder, view in zip(encoders, views, strict=True)]),)

        branches = [
            branch_stage(name, index, encoder, classifier)
            for index, (name, encoder, classifier) in enumerate(
                zip(self.names, encoders, self.classifiers, strict=True)
            )
        ]
        return [*branches, Stage("attention", (self.scores,), lambda inputs: self._fuse(inputs[0]), frozen)]

    def attention(self, over: Literal["branch", "class"] = "branch") -> Tensor:
        """Return the attention of every class to every branch [class, branch].

        Parameters
        ----------
        over : 'branch' or 'class'
            What the softmax of the weights goes over. The branches, so that a row sums to one, as the paper's Table 4
            does; or the classes, so that a column does, as its equations 2 and 3 have it.
        """
        return self.scores.weight.detach().softmax(dim=1 if over == "branch" else 0)

    def _read(self, vectors: Sequence[Tensor]) -> Tensor:
        """Return what every branch says of every class [batch, branch, class]."""
        logits = torch.stack([head(vector) for head, vector in zip(self.classifiers, vectors, strict=True)], dim=1)
        if not self.reads_probabilities:
            return logits
        return torch.cat([(-logits).sigmoid(), logits.sigmoid()], dim=2) if self.one_output else logits.softmax(dim=2)

    def _fuse(self, read: Tensor) -> Tensor:
        scores: Tensor = self.scores(read)
        return scores[:, 1:] - scores[:, :1] if self.one_output and self.reads_probabilities else scores


class _WeightedScores(nn.Module):
    """Sums over the branches with one weight a class and branch, its only parameter."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, read: Tensor) -> Tensor:
        return torch.einsum("nbk,kb->nk", read, self.weight)

"""Mixtures of two samples."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from fusionkit.augmentations.probability import ProbabilityOption
from fusionkit.interfaces import Mixing
from fusionkit.options import Option


class Mixup(Mixing):
    r"""Mixtures of two training samples and of their labels (mixup) [1]_.

    .. math:: \tilde{x} = \lambda x_i + (1 - \lambda) x_j, \quad \tilde{y} = \lambda y_i + (1 - \lambda) y_j, \quad
        \lambda \sim \mathrm{Beta}(\alpha, \alpha)

    A small ``alpha`` leaves most samples nearly alone, 1 makes all shares alike, a large one mixes half and half.

    References
    ----------
    .. [1] H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, "mixup: beyond empirical risk minimization", ICLR, 2018,
       doi:10.48550/arXiv.1710.09412.
    """

    def __init__(
        self,
        /,
        *,
        alpha: Annotated[float, Option("Both parameters of the Beta distribution of shares.", gt=0, le=1000)] = 0.2,
        p: ProbabilityOption = 1.0,
    ) -> None:
        self.alpha, self.p = alpha, p

    def share(self, rng: np.random.Generator, /) -> float:
        """Return the share of the own sample."""
        return 1.0 if rng.random() >= self.p else float(rng.beta(self.alpha, self.alpha))

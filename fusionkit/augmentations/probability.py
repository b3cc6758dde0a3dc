"""The option that every augmentation has."""

from __future__ import annotations

from typing import Annotated

from fusionkit.options import Option

ProbabilityOption = Annotated[float, Option("Probability that a sample is changed.", ge=0, le=1)]

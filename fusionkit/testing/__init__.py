"""Checks that every component keeps the rules of its interface, for the tests of plugins.

One test is enough for a whole plugin:

>>> from fusionkit.testing import conformance
>>> import my_plugin  # doctest: +SKIP
>>> @conformance(my_plugin)  # doctest: +SKIP
... def test_component_keeps_the_rules(check):
...     check()
"""

from fusionkit.testing.augmentation_rules import check_augmentation
from fusionkit.testing.conformance import conformance
from fusionkit.testing.encoder_rules import check_encoder
from fusionkit.testing.fuser_rules import check_fuser
from fusionkit.testing.preprocessor_rules import check_preprocessor
from fusionkit.testing.representation_rules import check_representation
from fusionkit.testing.subject import ConformanceError

__all__ = [
    "ConformanceError",
    "check_augmentation",
    "check_encoder",
    "check_fuser",
    "check_preprocessor",
    "check_representation",
    "conformance",
]

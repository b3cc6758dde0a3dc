import fusionkit_extras

from fusionkit.plugins import build_registry
from fusionkit.testing import conformance

SMALL = {
    "vit": {"embed_dim": 8, "depth": 2, "num_heads": 2},
    "cnn1d": {"channels": (3, 4)},
    "cnn2d": {"channels": (3, 4)},
    "cnn_transformer": {"embed_dim": 8, "depth": 2, "num_heads": 2},
}


@conformance(build_registry([])[0], **SMALL)
def test_builtin_component_keeps_the_rules(check):
    check()


@conformance(fusionkit_extras, inception_time={"num_filters": 2, "kernel_size": 8, "depth": 3})
def test_component_of_the_extras_keeps_the_rules(check):
    check()

from fusionkit.testing import conformance

import fusionkit_extras


@conformance(fusionkit_extras, inception_time={"num_filters": 2, "kernel_size": 8})
def test_component_keeps_the_rules(check):
    check()

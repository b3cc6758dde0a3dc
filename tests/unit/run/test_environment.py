from __future__ import annotations

import json
import platform

import torch

from fusionkit.run.environment import environment


def test_the_environment_is_plain_and_true() -> None:
    found = environment()
    assert json.loads(json.dumps(found)) == found
    assert found["python"] == platform.python_version()
    assert found["threads"] == torch.get_num_threads()
    assert found["packages"]["torch"] == torch.__version__
    assert all(version[0].isdigit() for version in found["packages"].values())

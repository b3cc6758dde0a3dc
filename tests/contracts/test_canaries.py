"""The checks find every component that is wrong on purpose, and say what is wrong."""

import numpy as np
import pytest
import torch

from fusionkit.hookspecs import hookimpl
from fusionkit.testing import ConformanceError, check_encoder, check_fuser, check_representation, conformance
from tests.contracts.canaries.building import Halves, Joined, Steps, before_forward
from tests.contracts.canaries.encoders import ENCODERS
from tests.contracts.canaries.fusers import FUSERS, head_stage, stage, stages
from tests.contracts.canaries.representations import REPRESENTATIONS


@pytest.mark.parametrize(
    ("check", "right"), [(check_representation, Halves), (check_encoder, Steps), (check_fuser, Joined)]
)
def test_what_the_canaries_are_made_of_keeps_the_rules(check, right):
    check(right)


def test_two_stages_over_frozen_vectors_keep_the_rules():
    check_fuser(stages(stage, head_stage))


@pytest.mark.parametrize(
    ("check", "wrong", "message"),
    [
        pytest.param(check, wrong, message, id=f"{check.__name__}-{what}".replace(" ", "-"))
        for check, canaries in (
            (check_representation, REPRESENTATIONS),
            (check_encoder, ENCODERS),
            (check_fuser, FUSERS),
        )
        for what, wrong, message in canaries
    ],
)
def test_wrong_component_is_found_and_named(check, wrong, message):
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    with pytest.raises(ConformanceError, match=message) as caught:
        check(wrong)
    assert f"'{wrong.__name__.lower()}' of " in str(caught.value)
    assert (torch.get_default_dtype(), torch.get_num_threads()) == (dtype, threads)


def test_checks_leave_the_random_state_of_pytorch():
    torch.manual_seed(5)
    check_encoder(Steps)
    found = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(found, torch.rand(3))


@pytest.mark.parametrize("options", [{"embed_dim": 0}, {"width": 3}])
def test_options_are_validated(options):
    with pytest.raises(ConformanceError, match=r"encoder 'steps'.* option"):
        check_encoder(Steps, **options)


def test_other_signals_and_shapes_may_be_given():
    mono = before_forward(Steps, lambda self, x: x.view(len(x), 1, -1))
    check_encoder(mono, [(1, 50), (1, 51)])
    with pytest.raises(ConformanceError):
        check_encoder(mono, [(2, 50)])


class Plugin:
    @hookimpl
    def register_encoders(self, register):
        register("steps", Steps)

    @hookimpl
    def register_fusers(self, register):
        register("joined", Joined)


def test_conformance_asks_for_one_check_a_component():
    mark = conformance(Plugin(), steps={"embed_dim": 3})
    argument, cases = mark.args
    assert argument == "check"
    assert [case.id for case in cases] == ["encoder-steps", "fuser-joined"]
    assert cases[0].values[0].keywords == {"embed_dim": 3}
    for case in cases:
        case.values[0]()


def test_conformance_refuses_options_of_an_unknown_component():
    with pytest.raises(ConformanceError, match="options for step, which is not registered"):
        conformance(Plugin(), step={"embed_dim": 3})


@pytest.mark.parametrize("nothing", [object(), np])
def test_conformance_refuses_what_is_no_plugin(nothing):
    with pytest.raises(ConformanceError, match="registers nothing; mark its hooks"):
        conformance(nothing)

import pytest
import torch
from fusionkit.errors import PluginError, UsageError
from fusionkit.testing import check_encoder

from fusionkit_comparators.densenet169 import DenseNet169
from fusionkit_comparators.efficientnet_b0 import EfficientNetB0
from fusionkit_comparators.inception_v3 import InceptionV3
from fusionkit_comparators.mobilenet_v3 import MobileNetV3
from fusionkit_comparators.resnet18 import ResNet18
from fusionkit_comparators.timm_loader import load_timm

# Parameters with the classifier of 1000 classes for images of 3 channels, as the model tables of torchvision state
# them (Inception-v3 less its auxiliary classifier, 3 326 696); width of the vector; filters and kernel of the stem.
PUBLISHED = {
    MobileNetV3: (5_483_032, 1280, 16 * 3**2),
    EfficientNetB0: (5_288_548, 1280, 32 * 3**2),
    ResNet18: (11_689_512, 512, 64 * 7**2),
    DenseNet169: (14_149_480, 1664, 64 * 7**2),
    InceptionV3: (27_161_264 - 3_326_696, 2048, 32 * 3**2),
}
SMALLEST = {DenseNet169: 29, InceptionV3: 75}
SHAPES = {DenseNet169: [(1, 29, 40), (2, 61, 31)], InceptionV3: [(1, 75, 80)]}


@pytest.fixture(scope="module", autouse=True)
def _timm():
    try:
        load_timm("the tests")
    except PluginError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("encoder", PUBLISHED)
def test_encoder_keeps_the_rules(encoder):
    check_encoder(encoder, SHAPES.get(encoder), drop_rate=0.2)


@pytest.mark.parametrize("encoder", PUBLISHED)
@pytest.mark.parametrize("channels", [1, 3])
def test_parameters_are_those_of_the_literature(encoder, channels):
    whole, width, stem = PUBLISHED[encoder]
    parameters = encoder((channels, 224, 224)).parameters()
    assert sum(p.numel() for p in parameters) == whole - (width + 1) * 1000 - (3 - channels) * stem


@pytest.mark.parametrize("encoder", SMALLEST)
def test_too_small_a_view_is_refused_and_the_smallest_accepted(encoder):
    least = SMALLEST[encoder]
    features = encoder((1, least, least)).eval()(torch.randn(1, 1, least, least))
    assert features.tokens.shape[:2] == (1, 1)
    with pytest.raises(UsageError, match=f"has {least} rows and {least - 1} columns; it takes at least {least} of"):
        encoder((1, least, least - 1))


def test_features_are_those_before_the_classifier_of_the_whole_network():
    """ResNet-18 from its layers, as the paper draws it; the vector is the mean of the tokens."""
    torch.manual_seed(0)
    encoder = ResNet18((2, 64, 96)).eval()
    view = torch.randn(2, 2, 64, 96)
    n = encoder.features.network
    x = n.maxpool(n.bn1(n.conv1(view)).relu())
    for block in [*n.layer1, *n.layer2, *n.layer3, *n.layer4]:
        shortcut = x if block.downsample is None else block.downsample(x)
        x = (block.bn2(block.conv2(block.bn1(block.conv1(x)).relu())) + shortcut).relu()
    features = encoder(view)
    assert features.tokens.shape == (2, 2 * 3, 512)
    torch.testing.assert_close(features.tokens[:, 4], x[:, :, 1, 1])
    torch.testing.assert_close(features.vector, x.mean((2, 3)))


@pytest.mark.parametrize("encoder", [ResNet18, EfficientNetB0])
def test_dropout_falls_on_the_vector_in_training_alone(encoder):
    made = encoder((1, 64, 64), drop_rate=0.5)
    view = torch.randn(8, 1, 64, 64)
    features = made.train()(view)
    mean = features.tokens.mean(1)
    kept = features.vector != 0
    torch.testing.assert_close(features.vector, torch.where(kept, 2 * mean, 0))
    assert 0.4 < kept[mean != 0].float().mean() < 0.6
    features = made.eval()(view)
    torch.testing.assert_close(features.vector, features.tokens.mean(1))

"""What runs each family of networks, OpenVINO or torch, and how far features agree with those of torch in float32.

Run it by `python tests/benchmarks/backends.py [first letters of a model] ...`. It takes the smallest member of each
family of torchvision, timm and OpenCLIP with random weights, three layers of it, and four images of 128 x 256 pixels.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from covey import Floats, Pixels, Runtime
from covey.extraction.networks import Network, build_extract
from covey.extraction.vision_extractor import VisionExtractor
from covey_clip import Clip
from covey_timm import Timm
from covey_torchvision import Torchvision

SHORT = ("resnet1",)

TORCHVISION = """
    AlexNet ConvNeXt_Tiny DenseNet121 EfficientNet_B0 EfficientNet_V2_S GoogLeNet Inception_V3 MaxVit_T
    MNASNet0_5 MobileNet_randinit MobileNet_V2 MobileNet_V3_Large RegNet_X_400MF ResNet50 ResNeXt50_32X4D
    ShuffleNet_V2_X0_5 SqueezeNet1_1 Swin_S Swin_V2_T vgg16 Vit_b_16 Wide_ResNet50_2
"""
TIMM = """
    tf_efficientnet_lite0 beit_base_patch16_224 halonet_h1 mobileone_s0 cait_xxs24_224 coat_lite_tiny
    convit_tiny convmixer_768_32 convnext_atto cpubone_nano crossvit_tiny_240 csatv2 cs3darknet_focus_s
    cspnext_s davit_tiny deit_tiny_distilled_patch16_224 densenet121 dla46_c dpn48b edgenext_small
    efficientformer_l1 efficientformerv2_s0 efficientnet_b0 efficientvim_m1 efficientvit_b0 efficientvit_m0
    eva02_tiny_patch14_224 fasternet_t0 fastvit_t8 focalnet_tiny_srf gcvit_xxtiny ghostnet_050 hardcorenas_a
    hgnetv2_b0 hiera_tiny_224 sam2_hiera_tiny hrnet_w18_small iformer_t inception_next_atto
    inception_resnet_v2 inception_v3 inception_v4 lcnetv2_small levit_128s lowformer_b0 test_mambaout
    test_coatnet poolformerv2_s12 gmlp_ti16_224 lcnet_035 mobilenetv5_base mobilevit_s mvitv2_tiny
    naflexvit_base_patch16_parfac_gap nasnetalarge nest_tiny nextvit_small test_nfnet pit_ti_224
    pnasnet5large pvt_v2_b0 qwen3_vit_88m rdnet_tiny regnetx_002 repghostnet_050 repvit_m0_9 res2next50
    resnest14d resnet10t resnetv2_18 rexnet_100 selecsls42 legacy_seresnet18 sequencer2d_s shvit_s1
    skresnet18 starnet_s1 swiftformer_xs swin_tiny_patch4_window7_224 swinv2_tiny_window8_256
    swinv2_cr_tiny_224 tiny_vit_5m_224 tnt_s_legacy_patch16_224 tresnet_m twins_svt_small vgg11
    visformer_tiny test_vit vit_tiny_r_s16_p8_224 test_vit_relpos samvit_base_patch16_224 vitamin_small_224
    volo_d1_224 ese_vovnet19b_slim legacy_xception xception41p xcit_nano_12_p8_224 gemma4_vit_167m
    deepseek_vit_412m
"""
CLIP = """
    RN50 ViT-B-32 coca_ViT-B-32 convnext_base EVA02-B-16 MobileCLIP-S1 ViT-B-16-SigLIP ViTamin-S
"""
SIZE = (128, 256)


def main() -> None:
    """Print the table."""
    print("| model | size | by | cosine | processor s | why torch |")
    print("|---|---|---|---|---|---|")
    for extractor in extractors():
        if len(sys.argv) == 1 or extractor.model.startswith(tuple(sys.argv[1:])):
            print(describe(extractor), flush=True)


def extractors() -> Iterator[VisionExtractor]:
    """Yield the smallest member of each family, with random weights."""
    for kind, models in ((Torchvision, TORCHVISION), (Timm, TIMM), (Clip, CLIP)):
        yield from (kind(model=model, weights="random") for model in models.split())


def describe(extractor: VisionExtractor) -> str:
    """Return the row of a network."""
    begin = time.process_time()
    try:
        network = extractor.network()
        size = "any" if network.takes_any_size() else "one"
        layers = choose_layers(network)
        expected = build_extract(network, layers, runtime=Runtime())(pictures())
        backend, cosine, problem = compare(network, layers, expected)
    except Exception as error:
        return f"| {extractor.model} | | | | | {type(error).__name__}: {str(error)[:150]} |"
    return f"| {extractor.model} | {size} | {backend} | {cosine:.6f} | {time.process_time() - begin:.0f} | {problem} |"


def choose_layers(network: Network) -> tuple[str, ...]:
    """Return three layers: an early one, one in the middle and the last."""
    layers = list(network.shapes())
    return tuple(dict.fromkeys(layers[round(place * (len(layers) - 1))] for place in (0.2, 0.6, 1)))


def compare(network: Network, layers: Sequence[str], expected: Sequence[Floats]) -> tuple[str, float, str]:
    """Return what runs a network, the worst cosine with features of torch in float32, and why OpenVINO does not."""
    extract = build_extract(network, layers, runtime=Runtime(backend="openvino", precision="bfloat16", threads=1))
    extract.prepare([SIZE])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        features = extract(pictures())
    problems = [str(warning.message) for warning in caught if "OpenVINO cannot" in str(warning.message)]
    worst = min(float(cosines(X, Y).min()) for X, Y in zip(features, expected, strict=True))
    return " ".join(extract.backend.split()[:4:3]) or "torch", worst, "; ".join(problems)


def cosines(X: Floats, Y: Floats) -> NDArray[np.float64]:
    """Return the cosine of each row with its counterpart; 1 for rows of zeros, as layers without training give them."""
    exact_X, exact_Y = X.astype(np.float64), Y.astype(np.float64)
    lengths = np.linalg.norm(exact_X, axis=1) * np.linalg.norm(exact_Y, axis=1)
    computed: NDArray[np.float64] = (exact_X * exact_Y).sum(1) / np.maximum(lengths, 1e-30)
    return np.where((X == Y).all(1), 1, computed)


@cache
def pictures() -> Pixels:
    """Return four images: noise of several strengths, with bars as spectrograms have them."""
    random = np.random.default_rng(3)
    images = random.integers(0, 256, (4, *SIZE, 3)) * np.array([1, 0.1, 0.5, 0.2]).reshape(4, 1, 1, 1)
    images[1, 40:60, 50:200], images[2, :, 100:130], images[3, 100:110] = 240, 10, 200
    return np.asarray(images, np.uint8)


if __name__ == "__main__":
    main()

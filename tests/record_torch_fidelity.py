"""Records what torch-fidelity and prdc say of known features, for tests/test_metrics.py.

    python -m venv peers && peers/bin/pip install torch torchvision torch-fidelity==0.4.0 prdc==0.2
    peers/bin/python tests/record_torch_fidelity.py

Features, logits, paths and weights come from NumPy's frozen `RandomState`, so both sides make them alike; only scores
and the shapes of the Inception network's kernels are stored, in tests/recorded/torch_fidelity.json.
"""

import json
import pathlib
import tempfile
import zlib

import numpy as np

RECORDED = pathlib.Path(__file__).parent / "recorded" / "torch_fidelity.json"


def features(case):
    """Real and generated features: `wide` has more features than images, so that its covariances are singular."""
    random = np.random.RandomState(7)
    count, width = {"tall": (700, 12), "wide": (120, 160)}[case]
    mixing = random.normal(size=(width, width)) / np.sqrt(width)
    real = random.normal(size=(count, width)) @ mixing
    fake = 0.9 * random.normal(size=(count - 20, width)) @ mixing + 0.1 * random.normal(size=width)
    return real.astype("float32"), fake.astype("float32")


def logits():
    return np.random.RandomState(8).normal(size=(503, 15), scale=2.0).astype("float32")


def latents():
    """On the unit sphere: torch-fidelity's spherical step ends there, wherever it starts."""
    z = np.random.RandomState(9).normal(size=(256, 6))
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def generate(z):
    """Small pictures in 0..255 that bend with their latents."""
    weights = np.random.RandomState(10).normal(size=(6, 4 * 5 * 3))
    return (127.5 + 60.0 * np.sin(z @ weights)).reshape(-1, 4, 5, 3)


def pictures():
    rows, columns = np.mgrid[:80, :60]
    waves = [np.sin(rows / (3 + c) + columns / (5 + 2 * i)) for i in range(2) for c in range(3)]
    return (127.5 + 120 * np.stack(waves, -1).reshape(80, 60, 2, 3).transpose(2, 0, 1, 3)).astype("uint8")


def weight(name, shape):
    """A weight of the Inception network, of a size that keeps activations near 1."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    if name.endswith(("running_var", "bn.weight")):
        return random.uniform(0.5, 1.5, size=shape).astype("float32")
    fan_in = np.prod(shape[1:]) if len(shape) > 1 else 100
    return (random.normal(size=shape) * np.sqrt(2 / fan_in)).astype("float32")


def inception_state(kernels):
    """All weights, from the shapes of the kernels by name."""
    state = {}
    for name, shape in kernels.items():
        state[name] = weight(name, shape)
        if name.endswith(".conv.weight"):
            for part in ("weight", "bias", "running_mean", "running_var"):
                other = name.replace("conv.weight", f"bn.{part}")
                state[other] = weight(other, shape[:1])
    return state


def main():
    import prdc
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_isc import isc_features_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric

    recorded = {}
    for case in ("tall", "wide"):
        real, fake = (torch.from_numpy(values) for values in features(case))
        # In float64: torch-fidelity keeps the dtype of the features, which NumPy's statistics then round to.
        statistics = [fid_features_to_statistics(values.double()) for values in (fake, real)]
        recorded[case] = fid_statistics_to_metric(*statistics, verbose=False)
        size = {"tall": 500, "wide": 100}[case]
        recorded[case] |= kid_features_to_metric(
            fake.double(), real.double(), kid_subsets=20, kid_subset_size=size, verbose=False
        )
        recorded[case] |= prc_features_to_metric(fake.double(), real.double(), verbose=False, save_cpu_ram=False)
        recorded[case]["prdc"] = {k: float(v) for k, v in prdc.compute_prdc(real.numpy(), fake.numpy(), 5).items()}
    recorded["inception_score"] = isc_features_to_metric(torch.from_numpy(logits()))
    recorded["path_length"] = path_length()

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "inception.pth"
        original = FeatureExtractorInceptionV3.load_state_dict
        kernels = {}

        def fill(self, _):
            state = self.state_dict()
            kernels.update({k: list(v.shape) for k, v in state.items() if k.endswith(("conv.weight", "fc.weight"))})
            mine = inception_state(kernels)
            rest = {k: v for k, v in state.items() if k not in mine}
            return original(self, rest | {k: torch.from_numpy(v) for k, v in mine.items()})

        FeatureExtractorInceptionV3.load_state_dict = fill
        torch.save({}, path)
        network = FeatureExtractorInceptionV3("network", ["2048", "logits_unbiased"], str(path))
        with torch.no_grad():
            outputs = network(torch.from_numpy(pictures().transpose(0, 3, 1, 2).copy()))
    recorded["inception"] = {
        "kernels": kernels,
        "features": outputs[0][:, ::128].tolist(),
        "logits": outputs[1][:, ::63].tolist(),
    }
    RECORDED.write_text(json.dumps(recorded) + "\n")


def path_length():
    import torch
    from torch_fidelity import metric_ppl
    from torch_fidelity.generative_model_base import GenerativeModelBase

    # NumPy 2 renamed the argument that torch-fidelity 0.4 still calls by its old name.
    percentile = np.percentile
    metric_ppl.np.percentile = lambda values, q, interpolation: percentile(values, q, method=interpolation)
    starts = torch.from_numpy(latents())
    metric_ppl.sample_random = lambda random, shape, kind: starts.clone() if random.rand() else None
    metric_ppl.create_sample_similarity = lambda *args, **kwargs: lambda a, b: ((a - b) ** 2).mean(dim=(1, 2, 3))
    ends = torch.from_numpy(latents()[::-1].copy())
    original = metric_ppl.batch_interp
    metric_ppl.batch_interp = lambda a, b, t, mode: original(a, ends, t, mode)

    class Model(GenerativeModelBase):
        z_size, z_type, num_classes = 6, "normal", 0

        def forward(self, z):
            return torch.from_numpy(generate(z.numpy()))

    results = {}
    for mode in ("lerp", "slerp_unit"):
        results[mode] = metric_ppl.calculate_ppl(
            1, input1=Model(), input1_model_num_samples=256, cuda=False, verbose=False, ppl_z_interp_mode=mode,
            ppl_epsilon=1e-4,
        )  # fmt: skip
    metric_ppl.np.percentile = percentile
    return results


if __name__ == "__main__":
    main()

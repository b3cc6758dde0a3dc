"""Train on arrays in memory, look at the result, and predict new signals."""

import numpy as np

import fusionkit

rng = np.random.default_rng(0)
RATE = 250  # Hz
time = np.arange(RATE) / RATE

# 80 recordings of 20 subjects; the two classes differ in pitch.
labels = np.array(["low", "high"])[np.arange(80) % 2]
subjects = np.arange(80) // 4
pitch = np.where(labels == "low", 12, 18) + rng.normal(scale=1.0, size=80)
signals = np.sin(2 * np.pi * pitch[:, None] * time) + rng.normal(scale=1.0, size=(80, RATE))

result = fusionkit.fit(
    signals[:, None, :],  # (record, channel, time)
    labels,
    sample_rate=RATE,
    groups=subjects,
    representations=["stft", "wave"],
    encoders=["cnn2d", "cnn1d"],
    fuser="concat",
    options={"cnn2d.channels": (8, 16), "cnn1d.channels": (8, 16, 32)},
    settings={"epochs": 10, "batch_size": 16},
)
print(
    f"AUC on {result.metrics['test']['records']} recordings of unseen subjects: {result.metrics['test']['roc_auc']:.3f}"
)
print(fusionkit.predict(result, signals[:3, None, :], sample_rate=RATE).round(3))

from __future__ import annotations

from fusionkit.model.settings import BranchSettings

CNN = {"channels": (3, 4), "embed_dim": 5}
VIT = {"embed_dim": 8, "depth": 1, "num_heads": 2, "patch_size": (8, 8)}
MEL = {"n_mels": 16, "n_fft": 64, "size": (16, 16)}
WAVE_CNN = BranchSettings("wave", "cnn1d", {}, CNN)
MEL_VIT = BranchSettings("mel", "vit", MEL, VIT)

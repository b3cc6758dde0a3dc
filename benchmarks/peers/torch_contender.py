"""Plain PyTorch in a race: the usual loop over a DataLoader.

python -m benchmarks.peers.torch_contender train|predict float32|bfloat16 [--batch-size 32]
"""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.peers.pacer import Pacer
from benchmarks.peers.torch_audiofuse import AudioFuse

BATCHES = 4


def main() -> None:
    """Work for ever."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=["train", "predict"])
    parser.add_argument("precision", choices=["float32", "bfloat16"])
    parser.add_argument("--batch-size", type=int, default=32)
    chosen = parser.parse_args()
    pacer = Pacer()
    count = BATCHES * chosen.batch_size
    targets = (torch.rand(count) < 0.2).float()
    data = TensorDataset(torch.rand(count, 1, 224, 224), torch.randn(count, 1, 110_250), targets)
    batches = DataLoader(data, chosen.batch_size, shuffle=chosen.work == "train")
    model = AudioFuse()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=1e-4, eps=1e-7)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=chosen.precision == "bfloat16")
    pacer.ready(torch=torch.__version__)
    if chosen.work == "predict":
        model.eval()
        while True:
            with torch.no_grad(), autocast:
                torch.cat([torch.sigmoid(model(image, wave)) for image, wave, _ in batches])
            pacer.done()
    while True:
        pacer.again()
        for image, wave, target in batches:
            with autocast:
                logits = model(image, wave)
            weight = torch.where(target == 1, 2.5, 0.625)
            loss = F.binary_cross_entropy_with_logits(logits.float(), target, weight)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            loss.item()
            pacer.done()


if __name__ == "__main__":
    main()

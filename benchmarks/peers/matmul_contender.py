"""The matrix product in a race: the most that the machine gives.

python -m benchmarks.peers.matmul_contender float32|bfloat16 [--size 2048]
"""

from __future__ import annotations

import argparse

import torch

from benchmarks.peers.pacer import Pacer


def main() -> None:
    """Multiply for ever."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("precision", choices=["float32", "bfloat16"])
    parser.add_argument("--size", type=int, default=2048)
    chosen = parser.parse_args()
    pacer = Pacer()
    left, right = (torch.randn(chosen.size, chosen.size).to(getattr(torch, chosen.precision)) for _ in range(2))
    product = torch.empty_like(left)
    pacer.ready(flop=2 * chosen.size**3)
    while True:
        torch.matmul(left, right, out=product)
        pacer.done()


if __name__ == "__main__":
    main()

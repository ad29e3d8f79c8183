#!/usr/bin/env python3
"""The peer of `akkord bench engine`: the same decoder in PyTorch eager, timed in turn with ours.

Needs `pip install torch`. Started by the bench as a child process: it reads one line per round ("steps N") from standard input and
answers with the seconds those N optimiser steps took. Run alone with --steps it prints tokens per second.
"""
import argparse
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class Layer(nn.Module):
    """Pre-norm attention with grouped queries and rotary positions, then SwiGLU."""

    def __init__(self, hidden, heads, kv_heads, head_dim, intermediate):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = heads, kv_heads, head_dim
        self.input_norm = nn.RMSNorm(hidden, eps=1e-6)
        self.q = nn.Linear(hidden, heads * head_dim, bias=False)
        self.k = nn.Linear(hidden, kv_heads * head_dim, bias=False)
        self.v = nn.Linear(hidden, kv_heads * head_dim, bias=False)
        self.o = nn.Linear(heads * head_dim, hidden, bias=False)
        self.post_norm = nn.RMSNorm(hidden, eps=1e-6)
        self.gate = nn.Linear(hidden, intermediate, bias=False)
        self.up = nn.Linear(hidden, intermediate, bias=False)
        self.down = nn.Linear(intermediate, hidden, bias=False)

    def rotate(self, x, cos, sin):
        x1, x2 = x.chunk(2, -1)
        return x * cos + torch.cat([-x2, x1], -1) * sin

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        h = self.input_norm(x)
        q = self.q(h).view(batch, length, self.heads, self.head_dim).transpose(1, 2)
        k = self.k(h).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        v = self.v(h).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        q, k = self.rotate(q, cos, sin), self.rotate(k, cos, sin)
        group = self.heads // self.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(a.transpose(1, 2).reshape(batch, length, -1))
        h = self.post_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Decoder(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.embed = nn.Embedding(a.vocab, a.hidden)
        self.layers = nn.ModuleList(
            Layer(a.hidden, a.heads, a.kv_heads, a.head_dim, a.intermediate) for _ in range(a.layers)
        )
        self.norm = nn.RMSNorm(a.hidden, eps=1e-6)
        nn.init.normal_(self.embed.weight, std=0.02)
        angle = torch.outer(
            torch.arange(a.length).float(), 10000.0 ** (-torch.arange(0, a.head_dim, 2).float() / a.head_dim)
        )
        self.register_buffer("cos", torch.cat([angle, angle], -1).cos())
        self.register_buffer("sin", torch.cat([angle, angle], -1).sin())

    def forward(self, ids):
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x, self.cos, self.sin)
        return F.linear(self.norm(x), self.embed.weight)


def main():
    p = argparse.ArgumentParser()
    for name, default in dict(
        vocab=32000, hidden=384, layers=6, heads=6, kv_heads=2, head_dim=64, intermediate=1024, batch=4, length=256,
        threads=2, steps=0, micro_batches=1,
    ).items():
        p.add_argument("--" + name.replace("_", "-"), type=int, default=default)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    model = Decoder(a)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
    ids = torch.randint(0, a.vocab, (a.micro_batches, a.batch, a.length))

    def step():
        optimizer.zero_grad(set_to_none=True)
        for micro in ids:
            logits = model(micro)[:, :-1]
            log_p = torch.log_softmax(logits, -1).gather(-1, micro[:, 1:, None]).squeeze(-1)
            loss = -(log_p.detach().exp() * log_p).mean() / len(ids)
            loss.backward()
        optimizer.step()

    def timed(steps):
        start = time.perf_counter()
        for _ in range(steps):
            step()
        return time.perf_counter() - start

    parameters = sum(x.numel() for x in model.parameters())
    print(f"ready torch {torch.__version__} parameters {parameters}", flush=True)
    if a.steps:
        timed(2)
        print(f"{a.steps * ids.numel() / timed(a.steps):.0f} tokens/s")
        return
    for line in sys.stdin:
        print(f"seconds {timed(int(line.split()[1])):.6f}", flush=True)


if __name__ == "__main__":
    main()

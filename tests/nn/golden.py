#!/usr/bin/env python3
"""Writes golden.def: where PyTorch takes a perceptron in ten steps of Adam, in float64.

usage: golden.py >golden.def      (needs Debian's python3-torch)

Inputs and first weights are fractions that both sides compute exactly (train_test.c has the same formulas).
"""
import torch

BATCH, IN, HIDDEN, OUT, STEPS = 5, 4, 6, 3, 10
# The fx_activation and torch.nn's class.
ACTIVATIONS = [("FX_RELU", "ReLU"), ("FX_TANH", "Tanh"), ("FX_SIGMOID", "Sigmoid"), ("FX_SILU", "SiLU"), ("FX_RELU6", "ReLU6"),
               ("FX_MISH", "Mish"), ("FX_HARDSWISH", "Hardswish"), ("FX_SOFTSIGN", "Softsign"),
               ("FX_LOGSIGMOID", "LogSigmoid")]


def numbers(count, seed):
    return torch.tensor([((i * 7 + seed * 5) % 23 - 11) / 16 for i in range(count)], dtype=torch.float64)


def main():
    print("/* Made by golden.py: activation, the losses of ten steps, all parameters after them. */")
    x, y = numbers(BATCH * IN, 100).reshape(BATCH, IN), torch.tensor([i % OUT for i in range(BATCH)])
    for name, activation in ACTIVATIONS:
        net = torch.nn.Sequential(torch.nn.Linear(IN, HIDDEN), getattr(torch.nn, activation)(), torch.nn.Linear(HIDDEN, OUT)).double()
        for k, p in enumerate(net.parameters()):
            p.data = numbers(p.numel(), k).reshape(p.shape)
        adam = torch.optim.Adam(net.parameters(), lr=0.02)
        losses = []
        for _ in range(STEPS):
            adam.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(x), y)
            loss.backward()
            adam.step()
            losses.append(loss.item())
        end = torch.cat([p.detach().flatten() for p in net.parameters()])
        print(f'GOLDEN({name}, ({", ".join(v.hex() for v in losses)}),')
        print(f'       ({", ".join(float(v).hex() for v in end)}))')


if __name__ == "__main__":
    main()

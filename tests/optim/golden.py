#!/usr/bin/env python3
"""Writes golden.def: where PyTorch's optimizers take eleven numbers in six steps, in float64.

usage: golden.py >golden.def      (needs Debian's python3-torch)

Numbers and gradients are fractions that both sides compute exactly (golden.c has the same two formulas). PyTorch 1.13 multiplies
mu_t twice into NAdam's next product (Dozat's paper and later versions do it once): that rule is computed here from the paper.
"""
import torch

CASES = [
    ("SGD", dict(lr=0.1), "fx_sgd(list, .lr = 0.1)"),
    ("SGD", dict(lr=0.1, momentum=0.9), "fx_sgd(list, .lr = 0.1, .momentum = 0.9)"),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
     "fx_sgd(list, .lr = 0.1, .momentum = 0.9, .nesterov = true, .weight_decay = 0.01)"),
    ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01, maximize=True),
     "fx_sgd(list, .lr = 0.1, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.01, .maximize = true)"),
    ("Adam", dict(), "fx_adam(list)"),
    ("Adam", dict(lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
     "fx_adam(list, .lr = 0.01, .betas = { 0.8, 0.95 }, .eps = 1e-6, .weight_decay = 0.1)"),
    ("Adam", dict(lr=0.01, amsgrad=True), "fx_adam(list, .lr = 0.01, .amsgrad = true)"),
    ("Adam", dict(lr=0.01, maximize=True), "fx_adam(list, .lr = 0.01, .maximize = true)"),
    ("AdamW", dict(), "fx_adamw(list)"),
    ("AdamW", dict(lr=0.01, weight_decay=0.3, amsgrad=True),
     "fx_adamw(list, .lr = 0.01, .weight_decay = 0.3, .amsgrad = true)"),
    ("RMSprop", dict(), "fx_rmsprop(list)"),
    ("RMSprop", dict(lr=0.02, centered=True, momentum=0.9, weight_decay=0.05),
     "fx_rmsprop(list, .lr = 0.02, .centered = true, .momentum = 0.9, .weight_decay = 0.05)"),
    ("Adagrad", dict(), "fx_adagrad(list)"),
    ("Adagrad", dict(lr=0.1, lr_decay=0.1, weight_decay=0.05, initial_accumulator_value=0.1),
     "fx_adagrad(list, .lr = 0.1, .lr_decay = 0.1, .weight_decay = 0.05, .initial_accumulator_value = 0.1)"),
    ("Adadelta", dict(), "fx_adadelta(list)"),
    ("Adadelta", dict(lr=0.5, rho=0.8, weight_decay=0.1), "fx_adadelta(list, .lr = 0.5, .rho = 0.8, .weight_decay = 0.1)"),
    ("Adamax", dict(weight_decay=0.1), "fx_adamax(list, .weight_decay = 0.1)"),
    ("NAdam", dict(weight_decay=0.1), "fx_nadam(list, .weight_decay = 0.1)"),
    ("RAdam", dict(lr=0.02, weight_decay=0.1), "fx_radam(list, .lr = 0.02, .weight_decay = 0.1)"),
    ("ASGD", dict(lr=0.05, t0=2), "fx_asgd(list, .lr = 0.05, .t0 = 2)"),
    ("Rprop", dict(lr=0.02), "fx_rprop(list, .lr = 0.02)"),
]
LOOSE = {"ASGD": 1e-6}  # PyTorch 1.13 keeps its rates in float32


def gradient(i, step):
    return ((i * 7 + step * 13) % 11 - 5) / 4


def nadam(p, grads, lr=2e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, decay=4e-3):
    m, v, product = torch.zeros_like(p), torch.zeros_like(p), 1.0
    for t, g in enumerate(grads, 1):
        g = g + wd * p
        mu, following = (b1 * (1 - 0.5 * 0.96 ** (k * decay)) for k in (t, t + 1))
        product *= mu
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        root = (v / (1 - b2 ** t)).sqrt() + eps
        p = p - lr * (1 - mu) / (1 - product) * g / root - lr * following / (1 - product * following) * m / root
    return p


def main():
    print("/* Made by golden.py: name, optimizer, tolerance, the numbers after six steps. */")
    for name, options, call in CASES:
        start = torch.tensor([(i % 5 - 2) / 2 + 0.25 for i in range(11)], dtype=torch.float64)
        grads = [torch.tensor([gradient(i, s) for i in range(11)], dtype=torch.float64) for s in range(6)]
        p = start.clone().requires_grad_()
        optimizer = getattr(torch.optim, name)([p], **options)
        for g in grads:
            p.grad = g.clone()
            optimizer.step()
        end = nadam(start, grads, wd=options["weight_decay"]) if name == "NAdam" else p.detach()
        numbers = ", ".join(float(x).hex() for x in end)
        print(f'GOLDEN("{name}", ({call}), {LOOSE.get(name, 1e-13)}, {numbers})')


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes golden.def: what torch.autograd.functional says of some functions of two tensors, in float64.

usage: golden.py >golden.def      (needs Debian's python3-torch)

Inputs and vectors are fractions that both sides compute exactly (functional_test.c has the same functions and formulas).
"""
import torch
from torch.autograd.functional import hessian, hvp, jacobian, jvp, vjp


def numbers(seed, *shape):
    count = 1
    for size in shape:
        count *= size
    return torch.tensor([(i * 7 + seed * 5) % 23 / 16 - 0.6 for i in range(count)], dtype=torch.float64).reshape(shape)


def attention(x, w):
    q = x @ w
    return torch.softmax(q @ q.T / 2, 1) @ x


def bilinear(x, w):
    return torch.sigmoid(x @ w @ x.T) - torch.cumsum(x @ w, 1).sum(1, keepdim=True)


def pieces(x, w):
    return torch.cat([torch.logsumexp(x, 1), torch.nn.functional.silu(w).flatten(), (x[:, :2] * w[:2, 1]).prod(1)])


FUNCTIONS = [attention, bilinear, pieces]


def main():
    print("/* Made by golden.py: function, then jvp, vjp in x, vjp in w, Jacobian in w; of the sum of squares: Hessian times vector")
    print(" * in x and in w, and the block (x, w) of the Hessian. */")
    x, w, v = numbers(1, 3, 4), numbers(2, 4, 4), (numbers(3, 3, 4), numbers(4, 4, 4))
    for f in FUNCTIONS:
        u = numbers(5, *f(x, w).shape)

        def square(*args):
            return f(*args).square().sum()

        results = [jvp(f, (x, w), v)[1], *vjp(f, (x, w), u)[1], jacobian(f, (x, w))[1], *hvp(square, (x, w), v)[1],
                   hessian(square, (x, w))[0][1]]
        lists = ",\n       ".join("(" + ", ".join(float(number).hex() for number in r.flatten()) + ")" for r in results)
        print(f"GOLDEN({f.__name__},\n       {lists})")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the Chebyshev series of ops/kernels/special_bessel.c and special_erfc.c.

usage: special_tables.py erfc|bessel | clang-format > ops/kernels/special_erfc.h, special_bessel.h (needs mpmath)

Each series is of a smooth function of t in [-1, 1], interpolated in 50 digits at many more nodes than it keeps terms,
and cut where terms no longer reach 2^-58 of its least value.
"""
import sys

from mpmath import besseli, cos, exp, factorial, gamma, hyp1f1, hyperu, mp, mpf, pi, rf, sqrt

mp.dps = 50
NODES = 80


def series(f):
    nodes = [cos(pi * (k + mpf(1) / 2) / NODES) for k in range(NODES)]
    values = [f(t) for t in nodes]
    least = min(abs(v) for v in values)
    terms = [2 * sum(values[k] * cos(pi * j * (k + mpf(1) / 2) / NODES) for k in range(NODES)) / NODES for j in range(NODES)]
    terms[0] /= 2
    while abs(terms[-1]) < least * mpf(2) ** -58:
        terms.pop()
    assert len(terms) < NODES - 20, len(terms)
    return terms


def table(name, what, f):
    terms = [float(c).hex() for c in series(f)]
    print(f"/* {what} */")
    print(f"static const double {name}[] = {{")
    for i in range(0, len(terms), 4):
        print("    " + ", ".join(terms[i : i + 4]) + ",")
    print("};")


def erfc_integral(n, x):
    """exp(x^2) times the n-th repeated integral of erfc, by Kummer's U (DLMF 7.18.11)."""
    return mpf(2) ** -n / sqrt(pi) * hyperu(mpf(n + 1) / 2, mpf(1) / 2, x * x) if x > 0 else mpf(2) ** -n / gamma(mpf(n) / 2 + 1)


def moment(k, x):
    """The mean of exp(-x (1 - cos a)) (1 - cos a)^k over all a; DLMF 10.32.1 is k = 0."""
    c = mpf(2) ** k * rf(mpf(1) / 2, k) / factorial(k)
    if x < 1000:
        return c * hyp1f1(mpf(1) / 2 + k, k + 1, -2 * x)
    return hyperu_form(k, x)


def hyperu_form(k, x):
    """The same for large x: the asymptotic series, whose terms are all positive."""
    total, term, m = mpf(0), gamma(k + mpf(1) / 2), 0
    while m < 60:
        total += term
        term *= (mpf(1) / 2 + m) / (m + 1) / 2 * (k + m + mpf(1) / 2) / x
        m += 1
    return total / (pi * sqrt(mpf(2))) / x ** (k + mpf(1) / 2)


def pieces(name, words, f, power):
    for low, high in (0, 1), (1, 3), (3, 8):
        table(f"{name}_{low}", f"{words}, x = {low} .. {high}: t = -1 .. 1",
              lambda t: f(mpf(low) + (high - low) * (t + 1) / 2))
    table(f"{name}_8", f"{words}, x >= 8, times x^({power}/2): t = 16 / x - 1",
          lambda t: f(16 / (t + 1)) * (16 / (t + 1)) ** (mpf(power) / 2))


def write(which):
    guard = f"FLUXION_KERNELS_SPECIAL_{which.upper()}_H"
    print(f"/* Series for special_{which}.c alone, written by tests/kernels/special_tables.py: see there. */")
    print(f"#ifndef {guard}\n#define {guard}\n")
    if which == "erfc":
        for n in range(5):
            table(f"erfcx_{n}", f"exp(x^2) i^{n} erfc(x) (1 + 2 x)^{n + 1}, x >= 0: t = (x - 4) / (x + 4)",
                  lambda t: erfc_integral(n, 4 * (1 + t) / (1 - t)) * (1 + 8 * (1 + t) / (1 - t)) ** (n + 1))
    else:
        for k in range(3):
            pieces(f"moment{k}", f"moment {k}", lambda x: moment(k, x), 2 * k + 1)
        pieces("i1e", "exp(-x) I_1(x) / x", first_over_x, 3)
    print("\n#endif")


def first_over_x(x):
    return (exp(-x) * besseli(1, x) if x < 1000 else hyperu_form(0, x) - hyperu_form(1, x)) / x


write(sys.argv[1])

# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8 · From reading to running: one function, a million examples
#
# After this notebook you will be able to
#
# - have a function that you can read run without Python, and show that no bit of it has changed;
# - train a network on all points in one call a step;
# - read what is run, and say what an `if` does to a batch;
# - find the one example in a million that fails;
# - price a million options, with the derivative of each price by everything it depends on.
#
# You need [notebook 6](06_learning_two_moons.ipynb).

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons

import pictures
from autograd_scalar import compile, draw, erfc, exp, grad, hessian, log, nn, sqrt, value_and_grad

# %% [markdown]
# ## One neuron, written down once
#
# This is the neuron of the first notebooks, for one point, as one reads it:


# %%
def loss(w_1, w_2, b, x_1, x_2, y):
    z = w_1 * x_1 + w_2 * x_2 + b
    z.label = "z"
    a = 1 / (1 + exp(-z))
    a.label = "a"
    return (a - y) ** 2 / 2


slopes = grad(loss, argnums=(0, 1, 2))
print(*[f"{slope:.6f}" for slope in slopes(0.5, -1.0, 0.25, 2.0, 1.0, 1.0)])

# %% [markdown]
# When Python runs it, it looks up every name, makes an object for every number, and keeps a note
# of every step for the way back. All this happens again for the next point, although the steps
# are the same. `compile` runs the function once, writes down the steps, and from then on does the
# steps:

# %%
fast = compile(slopes)
print(*[f"{slope:.6f}" for slope in fast(0.5, -1.0, 0.25, 2.0, 1.0, 1.0)])
print(fast.tape)

# %% [markdown]
# That is the *tape*: one line for each number, computed from those above it. You find $z$ and $a$
# in it, with the lines of the function they come from. Below them is the way back, which has no
# lines of its own: it comes from the table of derivatives. $a\,(1-a)$ is in it, as
# $\frac{a}{1+e^{-z}}\,e^{-z}$, and so are the chain rule's products.
#
# Are the numbers the same? Not nearly: exactly. We compare the bits, for a thousand points:

# %%
rng = np.random.default_rng(0)
for numbers in rng.normal(size=(1000, 6)).tolist():
    assert fast(*numbers) == slopes(*numbers)
print("1000 gradients, and no bit is different")

# %% [markdown]
# The tape is a graph like any other, and can be drawn. Here is the way forward:

# %%
forward = compile(loss)
forward(0.5, -1.0, 0.25, 2.0, 1.0, 1.0)
draw(forward.tape.graph(0.5, -1.0, 0.25, 2.0, 1.0, 1.0), clusters=False)

# %% [markdown]
# ## All points at once
#
# `batch` says what differs from point to point: `0` for an argument that has one number for each
# point, `None` for one that all points share. `reduce="mean"` adds the results up and divides. So
# this is the derivative of the average loss of notebook 6,
#
# $$\frac{\partial L}{\partial w} = \frac{1}{n} \sum_{i=1}^{n} \frac{\partial L_i}{\partial w}$$

# %%
x_1, x_2 = rng.normal(size=(2, 5))
y = np.array([1.0, 0.0, 1.0, 1.0, 0.0])

each = compile(slopes, batch=(None, None, None, 0, 0, 0))
mean = compile(slopes, batch=(None, None, None, 0, 0, 0), reduce="mean")
by_w_1 = each(0.5, -1.0, 0.25, x_1, x_2, y)[0]
assert np.isclose(mean(0.5, -1.0, 0.25, x_1, x_2, y)[0], sum(by_w_1) / 5)
print("of each point:", by_w_1.round(4))
print("their mean:   ", round(mean(0.5, -1.0, 0.25, x_1, x_2, y)[0], 4))


# %% [markdown]
# ## The network learns, as before
#
# A model's weights need not be arguments. They are Values that exist already, and a compiled
# function reads their numbers at each call. `backward` of the compiled function puts the
# derivatives where they always are, in `grad`. The two moons of notebook 6, once as there and
# once with a `compile` around it:


# %%
def moons(count, seed):
    points, kinds = make_moons(count, noise=0.12, random_state=seed)
    return points.tolist(), [float(kind) for kind in kinds]


def average_loss(model, points, kinds):
    losses = [
        nn.binary_cross_entropy_with_logits(model(point), kind)
        for point, kind in zip(points, kinds, strict=True)
    ]
    return sum(losses) / len(losses)


def train(model, backward, steps):
    """The losses of all steps; `backward` computes one, and its derivatives."""
    optimiser = nn.SGD(model.parameters(), lr=2.0)
    losses = []
    for _ in range(steps):
        optimiser.zero_grad()
        losses.append(backward())
        optimiser.step()
    return losses


def eagerly(model, points, kinds):
    def backward():
        loss = average_loss(model, points, kinds)
        loss.backward()
        return loss.data

    return backward


few = moons(20, seed=3)
model = nn.MLP(2, [8, 1], activation="tanh", rng=1)
slow_losses = train(model, eagerly(model, *few), steps=30)

model = nn.MLP(2, [8, 1], activation="tanh", rng=1)
whole = compile(lambda: average_loss(model, *few))
fast_losses = train(model, whole.backward, steps=30)

assert slow_losses == fast_losses
print(f"{len(whole.tape)} steps for 20 points; all 30 losses are the same, from")
print(f"{slow_losses[0]:.6f} to {slow_losses[-1]:.6f}")

# %% [markdown]
# The whole training went through the same numbers, digit by digit.
#
# There all points are on the tape. It is shorter to have one point on it, and the points as a
# batch. Then it doesn't matter how many there are; let it be 2,000, and 150 steps:


# %%
def one_loss(point, kind):
    return nn.binary_cross_entropy_with_logits(model(point), kind)


model = nn.MLP(2, [8, 1], activation="tanh", rng=1)
total = compile(one_loss, batch=(0, 0), reduce="mean")
points, kinds = moons(2000, seed=3)
losses = train(model, lambda: total.backward(points, kinds), steps=150)
unseen_points, unseen_kinds = moons(2000, seed=4)
answers = compile(model, batch=0)(unseen_points) > 0
right = (answers == np.array(unseen_kinds)).mean()
assert right > 0.95
print(f"{right:.0%} of 2000 unseen points are right")

figure, (left, axes) = plt.subplots(1, 2, figsize=(8, 3.2))
left.plot(losses)
left.set(ylim=0, xlabel="step", ylabel="loss", title="2000 points at each step")
pictures.boundary(axes, model)
pictures.scatter(axes, unseen_points[:300], unseen_kinds[:300], size=10)
axes.set_title("The boundary")
plt.show()

# %% [markdown]
# A step of training does this 2,000 times. For one point, an exponential counted as 20
# operations, it is

# %%
print(total.cost)

# %% [markdown]
# ## Where the ways part
#
# A tape has no branches. So what becomes of an `if`? It is a *question*: the tape notes what was
# asked and what the answer was, and asks again for each example. Where the answer is another one,
# the function is traced a second time, on that way.
#
# Huber's loss is a parabola where the error is small and a straight line where it is large, so
# that no single outlier pulls too hard:


# %%
def huber(error):
    if abs(error) <= 1:
        return error**2 / 2
    return abs(error) - 0.5


slope = compile(value_and_grad(huber), batch=0)
errors = np.array([-3.0, -0.5, 0.0, 0.5, 3.0])
values, pulls = slope(errors)
print("values:", values)
print("slopes:", pulls)
print(len(slope.tapes), "tapes")

# %% [markdown]
# Five examples, two tapes; the results are in their places. Each tape ends with its question:

# %%
for tape in slope.tapes:
    print(tape, end="\n\n")

# %% [markdown]
# ## The one that fails
#
# A logarithm of a number that isn't positive is an error, also as number 271,828 of a million. It
# says so:

# %%
numbers = rng.uniform(0.1, 1.0, size=1_000_000)
numbers[271_828] = -0.5
try:
    compile(log, batch=0)(numbers)
except ValueError as error:
    print(error, *error.__notes__)

# %% [markdown]
# If the other 999,999 are wanted all the same:

# %%
logarithms, failures = compile(log, batch=0, errors="report")(numbers)
print(failures)
print(np.isfinite(logarithms).sum(), "logarithms")


# %% [markdown]
# ## A million options
#
# The price of a European call, after Black and Scholes (1973), is an ordinary formula. $\Phi$ is
# the normal distribution, $S$ what the share costs now, $K$ what it may be bought for in $T$
# years, $\sigma$ its volatility, and $r$ the interest rate:
#
# $$C = S\,\Phi(d_1) - K e^{-rT}\,\Phi(d_2), \qquad
# d_{1,2} = \frac{\ln(S/K) + (r \pm \sigma^2/2)\,T}{\sigma \sqrt{T}}$$


# %%
def normal(x):
    return erfc(-x / sqrt(2.0)) / 2


def call(spot, strike, years, sigma, rate):
    d_1 = (log(spot / strike) + (rate + sigma**2 / 2) * years) / (sigma * sqrt(years))
    d_2 = d_1 - sigma * sqrt(years)
    return spot * normal(d_1) - strike * exp(-rate * years) * normal(d_2)


greeks = value_and_grad(call, argnums=(0, 1, 2, 3, 4))
print(f"{call(100.0, 110.0, 1.0, 0.2, 0.03):.4f}")

# %% [markdown]
# Its derivatives are called Greeks: delta by $S$, vega by $\sigma$, theta by $T$ (with a minus),
# rho by $r$. Nobody needs to derive them:

# %%
n = 1_000_000
spot, strike = rng.uniform(80, 120, size=(2, n))
years = rng.uniform(0.1, 2.0, n)
sigma = rng.uniform(0.1, 0.4, n)

price_options = compile(greeks, batch=(0, 0, 0, 0, None))
prices, (delta, by_strike, by_years, vega, rho) = price_options(spot, strike, years, sigma, 0.03)
for i in range(0, n, 1000):
    of_one = (float(numbers[i]) for numbers in (spot, strike, years, sigma))
    price, slopes = greeks(*of_one, 0.03)
    assert price == prices[i]
    assert slopes == (delta[i], by_strike[i], by_years[i], vega[i], rho[i])
print("a million prices and five million derivatives; 1000 of them compared, no bit is different")

# %% [markdown]
# The price doubles when $S$ and $K$ double, and so, says Euler,
# $S\,\frac{\partial C}{\partial S} + K\,\frac{\partial C}{\partial K} = C$. That must hold a
# million times:

# %%
print(np.allclose(spot * delta + strike * by_strike, prices, rtol=1e-9, atol=1e-9))

# %% [markdown]
# Second derivatives go the same way: gamma is the derivative of delta by $S$.

# %%
gamma = compile(hessian(call), batch=(0, None, None, None, None))
first = compile(grad(call), batch=(0, None, None, None, None))
spots = np.linspace(60, 140, 400)

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2))
for years, style in [(0.1, "-"), (0.5, "--"), (2.0, ":")]:
    left.plot(spots, first(spots, 100.0, years, 0.2, 0.03), style, label=f"{years:g} years")
    right.plot(spots, gamma(spots, 100.0, years, 0.2, 0.03), style)
left.set(title="delta", xlabel="$S$")
right.set(title="gamma", xlabel="$S$")
left.legend()
plt.show()

# %% [markdown]
# ## Questions
#
# **1.** Why does `compile` refuse `x.data` inside the function, and `math.exp(x)`?
#
# <details>
# <summary>Answer</summary>
#
# Both take a number out of the Value, and what is computed from it is not written down. On the
# tape it would be the number of the first call, for ever. It is an error, because a wrong number
# that looks right is worse than none.
#
# </details>
#
# **2.** `compile(lambda x: x + random.random())` is called twice with the same number. What
# happens?
#
# <details>
# <summary>Answer</summary>
#
# Twice the same. The random number does not depend on $x$; it was drawn while the function was
# traced, and is on the tape as a constant. Give it as an argument if it is to change.
#
# </details>
#
# **3.** A loop halves $x$ until it is below $1$. How many tapes do the numbers from $1$ to $1000$
# need?
#
# <details>
# <summary>Answer</summary>
#
# One for each number of turns, $1$ to $10$: ten.
#
# </details>
#
# The engine on the same questions:

# %%
try:
    compile(lambda x: x.data + 1)(0.5)
except TypeError as error:
    print("1.", str(error).split(";")[0])

drawn = compile(lambda x: x + rng.random())
assert drawn(1.0) == drawn(1.0)
print("2. the same number twice")


def halved(x):
    while x >= 1:
        x = x / 2
    return x


ways = compile(halved, batch=0)
ways(np.arange(1.0, 1001.0))
print("3.", len(ways.tapes), "tapes")

# %% [markdown]
# [docs/compile.md](../docs/compile.md) has what there was no room for here. [All
# notebooks](README.md).

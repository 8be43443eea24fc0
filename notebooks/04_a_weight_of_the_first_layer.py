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
# # 4 · A weight of the first layer, six ways from the error
#
# After this notebook you will be able to
#
# - write the derivative of the error with respect to a weight as a product of three, and say why
#   that is right;
# - say which parts of a network matter for a given weight, and which drop out;
# - find all ways from a weight of the first layer to the error, and add them up;
# - say why backpropagation never lists these ways.
#
# You need [notebook 3](03_backpropagation_by_hand.ipynb).

# %%
import math
import random
from itertools import product

from autograd_scalar import Value, check, draw, explain, explore, nn, steps, toposort

# %% [markdown]
# ## The network
#
# Two inputs $a$, then layers of four neurons $b$, three neurons $c$ and two neurons $d$. All of
# them use the sigmoid. For a neuron $d_1$, $net_{d1}$ is the sum of its inputs, each times its
# weight, and $out_{d1} = \sigma(net_{d1})$.
#
# The network and the numbers of the equations are those of a written-out answer about a 2-4-3-2
# network. Weights are called as in notebook 3, $w_{jk}^{(L)}$ **to** neuron $j$ **from** neuron
# $k$ of the layer before. We follow two of them: $w_{11}^{(3)}$ from $c_1$ to $d_1$, which that
# answer calls $w_{31}$, and $w_{11}^{(1)}$ from $a_1$ to $b_1$. The others are drawn at random.

# %%
sizes = {"a": 2, "b": 4, "c": 3, "d": 2}
rng = random.Random(4)
w_last = Value.parameter(0.7, "w_11^(3)")
w_first = Value.parameter(-0.8, "w_11^(1)")
weights = {}
for layer, (before, after) in enumerate([("a", "b"), ("b", "c"), ("c", "d")], start=1):
    for i, j in product(range(1, sizes[before] + 1), range(1, sizes[after] + 1)):
        name = f"w_{j}{i}^({layer})"
        weights[before, i, after, j] = Value.parameter(rng.uniform(-1.5, 1.5), name)
weights["c", 1, "d", 1] = w_last
weights["a", 1, "b", 1] = w_first

out = {("a", 1): Value(0.9, "out_{a1}"), ("a", 2): Value(-0.4, "out_{a2}")}
net = {}
for before, after in [("a", "b"), ("b", "c"), ("c", "d")]:
    for j in range(1, sizes[after] + 1):
        terms = [weights[before, i, after, j] * out[before, i] for i in range(1, sizes[before] + 1)]
        net[after, j] = sum(terms[1:], terms[0])
        net[after, j].label = f"net_{{{after}{j}}}"
        out[after, j] = nn.sigmoid(net[after, j])
        out[after, j].label = f"out_{{{after}{j}}}"

target = {1: Value(1.0, "target_{d1}"), 2: Value(0.0, "target_{d2}")}
error = {k: 0.5 * (target[k] - out["d", k]) ** 2 for k in (1, 2)}
total = error[1] + error[2]
total.label = "E_total"
total.backward()

assert len(weights) == 2 * 4 + 4 * 3 + 3 * 2
print(f"out_d1 = {out['d', 1].data:.4f}   out_d2 = {out['d', 2].data:.4f}")
print(f"E_total = {error[1].data:.4f} + {error[2].data:.4f} = {total.data:.4f}")
draw(total, view="network", wrt=w_last)

# %% [markdown]
# ## A weight of the last layer
#
# For $w_{11}^{(3)}$ the way to the error is short. It is only in $net_{d1}$, that is only in
# $out_{d1}$, and that is in the error:
#
# $$\frac{\partial E_{total}}{\partial w_{11}^{(3)}} =
# \frac{\partial E_{total}}{\partial out_{d1}} \cdot
# \frac{\partial out_{d1}}{\partial net_{d1}} \cdot
# \frac{\partial net_{d1}}{\partial w_{11}^{(3)}} \qquad (1)$$

# %%
factors = [
    -(target[1].data - out["d", 1].data),
    out["d", 1].data * (1 - out["d", 1].data),
    out["c", 1].data,
]
print(" · ".join(f"{factor:.6f}" for factor in factors), f"= {math.prod(factors):.6f}")
assert math.isclose(math.prod(factors), w_last.grad)


# %% [markdown]
# Why may one write it like that? Let's forget the product, start from the whole formula, and see
# how it comes out.
#
# **Put everything into one formula.** In the error of $d_1$, write $\sigma(net_{d1})$ for
# $out_{d1}$, and the sum for $net_{d1}$. Now $w_{11}^{(3)}$ is visible. The dots are the terms of
# the other two weights; we'll see soon that they drop out.
#
# $$E_{d1} = \tfrac12\left(target_{d1} -
# \sigma(w_{11}^{(3)}\,out_{c1} + \dots)\right)^2 \qquad (2)$$


# %%
def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def error_d1(w):
    """Equation (2): the error of the first output, if w_11^(3) were w."""
    dots = sum(weights["c", i, "d", 1].data * out["c", i].data for i in (2, 3))
    return 0.5 * (target[1].data - sigmoid(w * out["c", 1].data + dots)) ** 2


assert math.isclose(error_d1(w_last.data), error[1].data)
print(f"in one formula {error_d1(w_last.data):.6f}, in steps {error[1].data:.6f}")

# %% [markdown]
# **Outside there is a square.** Call what is squared $inner$. The power rule makes $inner$ out of
# $\frac12 inner^2$, and the chain rule multiplies by the rate of $inner$:
#
# $$\frac{\partial E_{d1}}{\partial w_{11}^{(3)}}
# = inner \cdot \frac{\partial\,inner}{\partial w_{11}^{(3)}}
# \qquad (3)$$
#
# **Inside there is a sigmoid with a minus before it.** $target_{d1}$ is constant and gives $0$.
# The chain rule again, for the sigmoid:
#
# $$\frac{\partial\,inner}{\partial w_{11}^{(3)}} =
# -\,\sigma(net_{d1})\,(1 - \sigma(net_{d1})) \cdot \frac{\partial net_{d1}}{\partial w_{11}^{(3)}}
# \qquad (4)$$
#
# This minus is also the one in $-(target_{d1} - out_{d1})$, the first factor of (1). There it
# shows right away; in (3) it still waits inside $\frac{\partial\,inner}{\partial w_{11}^{(3)}}$.

# %%
inner = target[1].data - sigmoid(net["d", 1].data)
net_by_w = out["c", 1].data  # the dots in (2) do not contain w_11^(3): they give 0
inner_by_w = -sigmoid(net["d", 1].data) * (1 - sigmoid(net["d", 1].data)) * net_by_w

assert math.isclose(inner * inner_by_w, math.prod(factors))

h = 1e-5
measured = (error_d1(w_last.data + h) - error_d1(w_last.data - h)) / (2 * h)
assert math.isclose(measured, inner * inner_by_w, rel_tol=1e-6)
print(f"(3) with (4): {inner:.6f} · {inner_by_w:.6f} = {inner * inner_by_w:.6f}")
print(f"measured with a small step:        {measured:.6f}")

# %% [markdown]
# **Give the parts their names back.** $out_{d1}$ is nothing but $\sigma(net_{d1})$, so the two
# have the same derivative,
#
# $$\frac{\partial out_{d1}}{\partial w_{11}^{(3)}}
# = \frac{\partial \sigma(net_{d1})}{\partial w_{11}^{(3)}}
# \qquad (5)$$
#
# and the chain rule in (4) was, in these names,
#
# $$\frac{\partial \sigma(net_{d1})}{\partial w_{11}^{(3)}} =
# \frac{\partial \sigma(net_{d1})}{\partial net_{d1}} \cdot
# \frac{\partial net_{d1}}{\partial w_{11}^{(3)}} \qquad (6)$$
#
# Put (5) in front of (6), and the last two factors of (1) are there:
#
# $$\frac{\partial out_{d1}}{\partial w_{11}^{(3)}} =
# \frac{\partial out_{d1}}{\partial net_{d1}} \cdot
# \frac{\partial net_{d1}}{\partial w_{11}^{(3)}} \qquad (7)$$

# %%
w = Value(w_last.data, "w_11^(3)")
net_d1 = w * out["c", 1].data + sum(weights["c", i, "d", 1].data * out["c", i].data for i in (2, 3))
out_d1 = nn.sigmoid(net_d1)
out_d1.backward()
assert math.isclose(out_d1.data, out["d", 1].data)

n = net_d1.data
sigmoid_by_net = (sigmoid(n + h) - sigmoid(n - h)) / (2 * h)
assert math.isclose(w.grad, sigmoid_by_net * net_by_w, rel_tol=1e-6)  # (5) and (6)
assert math.isclose(w.grad, net_d1.grad * net_by_w)  # (7)
print(f"∂out_d1/∂w_11^(3) = {net_d1.grad:.6f} · {net_by_w:.6f} = {w.grad:.6f}")

# %% [markdown]
# **And the other output?** We wanted the derivative of $E_{total} = E_{d1} + E_{d2}$. But
# $w_{11}^{(3)}$ is nowhere in $E_{d2}$: when it moves, $E_{d2}$ stands still. It adds $0$, and so
#
# $$\frac{\partial E_{total}}{\partial w_{11}^{(3)}}
# = \frac{\partial E_{d1}}{\partial w_{11}^{(3)}} + 0 =
# \frac{\partial E_{total}}{\partial out_{d1}} \cdot
# \frac{\partial out_{d1}}{\partial net_{d1}} \cdot
# \frac{\partial net_{d1}}{\partial w_{11}^{(3)}} \qquad (8)$$

# %%
for k in (1, 2):
    print(f"w_11^(3) is in E_d{k}:", w_last in toposort(error[k]))
assert math.isclose(w_last.grad, inner * inner_by_w + 0)

# %% [markdown]
# All of it in one call:

# %%
explain(total, wrt=w_last)

# %% [markdown]
# ## A weight of the first layer
#
# Now $w_{11}^{(1)}$, at the other end. It moves $b_1$. From there it goes to all three neurons
# $c$, and from each of these to both neurons $d$: $3 \cdot 2 = 6$ ways.

# %%
draw(total, view="network", wrt=w_first)


# %% [markdown]
# Along each way rates multiply; the ways add up. By hand that is
#
# $$\frac{\partial E_{total}}{\partial w_{11}^{(1)}} = \sum_{k=1}^{2} \sum_{j=1}^{3}
# \frac{\partial E_{dk}}{\partial net_{dk}} \cdot
# \frac{\partial net_{dk}}{\partial net_{cj}} \cdot
# \frac{\partial net_{cj}}{\partial net_{b1}} \cdot
# \frac{\partial net_{b1}}{\partial w_{11}^{(1)}}$$
#
# where, for instance, $\frac{\partial net_{cj}}{\partial net_{b1}}$ is $out_{b1}(1 - out_{b1})$
# times the weight from $b_1$ to $c_j$.


# %%
def slope(layer, i):
    """The sigmoid's derivative in a neuron: out (1 − out)."""
    return out[layer, i].data * (1 - out[layer, i].data)


way_values = {}
for j, k in product((1, 2, 3), (1, 2)):
    error_by_net_d = -(target[k].data - out["d", k].data) * slope("d", k)
    net_d_by_net_c = weights["c", j, "d", k].data * slope("c", j)
    net_c_by_net_b = weights["b", 1, "c", j].data * slope("b", 1)
    net_b_by_w = out["a", 1].data
    way_values[j, k] = error_by_net_d * net_d_by_net_c * net_c_by_net_b * net_b_by_w
    print(f"w_11^(1) → b1 → c{j} → d{k} → E: {way_values[j, k]:10.7f}")

print(f"sum of the six ways:       {sum(way_values.values()):10.7f}")
assert math.isclose(sum(way_values.values()), w_first.grad, rel_tol=1e-12)

# %% [markdown]
# The engine finds the same six ways in its graph, and adds them up from the error back:

# %%
explanation = explain(total, wrt=w_first)
assert len(explanation.paths) == 6
assert all(
    any(math.isclose(path.value, number, rel_tol=1e-9) for path in explanation.paths)
    for number in way_values.values()
)
explanation

# %% [markdown]
# ## Why nobody lists the ways
#
# Six is fine. But with every further layer the number of ways is *multiplied* by its width:

# %%
for hidden_layers in (2, 3, 5, 10):
    ways = 16 ** (hidden_layers - 1)
    print(f"{hidden_layers:2} hidden layers of 16 neurons: {ways:,} ways to one output")

# %% [markdown]
# Look at the six lines again. All of them end in the same factors
# $\frac{\partial net_{b1}}{\partial w_{11}^{(1)}}$ and $out_{b1}(1 - out_{b1})$, and three of them
# share everything about $d_1$. So take those out of the sum and compute, from the error
# backwards, *one* number for each neuron: how fast the error changes with its output. It is made
# from the numbers of the layer after it:
#
# $$\frac{\partial E}{\partial out_{cj}} = \sum_{k=1}^{2} w_{kj}^{(3)}\;out_{dk}(1 - out_{dk})\,
# \frac{\partial E}{\partial out_{dk}}
# \qquad
# \frac{\partial E}{\partial out_{b1}} = \sum_{j=1}^{3} w_{j1}^{(2)}\;out_{cj}(1 - out_{cj})\,
# \frac{\partial E}{\partial out_{cj}}$$

# %%
by_out = {("d", k): -(target[k].data - out["d", k].data) for k in (1, 2)}
for j in (1, 2, 3):
    by_out["c", j] = sum(
        weights["c", j, "d", k].data * slope("d", k) * by_out["d", k] for k in (1, 2)
    )
by_out["b", 1] = sum(
    weights["b", 1, "c", j].data * slope("c", j) * by_out["c", j] for j in (1, 2, 3)
)
for (layer, i), number in by_out.items():
    assert math.isclose(number, out[layer, i].grad, rel_tol=1e-12)
    print(f"∂E/∂out_{layer}{i} = {number:10.7f}")

assert math.isclose(by_out["b", 1] * slope("b", 1) * out["a", 1].data, w_first.grad, rel_tol=1e-12)

# %% [markdown]
# That is backpropagation: every value is visited once, however many ways lead through it. `steps`
# shows the pass as it happens. Here $out_{b1}$ receives its three amounts, one from each neuron
# $c$; only then is it visited itself, and passes the sum on:

# %%
for step in steps(total):
    for sent in step.contributions:
        if sent.parent is out["b", 1]:
            print(f"receives {sent.amount:10.7f}, so far {sent.total:10.7f}")
    if step.node is out["b", 1]:
        print(f"passes on {step.adjoint:10.7f}")
        assert math.isclose(step.adjoint, by_out["b", 1], rel_tol=1e-12)

assert len(steps(total)) == len(toposort(total))  # each value once

# %% [markdown]
# Now watch it. Press *Play*, or go step by step with the arrows beside it: when $out_{b1}$ has its
# turn, all three amounts are there. Click the line from $a_1$ to $b_1$ for its six ways; then drag
# that weight, or any other number, and see which of the six grow and which shrink. (On the web this
# is a still picture: it moves where the notebook runs.)

# %%
page = explore(total)
page

# %% [markdown]
# ## Questions
#
# Put your answer in place of the dots and run the cell.
#
# **1.** How many ways lead from a weight between $b$ and $c$ to the error?

# %%
answer = ...
ways = explain(total, wrt=weights["b", 1, "c", 1]).count
print("Your turn." if answer is ... else "Right." if answer == ways else "No: follow the lines.")

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# Two. The weight moves one neuron $c$, and from there it goes to $d_1$ and to $d_2$.
#
# </details>
#
# **2.** Here $d_1$ alone is the result. What is $\frac{\partial out_{d1}}{\partial w_{11}^{(3)}}$?
# A formula in $out_{d1}$ and $out_{c1}$, typed `out_d1` and `out_c1`, or a number.

# %%
check(..., derivative_of=out["d", 1], wrt=w_last)

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# $out_{d1}(1 - out_{d1})\,out_{c1}$, equation (7): `"out_d1*(1 - out_d1)*out_c1"`.
#
# </details>
#
# **3.** Suppose all weights from $b_1$ to the neurons $c$ are $0$. What is the derivative with
# respect to $w_{11}^{(1)}$? Make up your mind, then set these three in the page above, with their
# sliders or by `page.values = {weights["b", 1, "c", j]: 0 for j in (1, 2, 3)}`. And for a network
# of 10 hidden layers of 16 neurons, is a backward pass possible at all?
#
# <details>
# <summary>Answer</summary>
#
# $0$: each of the six ways contains one of these weights as a factor. But *their* derivatives are
# not $0$, so they will move, and after that $w_{11}^{(1)}$ learns too.
#
# Easily. It costs about as much as the forward pass, a few steps for each weight, although $16^9$
# ways (more than 68 thousand million) lead through it:
#
# </details>

# %%
model = nn.MLP(16, [16] * 10 + [1], activation="sigmoid", rng=0)
y = model([0.5] * 16)
y.backward()
print(f"{len(model.parameters()):,} derivatives from one pass over {len(toposort(y)):,} values")
assert all(p.has_grad for p in model.parameters())

# %% [markdown]
# Next: [cross-entropy, and how everything cancels](05_cross_entropy.ipynb).

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
# # 3 · Backpropagation by hand, and by engine
#
# After this notebook you will be able to
#
# - compute all 8 derivatives of a small network with paper and pocket calculator;
# - say why $\frac{\partial\,net}{\partial w}$ is the number that the weight multiplies, and where
#   the other weights went;
# - say why a hidden neuron *adds up* what comes back to it;
# - let the engine do the same, and compare every number.
#
# You need the rules of [notebook 1](01_what_a_derivative_is.ipynb), and $\sigma' = a(1 - a)$ from
# [notebook 2](02_why_a_times_1_minus_a.ipynb).

# %%
import math

from autograd_scalar import Value, check, draw, explain, explore, nn, quiz

# %% [markdown]
# ## The network
#
# This is the exercise recommended to the author of the question "Certain Derivations using the
# Chain Rule for the Backpropagation Algorithm": two inputs, two hidden neurons, two outputs; no
# bias, so there are 8 weights. $w_{jk}^{(L)}$ is the weight of layer $L$ **to** its neuron $j$
# **from** neuron $k$ of the layer before; that is how the lecture of notebook 1 counts, and how
# these notebooks do. The numbers on the lines are those we start with; each circle shows what the
# neuron sends on, and you will compute these numbers yourself.

# %%
w1_11, w1_21, w1_12, w1_22 = 0.5, -0.4, 0.2, 0.8  # to hidden neuron j from input k
w2_11, w2_21, w2_12, w2_22 = 1.0, 0.3, -0.6, 0.9  # to output j from hidden neuron k
x_1, x_2 = 1.0, 0.5
t_1, t_2 = 1.0, 0.0  # what the outputs should be

# The same for the engine, which draws the network from its record of it.
start = {
    "w_11^(1)": w1_11, "w_12^(1)": w1_12, "w_21^(1)": w1_21, "w_22^(1)": w1_22,
    "w_11^(2)": w2_11, "w_12^(2)": w2_12, "w_21^(2)": w2_21, "w_22^(2)": w2_22,
}  # fmt: skip
weights = {name: Value.parameter(number, name) for name, number in start.items()}
x = [Value(x_1, "x_1"), Value(x_2, "x_2")]
t = [Value(t_1, "t_1"), Value(t_2, "t_2")]


def neuron(name, net_name, inputs, *names):
    net = weights[names[0]] * inputs[0] + weights[names[1]] * inputs[1]
    net.label = net_name
    out = nn.sigmoid(net)
    out.label = name
    return out


def network(x):
    """The outputs of the hidden neurons, and those of the network."""
    h = [neuron(f"h_{j}", f"net_h{j}", x, f"w_{j}1^(1)", f"w_{j}2^(1)") for j in (1, 2)]
    a = [neuron(f"a_{j}", f"net_{j}", h, f"w_{j}1^(2)", f"w_{j}2^(2)") for j in (1, 2)]
    return h, a


h, a = network(x)
E = 0.5 * (t[0] - a[0]) ** 2 + 0.5 * (t[1] - a[1]) ** 2
E.label = "E"
draw(E, view="network")


# %% [markdown]
# A neuron does two things. It adds up its inputs, each times the weight on its line; that sum is
# called $net$. Then it sends $\sigma(net)$ on. The **error** says how far the outputs $a_k$ are
# from their targets $t_k$:
#
# $$E = \tfrac12 (t_1 - a_1)^2 + \tfrac12 (t_2 - a_2)^2$$
#
# ## Forward, on paper
#
# Take a sheet and write one line for each neuron. Here to four digits:
#
# $$
# \begin{aligned}
# net_{h1} &= 0.5 \cdot 1 + 0.2 \cdot 0.5 = 0.6 & h_1 &= \sigma(0.6) = 0.6457 \\
# net_{h2} &= -0.4 \cdot 1 + 0.8 \cdot 0.5 = 0 & h_2 &= \sigma(0) = 0.5 \\
# net_1 &= 1 \cdot 0.6457 - 0.6 \cdot 0.5 = 0.3457 & a_1 &= \sigma(0.3457) = 0.5856 \\
# net_2 &= 0.3 \cdot 0.6457 + 0.9 \cdot 0.5 = 0.6437 & a_2 &= \sigma(0.6437) = 0.6556
# \end{aligned}
# $$
#
# and the error is $\tfrac12 \cdot 0.4144^2 + \tfrac12 \cdot 0.6556^2 = 0.3008$.


# %%
def sigmoid(x):
    return 1 / (1 + math.exp(-x))


h_1 = sigmoid(w1_11 * x_1 + w1_12 * x_2)
h_2 = sigmoid(w1_21 * x_1 + w1_22 * x_2)
net_1 = w2_11 * h_1 + w2_12 * h_2
net_2 = w2_21 * h_1 + w2_22 * h_2
a_1, a_2 = sigmoid(net_1), sigmoid(net_2)
error = 0.5 * (t_1 - a_1) ** 2 + 0.5 * (t_2 - a_2) ** 2

on_paper = [0.6457, 0.5, 0.3457, 0.6437, 0.5856, 0.6556, 0.3008]
computed = [round(each, 4) for each in (h_1, h_2, net_1, net_2, a_1, a_2, error)]
assert computed == on_paper
print("on paper:", *on_paper)
print("computed:", *computed)

# %% [markdown]
# The aim is to know, for every weight, how fast the error changes with it. Then we know in which
# direction to turn it.
#
# ## Backward: a weight before an output
#
# Take $w_{11}^{(2)}$. The error does not contain it. But it contains $a_1$, which is made from
# $net_1$, which contains $w_{11}^{(2)}$. That is a chain, and along a chain rates multiply:
#
# $$\frac{\partial E}{\partial w_{11}^{(2)}} = \frac{\partial E}{\partial a_1} \cdot
# \frac{\partial a_1}{\partial net_1} \cdot \frac{\partial net_1}{\partial w_{11}^{(2)}}$$
#
# **First factor.** $E$ has two terms. The second one, $\tfrac12(t_2 - a_2)^2$, does not contain
# $a_1$: when $a_1$ moves, it stands still, and gives $0$. That is all that happens to the sum.
# The first term is a square, so the power rule brings down a $2$, which cancels the $\tfrac12$;
# the chain rule multiplies by the inner rate of $t_1 - a_1$, which is $-1$:
#
# $$\frac{\partial E}{\partial a_1} = \tfrac12 \cdot 2\,(t_1 - a_1) \cdot (-1) = -(t_1 - a_1)
# = -0.4144$$
#
# **Second factor.** The sigmoid, from notebook 2:
#
# $$\frac{\partial a_1}{\partial net_1} = a_1 (1 - a_1) = 0.5856 \cdot 0.4144 = 0.2427$$
#
# **Third factor.** $net_1 = w_{11}^{(2)} h_1 + w_{12}^{(2)} h_2$, and here people stumble:
#
# - *Where did the other weight go?* The term $w_{12}^{(2)} h_2$ does not contain $w_{11}^{(2)}$.
#   It stands still while $w_{11}^{(2)}$ moves: its derivative is $0$.
# - *But $h_1$ is a constant here too. Why is the result $h_1$, and not $0$?* Because it is a
#   factor, not a term. Move $w_{11}^{(2)}$ by $1$, and the product $w_{11}^{(2)} h_1$ moves by
#   $h_1$: constant factor rule.
# - *Where did $w_{11}^{(2)}$ itself go?* A straight line is equally steep everywhere. How fast
#   $w_{11}^{(2)} h_1$ changes with $w_{11}^{(2)}$ does not depend on where $w_{11}^{(2)}$ is.
#
# $$\frac{\partial net_1}{\partial w_{11}^{(2)}} = h_1 + 0 = 0.6457$$
#
# Don't believe it, measure it:

# %%
assert round(-(t_1 - a_1), 4) == -0.4144
assert round(a_1 * (1 - a_1), 4) == 0.2427

step = 0.25
moved = (w2_11 + step) * h_1 + w2_12 * h_2
assert math.isclose((moved - net_1) / step, h_1)
print(f"w_11^(2) goes up by {step}, net_1 from {net_1:.4f} to {moved:.4f}")
print(f"per unit of w_11^(2) that is {(moved - net_1) / step:.4f}")

# %% [markdown]
# So $\frac{\partial E}{\partial w_{11}^{(2)}} = -0.4144 \cdot 0.2427 \cdot 0.6457 = -0.0649$. A
# larger $w_{11}^{(2)}$ makes the error smaller.
#
# The first two factors are the same for all weights into the same output. Together they are
# called $\delta$ (delta). Then each derivative in this layer is a single product:
#
# $$\delta_j = -(t_j - a_j)\,a_j(1 - a_j)
# \qquad\qquad \frac{\partial E}{\partial w_{jk}^{(2)}} = h_k\,\delta_j$$

# %%
delta_1 = -(t_1 - a_1) * a_1 * (1 - a_1)
delta_2 = -(t_2 - a_2) * a_2 * (1 - a_2)

by_hand = {
    "w_11^(2)": h_1 * delta_1,
    "w_21^(2)": h_1 * delta_2,
    "w_12^(2)": h_2 * delta_1,
    "w_22^(2)": h_2 * delta_2,
}
assert round(by_hand["w_11^(2)"], 4) == -0.0649
for name, number in by_hand.items():
    print(f"∂E/∂{name} = {number:9.6f}")

# %% [markdown]
# ## Backward: a weight before a hidden neuron
#
# $w_{11}^{(1)}$ moves $h_1$, and $h_1$ goes to *both* outputs:

# %%
draw(E, view="network", wrt="w_11^(1)")

# %% [markdown]
# If $h_1$ moves a little, the error moves because of $a_1$, *and* because of $a_2$. Both happen
# at the same time, so both are added (the *total derivative*). Along each way rates multiply as
# before:
#
# $$\frac{\partial E}{\partial h_1} = w_{11}^{(2)}\,\delta_1 + w_{21}^{(2)}\,\delta_2$$
#
# Why $w_{11}^{(2)}$? Because in $net_1 = w_{11}^{(2)} h_1 + w_{12}^{(2)} h_2$ this time $h_1$
# moves, and now $w_{11}^{(2)}$ is the constant factor.
#
# From there it goes on as before: through the sigmoid of the hidden neuron, and on to the weight,
# which multiplies $x_1$:
#
# $$\frac{\partial E}{\partial w_{11}^{(1)}} =
# \frac{\partial E}{\partial h_1} \cdot h_1(1 - h_1) \cdot x_1$$

# %%
error_by_h_1 = w2_11 * delta_1 + w2_21 * delta_2
error_by_h_2 = w2_12 * delta_1 + w2_22 * delta_2

by_hand["w_11^(1)"] = error_by_h_1 * h_1 * (1 - h_1) * x_1
by_hand["w_21^(1)"] = error_by_h_2 * h_2 * (1 - h_2) * x_1
by_hand["w_12^(1)"] = error_by_h_1 * h_1 * (1 - h_1) * x_2
by_hand["w_22^(1)"] = error_by_h_2 * h_2 * (1 - h_2) * x_2

print(f"∂E/∂h_1 = {w2_11 * delta_1:.6f} + {w2_21 * delta_2:.6f} = {error_by_h_1:.6f}")
for name in ["w_11^(1)", "w_21^(1)", "w_12^(1)", "w_22^(1)"]:
    print(f"∂E/∂{name} = {by_hand[name]:9.6f}")

# %% [markdown]
# That was the whole algorithm. It is called *back*propagation because we began at the error, and
# used $\delta_1, \delta_2$ again for the layer before. With ten layers you would do the same step
# ten times.
#
# ## The engine does the same
#
# At the top, the network was written down with `Value`s for the picture, and only in the forward
# direction. That is all the engine needs:

# %%
h, a = network(x)
E = 0.5 * (t[0] - a[0]) ** 2 + 0.5 * (t[1] - a[1]) ** 2
E.label = "E"
assert math.isclose(E.data, error)
print(f"E = {E.data:.4f}, as on paper")

# %% [markdown]
# One call, and all eight are there:

# %%
E.backward()

print("weight       by hand     by engine")
for name, number in sorted(by_hand.items()):
    print(f"{name}    {number:9.6f}   {weights[name].grad:9.6f}")
    assert math.isclose(weights[name].grad, number, rel_tol=1e-12)

# %% [markdown]
# The engine went the way you went: from $E$ back, once through each value. This is what it saw of
# the first hidden neuron. The frame is what belongs to $h_1$, and its sigmoid has the four steps
# of notebook 2:

# %%
draw(h[0], rankdir="TB")

# %% [markdown]
# It can also tell why. `detail="rules"` would tell every rule, in the same words as above:

# %%
explain(E, wrt=weights["w_11^(2)"])

# %% [markdown]
# For $w_{11}^{(1)}$ there are two ways. The explanation holds them as data, too:

# %%
explanation = explain(E, wrt=weights["w_11^(1)"])
for path in explanation.paths:
    chain = " · ".join(f"{factor.value:.4f}" for factor in path.factors)
    print(f"{chain} = {path.value:.6f}")
print(f"sum: {explanation.value:.6f}")

assert math.isclose(explanation.value, by_hand["w_11^(1)"])

# %% [markdown]
# ## What it is for
#
# To make the error smaller, move every weight a little against its derivative. The size of the
# step is called the learning rate $\eta$ (eta):
#
# $$w \leftarrow w - \eta\,\frac{\partial E}{\partial w}$$
#
# So yes: to get the change of a weight you multiply all the factors of its chain, and then by
# $-\eta$.
#
# Try it before the engine does. Below is the network again, but it can be moved. Press *Play* to
# see the eight derivatives come about, one product at a time, in the order in which you computed
# them. Drag a weight, and $E$ and all derivatives follow. Then press *Reset*, take $0.5$ as the
# learning rate, and *Take a gradient step*, again and again. (On the web this is a still picture:
# it moves where the notebook runs.)

# %%
page = explore(E)
page

# %% [markdown]
# One such step, in Python:

# %%
optimiser = nn.SGD(weights.values(), lr=0.5)
expected = w2_11 - 0.5 * by_hand["w_11^(2)"]
optimiser.step()
assert math.isclose(weights["w_11^(2)"].data, expected)

h, a = network(x)
after = nn.half_squared_error(a, t)
assert after < error
print(f"w_11^(2): {w2_11:.4f} becomes {weights['w_11^(2)'].data:.4f}")
print(f"error: {error:.4f} becomes {after.data:.4f}")


# %% [markdown]
# ## Questions
#
# Your turn with another weight, $w_{12}^{(2)}$, at the numbers we started with. `quiz` asks for
# each factor:

# %%
for name, number in start.items():
    weights[name].data = number
h, a = network(x)
E = 0.5 * (t[0] - a[0]) ** 2 + 0.5 * (t[1] - a[1]) ** 2
E.label = "E"

questions = quiz(E, wrt=weights["w_12^(2)"])
questions

# %% [markdown]
# Put a number with at least two digits, or a formula such as `"2*h_1"`, in place of the dots.

# %%
for i, answer in enumerate([..., ..., ..., ...], start=1):
    print(i, questions.check(i, answer))

# %% [markdown]
# <details>
# <summary>Answers</summary>
#
# $-(t_1 - a_1) = -0.4144$, $a_1(1 - a_1) = 0.2427$, $h_2 = 0.5$, and the product of the three is
# $-0.0503$.
#
# </details>
#
# **2.** Suppose $x_2 = 0$. What is $\frac{\partial E}{\partial w_{12}^{(1)}}$ then, and would that
# weight learn? Answer first; then drag $x_2$ to $0$ in the page above, and look.

# %%
h, a = network([x[0], Value(0.0, "x_2")])
check(..., derivative_of=nn.half_squared_error(a, t), wrt=weights["w_12^(1)"])

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# $0$, and so it is for $w_{22}^{(1)}$: their last factor is $x_2$. They learn nothing from this
# example, because they had no part in it.
#
# </details>
#
# **3.** Suppose both outputs are exactly right. What are the eight derivatives? Try one. (In the
# page above, drag $t_1$ and $t_2$ towards $a_1$ and $a_2$.)

# %%
targets = [each.data for each in a]
check(..., derivative_of=nn.half_squared_error(a, targets), wrt=weights["w_11^(1)"])

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# All $0$. Every chain has a factor $-(t_j - a_j)$ in it.
#
# </details>

# %% [markdown]
# Next: [a weight of the first layer, six ways from the
# error](04_a_weight_of_the_first_layer.ipynb).

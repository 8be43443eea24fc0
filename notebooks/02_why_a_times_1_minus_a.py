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
# # 2 · Why the sigmoid's derivative is a(1 − a)
#
# After this notebook you will be able to
#
# - take the sigmoid apart into four small steps and differentiate each of them;
# - say which rule is used where, and how the minus signs come and go;
# - follow the algebra from $\frac{e^{-x}}{(1 + e^{-x})^2}$ to $a(1 - a)$, and check every line
#   with numbers.
#
# You need the rules of [notebook 1](01_what_a_derivative_is.ipynb).

# %%
import math

import matplotlib.pyplot as plt

import pictures
from autograd_scalar import Value, check, derive, draw, exp, explain, explore, nn, tanh

# %% [markdown]
# ## The claim, measured first
#
# The sigmoid turns any number into one between $0$ and $1$:
#
# $$\sigma(x) = \frac{1}{1 + e^{-x}}$$
#
# Call its value $a$. The claim is that its derivative is $a(1 - a)$. Before we ask why, we look
# whether it is true: take a small step to both sides, and divide.


# %%
def sigmoid(x):
    return 1 / (1 + math.exp(-x))


h = 0.001
for x in [-4, -1, 0, 0.5, 3]:
    a = sigmoid(x)
    slope = (sigmoid(x + h) - sigmoid(x - h)) / (2 * h)
    assert math.isclose(slope, a * (1 - a), rel_tol=1e-6)
    print(f"x = {x:<4}  a = {a:.4f}   slope = {slope:.4f}   a(1 − a) = {a * (1 - a):.4f}")

# %%
xs = [i / 20 for i in range(-120, 121)]
plt.plot(xs, [sigmoid(x) for x in xs], label="$a = \\sigma(x)$")
plt.plot(xs, [sigmoid(x) * (1 - sigmoid(x)) for x in xs], "--", label="$a(1 - a)$, its steepness")
plt.plot([-2, 2], [0, 1], color=pictures.RED, lw=1.4, label="steepness ¼ at x = 0")
plt.xlabel("x")
plt.title("Steep in the middle, flat at both ends")
plt.legend()
plt.show()

# %% [markdown]
# It is true. Now why?
#
# ## Four small steps
#
# Nobody can differentiate $\frac{1}{1 + e^{-x}}$ in one look. But how would you *compute* it for
# $x = 0.5$? One key after the other:

# %%
x = Value(0.5, "x")
h = -x
h.label = "h"
p = exp(h)
p.label = "p"
g = 1 + p
g.label = "g"
a = 1 / g
a.label = "a"
a.backward()

assert a.data == sigmoid(0.5)
draw(a, partials=True, rankdir="TB", clusters=False)

# %% [markdown]
# From top to bottom: change the sign ($h$), raise $e$ to that power ($p$), add $1$ ($g$), divide
# $1$ by it ($a$). The numbers behind $\partial$ are the rates of the single steps. We'll get each
# of them from one rule.
#
# **Step 1, $h = -x$.** That is $-1$ times $x$: *constant factor rule*, rate $-1$. When $x$ goes
# up, $h$ goes down, just as fast.

# %%
explain(h, wrt=x)

# %% [markdown]
# **Step 2, $p = e^h$.** Careful: this is not the power rule. That one is for $x^n$, where the
# *bottom* moves and the exponent stands still. Here the exponent moves. And the number
# $e = 2.718…$ is chosen so that $e^h$ changes exactly as fast as it is big: *exponential rule*,
# the rate is $e^h$ itself.

# %%
step = 1e-6
for at in [-0.5, 0, 1]:
    slope = (math.exp(at + step) - math.exp(at)) / step
    print(f"h = {at:<5} value {math.exp(at):.4f}   steepness {slope:.4f}")
    assert math.isclose(slope, math.exp(at), rel_tol=1e-5)

assert p.partials == (math.exp(-0.5),)

# %% [markdown]
# If somebody takes the power rule here, the exponent gets one less and something like $e^{-2x}$
# or $e^{-x-1}$ turns up. The exponent never changes: what was $e^{-x}$ stays $e^{-x}$.
#
# **Step 3, $g = 1 + p$.** *Sum rule*: the $1$ never changes and gives $0$, the other part comes
# through as it is. The rate is $0 + 1 = 1$.

# %%
explain(g, wrt=p)

# %% [markdown]
# **Step 4, $a = 1/g$.** Divide by more, and less comes out, so the rate is negative. It is the
# *quotient rule* with a $1$ on top (whose derivative is $0$), or the *power rule* for $g^{-1}$,
# which brings the $-1$ down to the front:
#
# $$\frac{da}{dg} = \frac{0 \cdot g - 1 \cdot 1}{g^2} = -\frac{1}{g^2}
# \qquad\text{and}\qquad \frac{da}{dg} = -1 \cdot g^{-2} = -\frac{1}{g^2}$$
#
# That is how a $-1$ gets into the numerator, though you saw only a $+1$ there.

# %%
by_quotient_rule = (0 * g.data - 1 * 1) / g.data**2
by_power_rule = -1 * g.data**-2
assert math.isclose(by_quotient_rule, by_power_rule)
assert math.isclose(a.partials[a.parents.index(g)], by_quotient_rule)
print(f"{by_quotient_rule:.6f}")

# %% [markdown]
# ## The chain puts them together
#
# Rates multiply along a chain. Two of the four are negative, so the minus signs cancel:
#
# $$\frac{da}{dx} = \left(-\frac{1}{g^2}\right) \cdot 1 \cdot e^{-x} \cdot (-1)
# = \frac{e^{-x}}{(1 + e^{-x})^2}$$

# %%
product = (-1 / g.data**2) * 1 * math.exp(-0.5) * (-1)
fraction = math.exp(-0.5) / (1 + math.exp(-0.5)) ** 2
assert math.isclose(product, fraction)
assert math.isclose(product, x.grad)
print(f"{product:.6f}")

# %% [markdown]
# All four steps, told by the same table of rules that `backward()` computes with:

# %%
explain(a, wrt=x)

# %% [markdown]
# How each of the factors comes about, rule by rule, is told by `explain(a, wrt=x, detail="rules")`.
#
# ## From there to a(1 − a)
#
# What is left is not calculus any more, only fractions. The square in the denominator is a
# product of two equal factors, so the fraction splits into two:
#
# $$\frac{e^{-x}}{(1 + e^{-x})^2} = \frac{1}{1 + e^{-x}} \cdot \frac{e^{-x}}{1 + e^{-x}}$$
#
# The first is $a$. For the second there is a trick: add $1$ and take it away again, so that the
# top looks like the bottom.
#
# $$\frac{e^{-x}}{1 + e^{-x}} = \frac{1 + e^{-x} - 1}{1 + e^{-x}}
# = \frac{1 + e^{-x}}{1 + e^{-x}} - \frac{1}{1 + e^{-x}} = 1 - a$$
#
# `derive` goes the whole way, in the textbook's order: quotient rule first, then the split, then
# the trick.

# %%
derive("sigma(x) = 1 / (1 + exp(-x))")

# %% [markdown]
# And the same lines as numbers, at $x = 0.5$. If a single one of them were wrong, it would stick
# out here:

# %%
z = math.exp(-0.5)
lines = {
    "quotient rule": (0 * (1 + z) - 1 * (-z)) / (1 + z) ** 2,
    "simplify": z / (1 + z) ** 2,
    "split": 1 / (1 + z) * z / (1 + z),
    "add 1 − 1": 1 / (1 + z) * (z + (1 - 1)) / (1 + z),
    "split again": 1 / (1 + z) * ((1 + z) / (1 + z) - 1 / (1 + z)),
    "cancel": 1 / (1 + z) * (1 - 1 / (1 + z)),
    "a(1 − a)": sigmoid(0.5) * (1 - sigmoid(0.5)),
}
for line, number in lines.items():
    print(f"{line:15}{number:.12f}")
    assert math.isclose(number, x.grad)

# %% [markdown]
# ## What it is good for
#
# - Once $a$ is known, its derivative costs one subtraction and one product; no new $e^{-x}$ is
#   needed.
# - It shows when a neuron learns: $a(1 - a)$ is largest in the middle, $\frac14$ at
#   $a = \frac12$, and almost $0$ where $a$ is almost $0$ or $1$. Such a neuron is called
#   *saturated*.
#
# Here are the four steps once more, and this time you can move them. Drag $x$ to $3$, then to $6$,
# and watch the number behind $\partial$ at $x$. Click $x$ to have it explained wherever it stands,
# or press *Play* to see the numbers come and the rates go back. (On the web this is a still
# picture: it moves where the notebook runs.)

# %%
page = explore(a)
page

# %% [markdown]
# `page.values` is what the slider holds. Drag, run this cell again, and compare with the page:

# %%
now = sigmoid(page.values["x"])
print(f"x = {page.values['x']:g}   a = {now:.4f}   a(1 − a) = {now * (1 - now):.6f}")
assert now * (1 - now) <= 0.25

# %% [markdown]
# The other S-shaped function you will meet has a similar secret: $\tanh' = 1 - \tanh^2$.

# %%
for at in [-2.0, 0.0, 0.7]:
    x = Value(at, "x")
    y = tanh(x)
    y.backward()
    assert math.isclose(x.grad, 1 - math.tanh(at) ** 2)
    print(f"x = {at:<5} tanh = {y.data:<8.4f} 1 − tanh² = {x.grad:.4f}")

# %% [markdown]
# ## Questions
#
# Put your answer in place of the dots and run the cell.
#
# **1.** What is the derivative of $a = \sigma(3x)$? You may write it with $a$.

# %%
check(..., derivative_of="a = 1/(1 + exp(-3*x))")

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# $3\,a(1 - a)$. The outer derivative is taken at the inner value $3x$, and the chain rule
# multiplies by the inner rate $3$. To type: `"3*a*(1 - a)"`.
#
# </details>
#
# **2.** $1 - a$ with $a = \sigma(x)$ is the chance of the opposite. Which derivative has it, and do
# you need any new calculation?

# %%
check(..., derivative_of="a = 1/(1 + exp(-x)); 1 - a", wrt="x")

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# $-a(1 - a)$: the $1$ is constant, the minus stays. What one gains the other loses.
#
# </details>
#
# **3.** A neuron says $a = 0.999$. By which number is every derivative multiplied on the way back
# through it? Why does it hardly change in training, even if it is wrong?

# %%
x = Value(math.log(999), "x")  # where the sigmoid is 0.999
check(..., derivative_of=nn.sigmoid(x), wrt=x)

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# By $a(1 - a) = 0.000999$. A thousandth of the signal is left.
# [Notebook 5](05_cross_entropy.ipynb) shows an error for which this factor cancels.
#
# </details>

# %% [markdown]
# Next: [backpropagation by hand and by engine](03_backpropagation_by_hand.ipynb).

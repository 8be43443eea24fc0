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
# # 5 · Cross-entropy: how everything cancels to a − y
#
# After this notebook you will be able to
#
# - say what cross-entropy measures, and read its formula;
# - differentiate it, first with respect to the output $a$ and then to $z$, the sum before the
#   sigmoid;
# - say why $\frac{\partial L}{\partial z} = a - y$ makes a network learn better than the squared
#   error;
# - avoid the formula where it breaks down in a computer.
#
# You need the chain rule from [notebook 1](01_what_a_derivative_is.ipynb) and the sigmoid from
# [notebook 2](02_why_a_times_1_minus_a.ipynb). Equations have the numbers they
# have in the lecture "Backpropagation – Mathematical Background" (Erhard Hinrichs, Universität
# Tübingen).

# %%
import math
import textwrap

import matplotlib.pyplot as plt

import pictures
from autograd_scalar import Value, check, derive, explain, explore, log, nn, softmax

# %% [markdown]
# ## What it measures
#
# A network says: "with probability $a$ this is a cat". The truth is $y = 1$ (cat) or $y = 0$ (no
# cat). The cross-entropy is
#
# $$L(a, y) = -\left[\,y \ln a + (1 - y) \ln(1 - a)\,\right] \qquad (12)$$
#
# It looks like two terms, but for $y = 1$ the second one is $0$, and for $y = 0$ the first one.
# What is left is $-\ln$ of the probability that was given to *what really happened*:


# %%
def cross_entropy(a, y):
    return -(y * math.log(a) + (1 - y) * math.log(1 - a))


for a, y in [(0.9, 1), (0.5, 1), (0.1, 1), (0.01, 1), (0.01, 0)]:
    right = a if y == 1 else 1 - a
    assert math.isclose(cross_entropy(a, y), -math.log(right))
    print(f"says {a:<5} truth {y}   L = {cross_entropy(a, y):.3f} = −ln {right:g}")

# %% [markdown]
# Sure and right costs next to nothing. Sure and wrong costs a lot, without limit:

# %%
a_s = [i / 200 for i in range(1, 200)]
plt.plot(a_s, [cross_entropy(a, 1) for a in a_s], label="truth y = 1")
plt.plot(a_s, [cross_entropy(a, 0) for a in a_s], "--", label="truth y = 0")
plt.xlabel("a, the probability it gave to y = 1")
plt.ylabel("cross-entropy L")
plt.title("Sure and wrong is expensive")
plt.legend()
plt.show()

# %% [markdown]
# ## One new rule: the logarithm
#
# $\ln$ undoes $e^x$: it tells which exponent gives the number. It climbs fast near $0$ and ever
# more slowly afterwards:
#
# $$\frac{d}{dx} \ln x = \frac{1}{x} \qquad (11)$$
#
# For another base there is a constant factor, because $\log_{10} x = \ln x / \ln 10$:
#
# $$\frac{d}{dx} \log_{10} x = \frac{1}{x \ln 10} \qquad (10)$$

# %%
for at in [0.1, 0.5, 2.0, 10.0]:
    x = Value(at, "x")
    log(x).backward()
    assert math.isclose(x.grad, 1 / at)
    measured = (math.log(at + 1e-6) - math.log(at - 1e-6)) / 2e-6
    print(f"x = {at:<5} 1/x = {x.grad:<7g} measured {measured:.4f}")

x = Value(2.0, "x")
log(x, 10).backward()
assert math.isclose(x.grad, 1 / (2 * math.log(10)))

# %% [markdown]
# ## With respect to the output a
#
# Now differentiate (12) with respect to $a$. $y$ is given and stands still. Sum rule, constant
# factor rule, logarithm rule; and in $\ln(1 - a)$ the inside falls when $a$ rises, so the chain
# rule brings a factor $-1$:

# %%
by_a = derive("-(y*log(a) + (1 - y)*log(1 - a))", wrt="a", algebra=None)
by_a

# %% [markdown]
# The last line is often written with a plus, by turning $1 - y$ around:
#
# $$\frac{\partial L}{\partial a} = -\left(\frac{y}{a} + \frac{y - 1}{1 - a}\right) \qquad (13)$$

# %%
for a, y in [(0.6, 1.0), (0.6, 0.0), (0.9, 0.3)]:
    formula_13 = -(y / a + (y - 1) / (1 - a))
    assert math.isclose(by_a.at(a=a, y=y), formula_13)
    print(f"a = {a}, y = {y}: ∂L/∂a = {formula_13:.4f}")

# %% [markdown]
# ## With respect to z
#
# $a$ is not where the network ends: $a = \sigma(z)$, and $z$ is the sum that the last neuron
# makes of its inputs. From notebook 2 we know
#
# $$\frac{\partial a}{\partial z} = a(1 - a) \qquad (14)$$
#
# The chain rule multiplies (13) and (14). Multiply out and watch. $a$ cancels in one fraction,
# $1 - a$ in the other:
#
# $$
# \begin{aligned}
# \frac{\partial L}{\partial z} &= \frac{\partial L}{\partial a} \cdot \frac{\partial a}{\partial z}
# = -\left(\frac{y}{a} + \frac{y - 1}{1 - a}\right) a(1 - a) \\
# &= -\left(y(1 - a) + (y - 1)\,a\right) \\
# &= -\left(y - ya + ya - a\right) \\
# &= a - y \qquad (15)
# \end{aligned}
# $$
#
# How wrong it was, and nothing else. Every line as a number:

# %%
for z, y in [(0.4, 1.0), (-2.0, 1.0), (3.0, 0.0)]:
    a = 1 / (1 + math.exp(-z))
    lines = [
        -(y / a + (y - 1) / (1 - a)) * a * (1 - a),
        -(y * (1 - a) + (y - 1) * a),
        -(y - y * a + y * a - a),
        a - y,
    ]
    print(f"z = {z:<5} y = {y}:  " + "  =  ".join(f"{line:.6f}" for line in lines))
    assert all(math.isclose(line, a - y) for line in lines)

# %% [markdown]
# The engine doesn't know the result. It multiplies along the chain, like you:

# %%
z, y = Value(0.4, "z"), Value(1.0, "y")
a = nn.sigmoid(z)
a.label = "a"
L = -(y * log(a) + (1 - y) * log(1 - a))
L.label = "L"
L.backward()

assert math.isclose(L.data, cross_entropy(a.data, 1.0))
assert math.isclose(a.grad, -(1.0 / a.data + 0.0 / (1 - a.data)))  # (13)
assert math.isclose(z.grad / a.grad, a.data * (1 - a.data))  # (14)
assert math.isclose(z.grad, a.data - y.data)  # (15)
explain(L, wrt=z)

# %% [markdown]
# ## Why it learns better
#
# With the squared error $(a - y)^2$ the same chain gives $2(a - y) \cdot a(1 - a)$. The factor
# $a(1 - a)$ does not cancel. Where a neuron is sure *and wrong*, it is almost $0$: the worst
# mistakes teach the least.

# %%
print("     z        a    squared error    cross-entropy")
for at in [-8.0, -4.0, 0.0, 4.0]:
    z = Value(at)
    nn.squared_error(nn.sigmoid(z), 1.0).backward()
    a = nn.sigmoid(at)
    assert math.isclose(z.grad, 2 * (a - 1) * a * (1 - a))

    z_too = Value(at)
    nn.binary_cross_entropy(nn.sigmoid(z_too), 1.0).backward()
    assert math.isclose(z_too.grad, a - 1)
    print(f"{at:6}  {a:.5f}   {z.grad:12.5f}   {z_too.grad:13.5f}")

# %%
zs = [i / 20 for i in range(-160, 161)]
plt.plot(zs, [nn.sigmoid(z) - 1 for z in zs], label="cross-entropy: $a - y$")
squared = [2 * (a - 1) * a * (1 - a) for a in map(nn.sigmoid, zs)]
plt.plot(zs, squared, "--", label="squared error: $2(a - y)\\,a(1 - a)$")
plt.axvspan(-8, -4, color=pictures.GREY, alpha=0.15, lw=0)
plt.text(-7.8, -0.1, "sure and wrong")
plt.xlabel("z, where the truth is y = 1")
plt.ylabel("derivative of the error")
plt.title("One still pulls where the other has given up")
plt.legend()
plt.show()

# %% [markdown]
# Feel it yourself. Both pages start at $z = -4$: sure, and wrong. Press *Run* under *Go downhill*
# in each of them, and see which one gets going; then *Reset*, drag $z$ further to the left, and
# run them again. (On the web these are still pictures: they move where the notebook runs.)

# %%
z, y = Value.parameter(-4.0, "z"), Value(1.0, "y")
a = nn.sigmoid(z)
a.label = "a"
E = (a - y) ** 2
E.label = "E"
L = -(y * log(a) + (1 - y) * log(1 - a))
L.label = "L"

by_squared_error = explore(E, title="squared error")
by_squared_error

# %%
by_cross_entropy = explore(L, title="cross-entropy")
by_cross_entropy

# %% [markdown]
# ## Where the formula breaks down
#
# At $z = 40$ the sigmoid is so close to $1$ that the computer's numbers can't tell it from $1$.
# If the truth is $0$, (12) asks for $\ln 0$. `nn` refuses to give a number then. It has the same
# loss as a function of $z$, in which nothing is lost, because the two steps are done in one.
# (Type $40$ for $z$ and $0$ for $y$ in the last page: it has to refuse as well.)

# %%
assert nn.sigmoid(40.0) == 1.0
try:
    nn.binary_cross_entropy(nn.sigmoid(40.0), 0.0)
except ValueError as refused:
    print(textwrap.fill(str(refused), 80))

z = Value(40.0, "z")
loss = nn.binary_cross_entropy_with_logits(z, 0.0)
loss.backward()
print(f"\nfrom z itself: L = {loss.data:.6f}, ∂L/∂z = {z.grad:.6f}")
assert math.isclose(z.grad, nn.sigmoid(40.0) - 0.0)

# %% [markdown]
# ## More than two kinds
#
# For cats, dogs and mice the network has three sums $z_1, z_2, z_3$, which *softmax* turns into
# three probabilities $p_1, p_2, p_3$. The loss is again $-\ln$ of the probability of what really
# happened, and again almost everything cancels:
#
# $$\frac{\partial L}{\partial z_k} = p_k - y_k$$
#
# where $y_k$ is $1$ for the right kind, else $0$.

# %%
zs = [Value(number, f"z_{k}") for k, number in enumerate([1.0, 2.0, -0.5], start=1)]
nn.cross_entropy(zs, 0).backward()

for z, p, y in zip(zs, softmax([z.data for z in zs]), [1, 0, 0], strict=True):
    assert math.isclose(z.grad, p - y)
    print(f"{z.label}: p − y = {p:.4f} − {y} = {z.grad:.4f}")

# %% [markdown]
# ## Questions
#
# Put your answer in place of the dots and run the cell. A number needs two digits or more.
#
# **1.** A network says $a = 0.5$, whatever it sees; the truth is $y = 1$. What is
# $\frac{\partial L}{\partial z}$? And what is $L$?

# %%
z = Value(0.0, "z")
always_half = nn.binary_cross_entropy_with_logits(z, 1.0)
check(..., derivative_of=always_half, wrt=z)

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# $0.5 - y = -0.5$, and $0.5$ for $y = 0$. $L = -\ln 0.5 = \ln 2 = 0.693$ for either truth: the
# price of tossing a coin.
#
# </details>
#
# **2.** A label may be a guess itself: $y = 0.8$, "probably a cat". What is
# $\frac{\partial L}{\partial z}$ then, and at which $a$ is the loss smallest?

# %%
check(..., derivative_of="a = 1/(1 + exp(-z)); -(0.8*log(a) + 0.2*log(1 - a))", wrt="z")

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# $a - 0.8$: the formula was derived without using that $y$ is $0$ or $1$. The loss is smallest
# where that is $0$, at $a = 0.8$.
#
# </details>
#
# **3.** In (15) the derivative never gets larger than $1$. But by (13),
# $\frac{\partial L}{\partial a}$ can be huge: what is it at $a = 0.001$ and $y = 1$? Where does
# that go?

# %%
a = Value(0.001, "a")
check(..., derivative_of=-log(a), wrt=a)

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# It is $-1000$, and meets $a(1 - a)$, which is tiny in the same places:
# $-1000 \cdot 0.000999 = -0.999$.
#
# </details>

# %% [markdown]
# Next: [from one neuron to a network that learns](06_learning_two_moons.ipynb).

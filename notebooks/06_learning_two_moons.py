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
# # 6 · From one neuron to a network that learns
#
# After this notebook you will be able to
#
# - train a neuron: forward, backward, step, and again;
# - say what one neuron can never learn, and what a hidden layer changes;
# - read a loss curve and a decision boundary;
# - judge a model by points it has not seen.
#
# You need [notebook 3](03_backpropagation_by_hand.ipynb) and the loss of [notebook
# 5](05_cross_entropy.ipynb).

# %%
import math

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons

import pictures
from autograd_scalar import draw, nn, no_grad, toposort

# %% [markdown]
# ## The task
#
# Two kinds of points that lie like two moons, one hooked into the other. From the two coordinates
# the network should say which moon a point belongs to. It learns from 100 points; 200 others are
# kept aside.


# %%
def moons(count, seed):
    points, kinds = make_moons(count, noise=0.12, random_state=seed)
    return points.tolist(), [float(kind) for kind in kinds]


points, kinds = moons(100, seed=3)
unseen_points, unseen_kinds = moons(200, seed=4)

figure, axes = plt.subplots(figsize=(5.4, 3.4))
pictures.scatter(axes, points, kinds)
axes.set_title("Two moons")
plt.show()

# %% [markdown]
# ## One neuron
#
# A neuron computes $z = w_1 x_1 + w_2 x_2 + b$. Its sigmoid $a = \sigma(z)$ is the probability it
# gives to kind $1$. We start from random weights:

# %%
neuron = nn.Neuron(2, activation="linear", rng=0)
z = neuron(points[0])

w_1, w_2 = (w.data for w in neuron.w)
assert math.isclose(z.data, w_1 * points[0][0] + w_2 * points[0][1] + neuron.b.data)
print(f"z = {z.data:.4f}, so it says {nn.sigmoid(z.data):.3f}; the truth is {kinds[0]:g}")


# %% [markdown]
# The loss is the cross-entropy, averaged over all points. Its derivative with respect to each
# weight is the average of the points' derivatives. Notebook 5 says what one point gives with
# respect to $z$: $a - y$. With respect to $w_1$ the chain has one more factor, $x_1$:
#
# $$\frac{\partial L}{\partial w_1} = \frac{1}{n} \sum_{i=1}^{n} (a_i - y_i)\,x_{1,i}$$


# %%
def average_loss(model):
    losses = [
        nn.binary_cross_entropy_with_logits(model(point), kind)
        for point, kind in zip(points, kinds, strict=True)
    ]
    return sum(losses) / len(losses)


loss = average_loss(neuron)
neuron.zero_grad()
loss.backward()

by_formula = sum(
    (nn.sigmoid(neuron(point).data) - kind) * point[0]
    for point, kind in zip(points, kinds, strict=True)
) / len(points)
assert math.isclose(neuron.w[0].grad, by_formula)
print(f"loss {loss.data:.4f}, ∂L/∂w_1 = {by_formula:.4f}")

# %% [markdown]
# A step of learning moves every weight against its derivative:
#
# $$w \leftarrow w - \eta\,\frac{\partial L}{\partial w}$$

# %%
optimiser = nn.SGD(neuron.parameters(), lr=2.0)
expected = [p.data - 2.0 * p.grad for p in neuron.parameters()]
optimiser.step()

assert [p.data for p in neuron.parameters()] == expected
print(f"loss before {loss.data:.4f}, after one step {average_loss(neuron).data:.4f}")


# %% [markdown]
# And that again and again. `zero_grad()` is needed because `backward()` *adds* to the derivatives
# that are there:


# %%
def train(model, steps, keep=()):
    """The losses of all steps, and the weights before each of the steps in `keep`."""
    optimiser = nn.SGD(model.parameters(), lr=2.0)
    losses, snapshots = [], {}
    for step in range(steps + 1):
        if step in keep:
            snapshots[step] = model.state_dict()
        loss = average_loss(model)
        losses.append(loss.data)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return losses, snapshots


def accuracy(model, points, kinds):
    """The share of points for which z is on the right side of 0."""
    with no_grad():
        answers = [float(model(point) > 0) for point in points]
    return sum(map(float.__eq__, answers, kinds)) / len(kinds)


neuron_losses, _ = train(neuron, steps=200)
print(f"loss {neuron_losses[-1]:.2f}, right: {accuracy(neuron, points, kinds):.0%}")

# %% [markdown]
# It has learned something, and it is stuck. To see why, colour the plane by what it says. The
# line is where $z = 0$: there it is undecided.

# %%
figure, axes = plt.subplots(figsize=(5.4, 3.4))
pictures.boundary(axes, neuron)
pictures.scatter(axes, points, kinds)
axes.set_title(f"One neuron draws one straight line: {accuracy(neuron, points, kinds):.0%} right")
plt.show()

# %% [markdown]
# $w_1 x_1 + w_2 x_2 + b = 0$ is the equation of a straight line, whatever the weights are. No
# training can bend it.
#
# ## A hidden layer
#
# So let eight neurons look at the point first, each with a line of its own, and one more neuron
# weigh what they say. Between them there is $\tanh$, a bend; without it, sums of straight lines
# would be a straight line again.

# %%
model = nn.MLP(2, [8, 1], activation="tanh", rng=1)
assert len(model.parameters()) == 8 * (2 + 1) + (8 + 1)
print(model, "has", len(model.parameters()), "weights and biases")

# %%
model.layers[-1].neurons[0].label = "z"
draw(model(points[0]), view="network")

# %% [markdown]
# To the engine it is a graph of small steps. This is the first hidden neuron, for one point. The
# orange boxes are what it learns:

# %%
print(len(toposort(model(points[0]))), "values for one point, weights and inputs among them")
draw(model.layers[0].neurons[0](points[0]), rankdir="TB", clusters=False)

# %% [markdown]
# Nothing else changes: the same loss, the same three lines of training.

# %%
losses, snapshots = train(model, steps=200, keep=(0, 20, 60, 200))

plt.plot(neuron_losses, "--", color=pictures.GREY, label="one neuron")
plt.plot(losses, label="with a hidden layer")
for step in snapshots:
    plt.plot(step, losses[step], "o", color=pictures.RED)
plt.xlabel("step")
plt.ylabel("loss")
plt.ylim(0)
plt.title("Learning is the loss going down")
plt.legend()
plt.show()

# %% [markdown]
# At first it goes fast: like the neuron, it finds the best straight line. Then there is a slow
# stretch, until the hidden neurons have found out what each of them is for. At the red points we
# kept the weights:

# %%
figure, rows = plt.subplots(2, 2, figsize=(7.6, 5.2), sharex=True, sharey=True)
for axes, (step, weights) in zip(rows.flat, snapshots.items(), strict=True):
    model.load_state_dict(weights)
    right = accuracy(model, points, kinds)
    pictures.boundary(axes, model)
    pictures.scatter(axes, points, kinds, size=14)
    axes.set_title(f"after {step} steps: loss {losses[step]:.2f}, {right:.0%} right", fontsize=10)
plt.show()

# %% [markdown]
# ## Has it learned, or learned by heart?
#
# The 100 points are those it was trained on. What counts is how it does with points it has never
# seen:

# %%
for name, each in [("one neuron", neuron), ("with a hidden layer", model)]:
    print(f"{name:20} {accuracy(each, unseen_points, unseen_kinds):.0%} of 200 unseen points")
assert accuracy(model, unseen_points, unseen_kinds) >= 0.95

# %% [markdown]
# What did the hidden neurons find? Each has a line of its own, where its $\tanh$ changes sign.
# The last neuron puts the boundary together from them:

# %%
figure, axes = plt.subplots(figsize=(5.4, 3.4))
pictures.boundary(axes, model)
pictures.scatter(axes, points, kinds, size=14)
for hidden in model.layers[0].neurons:
    w_1, w_2, b = (p.data for p in hidden.parameters())
    xs = [-2.0, 3.0]
    axes.plot(xs, [-(w_1 * x + b) / w_2 for x in xs], color="black", lw=0.9, ls=":")
axes.set(xlim=pictures.PLANE[0], ylim=pictures.PLANE[1])
axes.set_title("The lines of the eight hidden neurons")
plt.show()

# %% [markdown]
# ## Questions
#
# **1.** What happens if all weights start at $0$?
#
# <details>
# <summary>Answer</summary>
#
# Then all hidden outputs are $0$, and every derivative has a factor $0$ in it, but for the one of
# the last bias. Only that one can learn, and it can't tell the kinds apart; with as many points
# of each kind even it stands still. And if all start at the same number, not $0$, all hidden
# neurons get the same derivatives and stay copies of each other. Chance breaks the tie.
#
# </details>
#
# **2.** Leave out the $\tanh$ (`activation="linear"`). How well can the network do?
#
# <details>
# <summary>Answer</summary>
#
# As well as a single neuron. A weighted sum of $w_1 x_1 + w_2 x_2 + b$ is again of this form: one
# straight line, however many neurons there are.
#
# </details>
#
# **3.** Why `zero_grad()` before each `backward()`?
#
# <details>
# <summary>Answer</summary>
#
# `backward()` adds to what is there, so that several losses can be summed. Without clearing, each
# step would also repeat all earlier ones.
#
# </details>
#
# The engine on the same questions:

# %%
zero = nn.MLP(2, [8, 1], activation="tanh", rng=0)
zero.load_state_dict(dict.fromkeys(zero.state_dict(), 0.0))
average_loss(zero).backward()
moving = [name for name, p in zero.named_parameters().items() if abs(p.grad) > 1e-12]
print("1. weights that would move, with as many points of each kind:", moving)

straight = nn.MLP(2, [8, 1], activation="linear", rng=1)
train(straight, steps=30)
print(f"2. {accuracy(straight, points, kinds):.0%} right")

once = neuron.w[0]
neuron.zero_grad()
average_loss(neuron).backward()
first = once.grad
average_loss(neuron).backward()
assert math.isclose(once.grad, 2 * first)
print("3. backward() twice gives twice the derivative")

# %% [markdown]
# Next: [gradients you can trust](07_gradients_you_can_trust.ipynb).

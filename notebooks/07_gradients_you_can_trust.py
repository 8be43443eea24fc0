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
# # 7 · Gradients you can trust
#
# After this notebook you will be able to
#
# - say what an engine answers where there *is* no derivative, and where it is written down;
# - find the operation that made a NaN, and get rid of it;
# - check any derivative against finite differences, and know how far to trust the check;
# - avoid four mistakes that give a wrong gradient without a word in many programs.
#
# You need [notebook 1](01_what_a_derivative_is.ipynb). A *gradient* is the list of all
# derivatives of one result.

# %%
import math
import re
import sys
import textwrap

import matplotlib.pyplot as plt

import pictures
from autograd_scalar import (
    AnomalyError,
    Value,
    check_grads,
    custom,
    detect_anomaly,
    exp,
    grad,
    hypot,
    log,
    maximum,
    nn,
    relu,
    softplus,
    sqrt,
    where,
)

# %% [markdown]
# ## Kinks: where there is no derivative
#
# $relu(x)$ is $0$ for negative $x$, and $x$ itself otherwise. On the left of $0$ it is flat, on
# the right it has the slope $1$. *At* $0$ there is a corner, and no line touches it in one way
# only.

# %%
xs = [i / 50 for i in range(-100, 101)]
figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 2.9))
left.plot(xs, [relu(x) for x in xs])
left.plot(0, 0, "o", color=pictures.RED)
left.set(title="relu", xlabel="x")
for part in ([x for x in xs if x < 0], [x for x in xs if x >= 0]):
    right.plot(part, [grad(relu)(x) for x in part], color=pictures.BLUE)
right.plot(0, grad(relu)(0.0), "o", color=pictures.RED)
right.set(title="its derivative, and what is used at 0", xlabel="x")
plt.show()

# %% [markdown]
# An engine has to answer something. This one uses the slope for $x \ge 0$,
#
# $$\frac{d\,relu(z)}{dz} =
# \begin{cases} 0 & \text{for } z < 0 \\ 1 & \text{for } z \ge 0 \end{cases}$$
#
# and so do some textbooks; PyTorch and JAX answer $0$ at $z = 0$. Both are conventions. What
# matters is that it is written down once, in the table of primitives, and listed in
# [docs/conventions.md](../docs/conventions.md). Some more of them:

# %%
assert [grad(relu)(z) for z in (-1.0, 0.0, 1.0)] == [0.0, 1.0, 1.0]

for text, formula, point in [
    ("relu(x)       at x = 0", relu, (0.0,)),
    ("|x|           at x = 0", abs, (0.0,)),
    ("maximum(x, y) at x = y = 2", lambda x: maximum(x, Value(2.0)), (2.0,)),
    ("hypot(x, y)   at x = y = 0", lambda x: hypot(x, Value(0.0)), (0.0,)),
]:
    print(f"{text:28} ∂/∂x = {grad(formula)(*point):g}")

# %% [markdown]
# $|x|$ gets the middle of its slopes $-1$ and $1$; two that tie share the derivative half and
# half.
#
# ## Infinite slopes, and NaN
#
# $\sqrt{x}$ at $0$ has the value $0$, and is infinitely steep there. Its derivative is $\infty$:
# that is the honest answer. Trouble starts when it is multiplied by $0$:
#
# $$x \cdot \sqrt{x} \text{ at } 0: \qquad 1 \cdot \sqrt{0} + 0 \cdot \infty = \text{NaN}$$

# %%
x = Value(0.0, "x")
sqrt(x).backward()
assert x.grad == math.inf

x = Value(0.0, "x")
(x * sqrt(x)).backward()
print(x.grad)


# %% [markdown]
# $0 \cdot \infty$ can be anything; NaN, "not a number", says so. One NaN in a network, and after
# the next step all weights are NaN. So which operation made it? Run the same thing inside
# `detect_anomaly()`:


# %%
def show(message):
    """Print a message in short lines, and its numbers with 6 digits."""
    short = re.sub(r"\d+\.\d{6,}", lambda digits: f"{float(digits[0]):.6f}", str(message))
    print(textwrap.fill(short, 88))


try:
    with detect_anomaly():
        x = Value(0.0, "x")
        y = x * sqrt(x)
        y.backward()
except AnomalyError as found:
    what, _, line = str(found).splitlines()
    show(what)
    show(f"in the line: {line.strip()}")

# %% [markdown]
# It names the primitive, its operand and label, and the line of your code. The way out here is to
# write the function as what it is, a single power: $x \sqrt{x} = x^{1.5}$, with the derivative
# $1.5\,x^{0.5}$:

# %%
x = Value(0.0, "x")
(x**1.5).backward()
assert x.grad == 1.5 * 0**0.5 == 0
x.grad

# %% [markdown]
# The other classic is a formula with an `if`: "take $\sqrt{x}$ where $x > 0$, else $0$". `where`
# computes both sides and selects one. No derivative flows through the other side, so no NaN comes
# back from it:

# %%
x = Value(0.0, "x")
where(x > 0, sqrt(x), 0.0).backward()
assert x.grad == 0
x.grad

# %% [markdown]
# And a length, $\sqrt{x^2 + y^2}$, has the same trouble at the origin. There is a primitive for
# it:

# %%
x, y = Value(0.0, "x"), Value(0.0, "y")
sqrt(x * x + y * y).backward()
print("sqrt(x² + y²):", x.grad)

x, y = Value(0.0, "x"), Value(0.0, "y")
hypot(x, y).backward()
print("hypot(x, y):  ", x.grad)

x, y = Value(3.0, "x"), Value(4.0, "y")
hypot(x, y).backward()
assert math.isclose(x.grad, 3 / 5)  # ∂/∂x is x divided by the length


# %% [markdown]
# Where a *value* does not exist, there is an error at once, which says what was given:


# %%
def message(formula):
    """What the formula is refused with."""
    try:
        formula()
    except (ArithmeticError, ValueError, TypeError) as refused:
        return f"{type(refused).__name__}: {refused}"


print(message(lambda: log(Value(-1.0, "x"))))
print(message(lambda: 1 / Value(0.0, "total")))
print(message(lambda: log(1 + exp(Value(1000.0, "z")))))

# %% [markdown]
# $\ln(1 + e^{1000})$ is no large number at all, it is $1000$. Only the way there leads through
# $e^{1000}$. Functions such as `softplus` know a better way:

# %%
z = Value(1000.0, "z")
y = softplus(z)
y.backward()
assert (y.data, z.grad) == (1000.0, 1.0)

z = Value(2.0, "z")
softplus(z).backward()
assert math.isclose(softplus(2.0), math.log(1 + math.exp(2)))
assert math.isclose(z.grad, nn.sigmoid(2.0))  # its derivative is the sigmoid
print(y.data)

# %% [markdown]
# ## Checking a derivative
#
# How do you know that a derivative is right? Measure it, as in notebook 1. `check_grads` does so
# for any function, and says nothing if all is well. By default it checks the second derivatives,
# too:

# %%
check_grads(lambda x, y: exp(-x) * y**2 + x / y, (0.3, 2.0))

# %% [markdown]
# If something is wrong, it says where and by how much. Here is a function for which somebody
# typed the derivative in by hand, and took $\sigma$ for its own derivative:

# %%
wrong = custom(
    lambda x: 1 / (1 + math.exp(-x)),
    lambda x: 1 / (1 + exp(-x)),
    name="wrong_sigmoid",
)
try:
    check_grads(wrong, (0.5,), order=1)
except AssertionError as found:
    show(found)

a = 1 / (1 + math.exp(-0.5))
print(f"a = {a:.6f}, a(1 − a) = {a * (1 - a):.6f}")

# %% [markdown]
# It also notices that it was asked about a kink:

# %%
try:
    check_grads(relu, (0.0,), order=1)
except AssertionError as found:
    show(found)


# %% [markdown]
# ## How far to trust a finite difference
#
# Why not simply use differences instead of an engine? Because of the step $h$. Too large, and the
# curve bends within it. Too small, and the computer's 16 digits are used up by what the two
# values have in common. Here is the error of $\frac{\sigma(x + h) - \sigma(x - h)}{2h}$ for all
# sizes of $h$:


# %%
def sigmoid(x):
    return 1 / (1 + math.exp(-x))


at = 0.5
exact = sigmoid(at) * (1 - sigmoid(at))
hs = [10 ** (-k / 4) for k in range(2, 57)]
errors = [abs((sigmoid(at + h) - sigmoid(at - h)) / (2 * h) - exact) for h in hs]
precision = sys.float_info.epsilon  # of the computer's numbers
assert abs(grad(nn.sigmoid)(at) - exact) < precision

plt.loglog(hs, errors, "o-", ms=3, lw=1.2, label="finite difference")
plt.axhline(precision, color=pictures.RED, ls="--", label="the engine: below this line")
plt.gca().invert_xaxis()
plt.xlabel("step h")
plt.ylabel("error")
plt.title("Too large, too small, never exact")
plt.legend()
plt.show()

# %% [markdown]
# At its best a difference has some 11 correct digits. That is good enough to find a mistake, and
# it costs two runs of the function *for each weight*. The engine has all digits, of all
# derivatives, after one pass.

# %%
assert math.isclose(hs[2], 0.1)
assert math.isclose(hs[-9], 1e-12)
assert min(errors) < 1e-10 < 1e-6 < errors[-9]
print(f"step 0.1: an error of {errors[2]:.6f}")

# %% [markdown]
# ## Four mistakes worth knowing
#
# **The wrong `exp`.** `math.exp` knows only numbers. If it quietly took one out of a `Value`, the
# result would have no derivative.

# %%
show(message(lambda: math.exp(Value(1.0, "x"))))

# %% [markdown]
# **An operand used twice.** $x \cdot x$ has two ways to $x$; each gives $x$, and together that is
# $2x$:

# %%
x = Value(3.0, "x")
y = x * x
y.backward()
assert y.partials == (3.0, 3.0)
assert x.grad == 2 * 3
print(f"along each way {y.partials}, together {x.grad:g}")

# %% [markdown]
# **Calling `backward()` again.** What has been collected at the inputs stays, and the new
# derivatives are added, once each: twice makes double, not triple.

# %%
x = Value(2.0, "x")
y = x**3
y.backward()
assert x.grad == 3 * 2**2
y.backward()
assert x.grad == 2 * 12
x.zero_grad()
y.backward()
print(x.grad)

# %% [markdown]
# **Reading `.data`.** It gives a plain number, on purpose. What is computed from it does not
# depend on `x` any more; `detach()` says the same as a `Value`.

# %%
x = Value(2.0, "x")
(x * x.data).backward()
assert x.grad == 2.0  # and not 4: the second factor was held still
print("x * x.data:    ", x.grad)

x = Value(2.0, "x")
(x * x.detach()).backward()
assert x.grad == 2.0
print("x * x.detach():", x.grad)

x = Value(2.0, "x")
(x * x).backward()
print("x * x:         ", x.grad)

# %% [markdown]
# ## Questions
#
# **1.** What is the derivative of $relu(x) - relu(-x)$ at $0$? (The function is $x$.)
#
# <details>
# <summary>Answer</summary>
#
# The true one is $1$. The engine says $1 - 1 \cdot (-1) = 2$: each relu is at its corner, and its
# convention is used twice. A convention at a kink is not a derivative, and sums of conventions
# need not be one either. With PyTorch's convention the answer is $0$, just as wrong. It happens
# at a single point, and almost never matters.
#
# </details>
#
# **2.** Your loss is NaN after 300 steps. What do you do?
#
# <details>
# <summary>Answer</summary>
#
# Save the weights before the step that makes it, and repeat that step inside `detect_anomaly()`.
# It names the operation, its operands and the line. In the forward pass look for logarithms of
# $0$ and overflows, in the backward pass for roots and powers at $0$.
#
# </details>
#
# **3.** `check_grads` fails at one point, and passes everywhere near it. Is the derivative wrong?
#
# <details>
# <summary>Answer</summary>
#
# Perhaps it is a kink: read the end of the message, which compares the slopes of the two sides.
# Shift the point a little and check again.
#
# </details>
#
# The engine on questions 1 and 3:

# %%
x = Value(0.0, "x")
(relu(x) - relu(-x)).backward()
print(x.grad)

check_grads(relu, (0.01,), order=1, eps=0.001)
check_grads(relu, (-0.01,), order=1, eps=0.001)

# %% [markdown]
# Next: [one function, a million examples](08_one_function_a_million_examples.ipynb).

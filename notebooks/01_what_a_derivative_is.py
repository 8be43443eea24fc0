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
# # 1 · What a derivative is, and the three rules
#
# After this notebook you will be able to
#
# - say what a derivative is, and measure one with nothing but subtraction and division;
# - tell which rule a formula needs: product, quotient or chain;
# - work out derivatives such as that of $(x^2 + 1)^3$ line by line, and check every line.
#
# You need school algebra: brackets, fractions, powers. Neural networks come in later notebooks,
# and need only what is here. Every formula below is also computed; an `assert` in a cell is a
# claim that stops the notebook if it is false. The examples are those of a
# lecture, "Backpropagation – Mathematical Background" (Erhard Hinrichs, Universität Tübingen).

# %%
from math import isclose

import pictures
from autograd_scalar import Value, check, derive, draw, explain, sqrt

# %% [markdown]
# ## A rate of change, measured
#
# Take $f(x) = x^2$ at $x = 3$, where it is $9$. Move $x$ by a small step $h$ and see how far the
# value moves. Then divide by $h$, to get the movement *per unit of $x$*:
#
# $$\frac{f(3 + h) - f(3)}{h}$$


# %%
def f(x):
    return x**2


for h in [1, 0.1, 0.01, 0.001]:
    rise = f(3 + h) - f(3)
    print(f"h = {h:<6} f(3 + h) = {f(3 + h):<10.6f} rise = {rise:.6f}  rise / h = {rise / h:.3f}")

# %% [markdown]
# The last column settles down, and what it settles to is $6$. **That is the derivative of $x^2$
# at $x = 3$: near $3$, $x^2$ changes six times as fast as $x$ does.**
#
# Why $6$ exactly? Multiply out: $(3 + h)^2 = 9 + 6h + h^2$. Take away the $9$ and divide by $h$,
# and $6 + h$ is left. As $h$ shrinks, only the $6$ stays.
#
# Nothing was special about $3$. For any $x$ the same two lines give $2x + h$, so the derivative
# is $2x$.

# %%
h = 1 / 1024
for x in [3, 0.5, -2, 10]:
    assert (f(x + h) - f(x)) / h == 2 * x + h
    print(f"at x = {x:<4}  rise / h = {(f(x + h) - f(x)) / h:<13}  2x = {2 * x}")

# %% [markdown]
# In a picture, $\text{rise}/h$ is the steepness of a straight line through two points of the
# curve. As the second point slides towards the first, the line turns into the one that only
# touches the curve. The derivative is the steepness of that one.

# %%
pictures.touching_line(f, 3, slope=6, steps=[3, 1.5])

# %% [markdown]
# There are several ways to write it, and all mean the same:
#
# $$f'(x) = 2x \qquad\quad \frac{df}{dx} = 2x \qquad\quad \frac{d}{dx}\,x^2 = 2x$$
#
# A round $\partial$ instead of the $d$ says: there are other letters in the formula, and while
# $x$ moves they are held still.
#
# ## Without a step
#
# The engine in this project finds derivatives without any step $h$, so nothing needs to settle
# down. A `Value` is a number that remembers what was computed from it. `backward()` then fills in
# `.grad`: how fast the result changes with that number.

# %%
x = Value(3.0, "x")
y = x**2
y.backward()

assert x.grad == 6
x.grad

# %% [markdown]
# It knows a few small rules and puts them together. The first is the **power rule**: the exponent
# comes down as a factor, and the exponent that stays is one less.
#
# $$\frac{d}{dx}\,x^n = n\,x^{n-1}$$
#
# It also holds for exponents that are not $1, 2, 3, …$: $x^{-1}$ is $1/x$, and $x^{1/2}$ is
# $\sqrt{x}$.

# %%
for n in [1, 2, 3, 4, -1, 0.5]:
    x = Value(4.0, "x")
    (x**n).backward()
    assert isclose(x.grad, n * 4 ** (n - 1))
    print(f"the derivative of x^{n:<4} at x = 4 is {n} · 4^{n - 1:<4} = {x.grad}")

# %% [markdown]
# ## What stands still
#
# Three small rules are next. They look too easy to be worth a name, and they are behind most of
# the confusion later.
#
# - **Constant rule**, $\frac{d}{dx}\,7 = 0$: what never changes has no rate of change.
# - **Constant factor rule**, $\frac{d}{dx}\,7x = 7$: seven times something changes seven times as
#   fast.
# - **Sum rule**, $\frac{d}{dx}\,(x^2 + 7x) = 2x + 7$: when parts are added, so are their changes.

# %%
for text, formula, derivative in [
    ("7", lambda x: 0 * x + 7, 0),
    ("7x", lambda x: 7 * x, 7),
    ("x² + 7x", lambda x: x**2 + 7 * x, 13),
]:
    x = Value(3.0, "x")
    formula(x).backward()
    assert x.grad == derivative
    print(f"at x = 3 the derivative of {text:8} is {x.grad:g}")

# %% [markdown]
# People ask: *"If $a$ is treated as a constant, why is the derivative of $w \cdot a$ not $0$?"*
# Don't argue, measure. Hold $a = 5$ still and move $w$ from $2$ to $2.5$:

# %%
a = 5
for text, formula in [("a", lambda w: a), ("w + a", lambda w: w + a), ("w · a", lambda w: w * a)]:
    before, after = formula(2), formula(2.5)
    print(f"{text:6}  from {before:<4} to {after:<5} rise / h = {(after - before) / 0.5:g}")

# %% [markdown]
# Alone, or added on, the constant gives nothing: $0$, and $1 + 0$. As a *factor* it says how
# strongly the movement of $w$ comes through: the derivative of $w \cdot a$ is $a$. "Constant"
# means that $a$ does not move. It does not mean that the product doesn't.

# %%
w, a = Value(2.0, "w"), Value(5.0, "a")
(w * a).backward()
assert w.grad == 5
w.grad


# %% [markdown]
# ## The product rule: a rectangle that grows
#
# What if both factors move? Think of a rectangle with the sides $u = x^2$ and $v = 5x - 4$. At
# $x = 2$ they are $4$ and $6$, and they grow at the rates $u' = 2x = 4$ and $v' = 5$.


# %%
def u(x):
    return x**2


def v(x):
    return 5 * x - 4


h = 0.2
pictures.growing_rectangle(u(2), v(2), du=u(2 + h) - u(2), dv=v(2 + h) - v(2))

# %% [markdown]
# The area gains a strip on the right, a strip on top and a little corner. Watch them as the step
# shrinks, each divided by $h$:

# %%
for h in [0.2, 0.02, 0.002]:
    du, dv = u(2 + h) - u(2), v(2 + h) - v(2)
    right, top, corner = du * v(2) / h, u(2) * dv / h, du * dv / h
    print(f"h = {h:<6} right strip {right:.3f} + top strip {top:.3f} + corner {corner:.3f}")

# %% [markdown]
# The corner vanishes. The strips stay: $4 \cdot 6 = 24$ and $4 \cdot 5 = 20$. That is the
# **product rule**, and here it gives $44$:
#
# $$(u\,v)' = u'\,v + u\,v'$$

# %%
x = Value(2.0, "x")
(u(x) * v(x)).backward()

assert x.grad == 4 * 6 + 4 * 5 == 44
assert x.grad != 4 * 5  # u′ times v′, a tempting mistake
x.grad

# %% [markdown]
# `derive` writes such a calculation out: first for any two functions, then for these.

# %%
derive("f(x) * g(x)", functions=("f", "g"))

# %%
derivation = derive("x**2 * (5*x - 4)")
assert derivation.at(x=2.0) == 44
derivation

# %% [markdown]
# ## The chain rule: gears
#
# One wheel turns another, which turns a third. If the second turns $4$ times as fast as the
# first, and the third $75$ times as fast as the second, the third turns $4 \cdot 75 = 300$ times
# as fast as the first. **Along a chain, rates multiply.**
#
# Formulas inside formulas are such chains. To compute $(x^2 + 1)^3$ you go from $x$ to an inner
# value $u = x^2 + 1$, and from there to $y = u^3$. At $x = 2$:
#
# - the inner wheel: $u = 5$, and $u' = 2x = 4$;
# - the outer wheel: $y = 125$, and for each unit of $u$ it moves by $3u^2 = 75$.

# %%
x = Value(2.0, "x")
inner = x**2 + 1
inner.label = "u"
y = inner**3
y.label = "y"
y.backward()

assert x.grad == 75 * 4 == 300
draw(y, partials=True)

# %% [markdown]
# The picture shows the chain from left to right. At the arrows stand the rates of single steps
# (after the sign $\partial$); in the boxes, behind `grad`, how fast $y$ changes with that value.
# Each `grad` is the next one to the right times the rate between them.
#
# Now in words and formulas. `explain` tells where a derivative comes from, in the names you gave:

# %%
explain(y, wrt=x)

# %% [markdown]
# As one formula, with $f$ for the outer function and $g$ for the inner one:
#
# $$\frac{d}{dx}\,f(g(x)) = f'(g(x)) \cdot g'(x)$$
#
# The first factor is the outer derivative, taken *at the inner value*; the second is the inner
# derivative. Here it is as a textbook would write it down:

# %%
derivation = derive("f(x) = (x**2 + 1)**3")
assert derivation.at(x=2.0) == 300
derivation

# %% [markdown]
# A chain can hide in a root, too. $\sqrt{x^2 - 1}$ has the inner value $x^2 - 1$ and the outer
# function $\sqrt{u} = u^{1/2}$:

# %%
derivation = derive("sqrt(x**2 - 1)")
x = Value(1.25, "x")
sqrt(x**2 - 1).backward()
assert isclose(derivation.at(x=1.25), x.grad)
assert isclose(x.grad, 1.25 / 0.75)  # the root of 1.25² − 1 is 0.75
derivation

# %% [markdown]
# ## The quotient rule, and where its minus comes from
#
# Share a cake of size $u$ among $v$ people: each gets $u / v$. If the cake grows, everybody gets
# more. If more *people* come, everybody gets less. That is where the minus comes from:
#
# $$\left(\frac{u}{v}\right)' = \frac{u'\,v - u\,v'}{v^2}$$
#
# With the same $u$ and $v$ as before, at $x = 2$: $u = 4$, $u' = 4$, $v = 6$, $v' = 5$.

# %%
x = Value(2.0, "x")
(u(x) / v(x)).backward()

assert isclose(x.grad, (4 * 6 - 4 * 5) / 6**2)
print(f"(4·6 − 4·5) / 6² = {4 / 36:.6f}, and the engine says {x.grad:.6f}")

# %% [markdown]
# Often the top is just $1$. Its derivative is $0$, and of the numerator only $-v'$ remains:
#
# $$\left(\frac{1}{v}\right)' = \frac{0 \cdot v - 1 \cdot v'}{v^2} = -\frac{v'}{v^2}$$
#
# This is how a $-1$ gets into a numerator where you saw none. And it is no new fact. Write $1/v$
# as $v^{-1}$: the power rule brings the $-1$ down, and the chain rule multiplies by $v'$. Both
# ways must agree, and do:

# %%
at_x = 3.5
inside = at_x**2 - 4 * at_x + 5
by_quotient = (0 * inside - 1 * (2 * at_x - 4)) / inside**2
by_power_and_chain = -1 * inside**-2 * (2 * at_x - 4)
assert isclose(by_quotient, by_power_and_chain)

derivation = derive("1 / (x**2 - 4*x + 5)")
assert isclose(derivation.at(x=at_x), by_quotient)
derivation

# %% [markdown]
# ## Which rule is it?
#
# Imagine you compute the formula with a pocket calculator, for some number $x$. **What is the
# last key you press?** It names the rule you start with. Then do the same for the parts.
#
# The engine records exactly this: `op` is the last operation of a value.

# %%
x = Value(2.0, "x")
for text, y in [
    ("x² + 7x", x**2 + 7 * x),
    ("x²·(5x − 4)", x**2 * (5 * x - 4)),
    ("x² / (5x − 4)", x**2 / (5 * x - 4)),
    ("(5x − 4)⁶", (5 * x - 4) ** 6),
    ("√(x² − 1)", sqrt(x**2 - 1)),
]:
    start = derive(y).rules[0]
    print(f"{text:18} last: {y.op:5}  start with: {start}")

# %% [markdown]
# For $(5x - 4)^6$ the last thing you do is to raise to the power $6$: power rule first. What is
# raised is not just $x$, so the chain rule joins in and multiplies by the rate of the inside,
# $5$.

# %%
derivation = derive("(5*x - 4)**6")
assert derivation.at(x=1.0) == 6 * (5 * 1 - 4) ** 5 * 5 == 30
derivation

# %% [markdown]
# ## Questions
#
# Think first. Put your answer, a formula between quotation marks, in place of the dots and run the
# cell: it tells whether that is right, and if not, what went wrong. The answers open on a click.
#
# **1.** Someone says: the derivative of $(3x)^2$ is $2 \cdot 3x = 6x$. At $x = 1$ that would be
# $6$. What is it really?

# %%
check(..., derivative_of="(3*x)**2")

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# $18x$. The inner rate is missing: the outer function squares, which gives $2 \cdot 3x$, but the
# inside $3x$ moves three times as fast as $x$, so the chain rule multiplies by $3$. Multiply out
# first and you see it too: $(3x)^2 = 9x^2$, with the derivative $18x$.
#
# </details>
#
# **2.** $7$ has the derivative $0$, so does $7x$ have the derivative $0 \cdot x = 0$?

# %%
check(..., derivative_of="7*x")

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# No, it is $7$. The product rule has two terms: $0 \cdot x + 7 \cdot 1 = 7$. A constant that is
# added disappears; a constant that multiplies stays.
#
# </details>
#
# **3.** Which rule comes first for $x \cdot (x - 1)^2$, and what is the derivative?

# %%
check(..., derivative_of="x * (x - 1)**2")

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# The last key is the multiplication, so the product rule: $1 \cdot (x - 1)^2 + x \cdot 2(x - 1)$.
# Power and chain rule are for the second factor alone. At $x = 3$: $4 + 12 = 16$.
#
# </details>

# %% [markdown]
# Next: [why the sigmoid's derivative is a(1 − a)](02_why_a_times_1_minus_a.ipynb).

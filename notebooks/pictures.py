"""What the notebooks' figures share: colours that colour-blind readers can tell apart, and
pictures that take more lines than their idea."""

import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap

from autograd_scalar import nn, no_grad

# Okabe and Ito's palette.
BLUE, ORANGE, GREEN, RED, PURPLE, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#6B7280",
)

plt.rcParams.update(
    {
        "axes.grid": True,
        "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE]),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "figure.constrained_layout.use": True,
        "figure.dpi": 120,
        "figure.figsize": (6.4, 3.6),
        "font.size": 10.5,
        "grid.color": "#E5E7EB",
        "legend.frameon": False,
        "lines.linewidth": 2.2,
    }
)


def touching_line(f, at, slope, steps):
    """The curve of f, lines through two of its points, and the line that touches it."""
    far = at + max(steps) + 0.6
    xs = [i * far / 200 for i in range(201)]
    plt.plot(xs, [f(x) for x in xs], label="the curve")
    for h, style in zip(steps, [":", "--"], strict=True):
        steepness = (f(at + h) - f(at)) / h
        ends = [at - 1.5, at + h + 0.4]
        line = [f(at) + steepness * (x - at) for x in ends]
        plt.plot(ends, line, style, color=GREY, lw=1.6, label=f"h = {h:g}: steepness {steepness:g}")
        plt.plot(at + h, f(at + h), "o", color=GREY)
    ends = [at - 1.5, far]
    line = [f(at) + slope * (x - at) for x in ends]
    plt.plot(ends, line, color=RED, label=f"touching: steepness {slope:g}")
    plt.plot(at, f(at), "o", color=RED, zorder=3)
    plt.xlabel("x")
    plt.ylabel("value")
    plt.title("From two points to one")
    plt.legend()
    plt.show()


def growing_rectangle(u, v, du, dv):
    """A rectangle with the sides u and v, and what it gains when they grow by du and dv."""
    _, axes = plt.subplots(figsize=(5.4, 4))
    for (x, y), width, height, color in [
        ((0, 0), u, v, "#E5E7EB"),
        ((u, 0), du, v, BLUE),
        ((0, v), u, dv, ORANGE),
        ((u, v), du, dv, GREY),
    ]:
        axes.add_patch(plt.Rectangle((x, y), width, height, fc=color, ec="white", lw=2))
    axes.text(u / 2, v / 2, "area $u\\,v$", ha="center", va="center")
    axes.text(u / 2, v + dv / 2, "$u$ · (growth of $v$)", ha="center", va="center")
    axes.text(u + du + 0.15, v / 2, "(growth of $u$) · $v$", va="center", color=BLUE)
    axes.text(u + du + 0.15, v + dv / 2, "growth · growth", va="center", color=GREY)
    axes.set(xlim=(0, u + du + 2.6), ylim=(0, v + dv + 0.3), xlabel="$u$", ylabel="$v$")
    axes.set(aspect="equal", xticks=[0, u], yticks=[0, v], title="Two strips and a corner")
    axes.grid(False)
    plt.show()


#: The part of the plane that the moons lie in: x from, to; y from, to.
PLANE = ((-1.7, 2.7), (-1.2, 1.7))

_SIDES = LinearSegmentedColormap.from_list("sides", ["#9CC9E8", "white", "#F6D08A"])


def scatter(axes, points, kinds, size=26):
    """Points of two kinds, told apart by colour and by shape."""
    for kind, color, marker in [(0, BLUE, "o"), (1, RED, "^")]:
        xs, ys = zip(*(p for p, k in zip(points, kinds, strict=True) if k == kind), strict=True)
        axes.scatter(xs, ys, s=size, c=color, marker=marker, edgecolor="white", lw=0.6, zorder=3)
    axes.set(xlim=PLANE[0], ylim=PLANE[1], xlabel="$x_1$", ylabel="$x_2$")
    axes.label_outer()


def boundary(axes, model, steps=45):
    """The plane in the colour of the side the model takes; a line where it is undecided."""
    (left, right), (bottom, top) = PLANE
    xs = [left + (right - left) * i / steps for i in range(steps + 1)]
    ys = [bottom + (top - bottom) * i / steps for i in range(steps + 1)]
    with no_grad():
        says = [[nn.sigmoid(model([x, y]).data) for x in xs] for y in ys]
    axes.contourf(xs, ys, says, levels=[i / 10 for i in range(11)], cmap=_SIDES)
    axes.contour(xs, ys, says, levels=[0.5], colors="#111827", linewidths=1.6)
    axes.grid(False)

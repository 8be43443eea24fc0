"""A saddle point: a loop inside a loop, the inner one of so many turns in reverse mode."""

import jax
import jax.numpy as jnp
from descent import minimum_of
from gradbench import wrap

jax.config.update("jax_enable_x64", True)

MODES = {"f": jax.jacfwd, "r": jax.grad}
#: More turns than the search takes: JAX can't go backwards through a loop without an end.
MOST = 512


def height(x, y):
    return jnp.sum(x * x) - jnp.sum(y * y)


def greatest(x, start, slopes, turns=None):
    def depth(y):
        return -height(x, y)

    return minimum_of(depth, slopes(depth), start, turns)


def search(outer, inner):
    def everything(start):
        def ridge(x):
            return height(x, greatest(x, start, MODES[inner]))

        def bounded(x):
            return height(x, greatest(x, start, MODES[inner], MOST))

        gradient = MODES[outer](bounded if outer == "r" else ridge)
        x = minimum_of(ridge, gradient, start)
        return jnp.concatenate([x, greatest(x, start, MODES[outer])])

    compiled = jax.jit(everything)

    @wrap.multiple_runs(
        pre=lambda given: jnp.array(given["start"]), post=lambda found: found.tolist()
    )
    def found(start):
        return compiled(start).block_until_ready()

    return found


ff, fr, rf, rr = (search(outer, inner) for outer in "fr" for inner in "fr")

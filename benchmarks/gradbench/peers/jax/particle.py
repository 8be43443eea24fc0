"""A charged particle: loops inside a loop, the inner one of so many turns in reverse mode."""

import jax
import jax.numpy as jnp
from descent import length, minimum_of
from gradbench import wrap

jax.config.update("jax_enable_x64", True)

STEP = 0.1
#: More steps than the particle ever takes: JAX can't go backwards through a loop without an end.
MOST = 512


def missed(w, slopes, bounded):
    charges = jnp.array([[10.0, 10.0], [10.0, 0.0]]).at[0, 1].add(-w)
    force = slopes(lambda x: sum(1 / length(x - charge) for charge in charges))

    def flies(state):
        x, velocity = state
        return x[1] + STEP * velocity[1] > 0

    def step(state):
        x, velocity = state
        return x + STEP * velocity, velocity - STEP * force(x)

    def kept(state, _):
        return jax.lax.cond(flies(state), step, lambda state: state, state), None

    state = jnp.array([0.0, 8.0]), jnp.array([0.75, 0.0])
    if bounded:
        (x, velocity), _ = jax.lax.scan(kept, state, None, length=MOST)
    else:
        x, velocity = jax.lax.while_loop(flies, step, state)
    return (x - x[1] / velocity[1] * velocity)[0] ** 2


MODES = {"f": jax.jacfwd, "r": jax.grad}


def search(outer, inner):
    def function(w):
        return missed(w[0], MODES[inner], outer == "r")

    def value(w):
        return missed(w[0], MODES[inner], False)

    compiled = jax.jit(lambda w: minimum_of(value, MODES[outer](function), w))

    @wrap.multiple_runs(pre=lambda given: jnp.array([given["w"]]), post=lambda w: float(w[0]))
    def found(start):
        return compiled(start).block_until_ready()

    return found


ff, fr, rf, rr = (search(outer, inner) for outer in "fr" for inner in "fr")

"""The long short-term memory, with `lax.scan` along the text."""

import jax
import jax.numpy as jnp
import numpy as np
from gradbench import wrap

jax.config.update("jax_enable_x64", True)


def step(parameters, state, x):
    main, extra = parameters
    bits = x.shape[0]
    signal = x * extra[0]
    new = []
    for layer in range(state.shape[0] // 2):
        hidden, memory = state[2 * layer], state[2 * layer + 1]
        sources = jnp.concatenate([signal, hidden, signal, hidden])
        gates = sources * main[2 * layer] + main[2 * layer + 1]
        forget, enter, leave = jax.nn.sigmoid(gates[: 3 * bits]).reshape(3, bits)
        memory = memory * forget + enter * jnp.tanh(gates[3 * bits :])
        signal = leave * jnp.tanh(memory)
        new += [signal, memory]
    return jnp.stack(new), signal * extra[1] + extra[2]


def loss(parameters, state, text):
    def along(state, pair):
        x, following = pair
        state, predicted = step(parameters, state, x)
        norm = jnp.log(jnp.sum(jnp.exp(predicted)) + 2)
        return state, jnp.sum(following * (predicted - norm))

    _, scores = jax.lax.scan(along, state, (text[:-1], text[1:]))
    return -jnp.sum(scores) / text[1:].size


compiled, compiled_gradient = jax.jit(loss), jax.jit(jax.grad(loss))


def prepare(given):
    main, extra, state, text = (
        jnp.array(given[name]) for name in ("main_params", "extra_params", "state", "sequence")
    )
    return (main, extra), state, text


@wrap.multiple_runs(pre=prepare, post=float)
def objective(given):
    return compiled(*given).block_until_ready()


@wrap.multiple_runs(
    pre=prepare, post=lambda slopes: np.concatenate([each.ravel() for each in slopes]).tolist()
)
def jacobian(given):
    return jax.block_until_ready(compiled_gradient(*given))

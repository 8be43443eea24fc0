"""A hand's pose: all vertices that are asked for at once, derivatives in forward mode."""

import jax
import jax.numpy as jnp
import numpy as np
from gradbench import wrap

jax.config.update("jax_enable_x64", True)


def bent(angles):
    """Rotations of bones by angles about z and x, as 4 × 4 matrices."""
    x, z = angles[:, 0], angles[:, 1]
    cx, sx, cz, sz = jnp.cos(x), jnp.sin(x), jnp.cos(z), jnp.sin(z)
    o, e = jnp.zeros_like(x), jnp.ones_like(x)
    rows = [
        [cz, -sz * cx, sz * sx, o],
        [sz, cz * cx, -cz * sx, o],
        [o, sx, cx, o],
        [o, o, o, e],
    ]
    return jnp.stack([jnp.stack(row, axis=1) for row in rows], axis=1)


def turn(axis):
    angle = jnp.sqrt(jnp.sum(axis * axis))
    x, y, z = axis / angle
    c, s = jnp.cos(angle), jnp.sin(angle)
    cross = jnp.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    unit = jnp.stack([x, y, z])
    full = jnp.outer(unit, unit) * (1 - c) + c * jnp.eye(3) + s * cross
    return jnp.where(angle < 1e-4, jnp.eye(3), full)


def joints(theta, count):
    """The two angles of each bone: four of a finger, of which two are its root's."""
    angles = jnp.zeros((count, 2))
    for finger in range(5):
        first = 6 + 4 * finger
        bone = 2 + 4 * finger
        angles = angles.at[bone, 0].set(theta[first]).at[bone, 1].set(theta[first + 1])
        angles = angles.at[bone + 1, 0].set(theta[first + 2]).at[bone + 2, 0].set(theta[first + 3])
    return angles


def error(theta, us, parents, model):
    relatives = model["relatives"] @ bent(joints(theta, len(parents)))
    absolutes = []
    for parent, relative in zip(parents, relatives, strict=True):
        absolutes.append(relative if parent < 0 else absolutes[parent] @ relative)
    transforms = jnp.stack(absolutes) @ model["inverse_absolutes"]
    blended = jnp.einsum("pcb,bij->pcij", model["weights"], transforms[:, :3])
    x = jnp.einsum("pcij,pcj->pci", blended, model["positions"])
    x = x.at[..., 0].multiply(model["sign"]) @ turn(theta[:3]).T + theta[3:6]
    if x.shape[1] == 1:
        return model["points"] - x[:, 0]
    shares = jnp.stack([us[:, 0], us[:, 1], 1 - us[:, 0] - us[:, 1]], axis=1)
    return model["points"] - jnp.einsum("pc,pci->pi", shares, x)


def slopes(theta, us, parents, model):
    by_theta = jax.jacfwd(error)(theta, us, parents, model)
    if not us.size:
        return by_theta.reshape(-1, theta.size)
    # Each point has its own u: all of them may be moved at once.
    by_u = [
        jax.jvp(lambda u: error(theta, u, parents, model), (us,), (direction,))[1]
        for direction in (jnp.zeros_like(us).at[:, i].set(1.0) for i in range(2))
    ]
    rows = jnp.concatenate([jnp.stack(by_u, axis=-1), by_theta], axis=-1)
    return rows.reshape(-1, 2 + theta.size)


compiled = jax.jit(error, static_argnums=2)
compiled_slopes = jax.jit(slopes, static_argnums=2)


def prepare(given):
    data, model = given["data"], given["data"]["model"]
    us = np.array(given["us"], dtype=np.float64)
    corners = np.array(data["correspondences"])
    corners = np.array(model["triangles"])[corners] if us.size else corners[:, None]
    arrays = {
        "relatives": jnp.array(model["base_relatives"]),
        "inverse_absolutes": jnp.array(model["inverse_base_absolutes"]),
        "positions": jnp.array(np.array(model["base_positions"])[corners]),
        "weights": jnp.array(np.array(model["weights"])[corners]),
        "points": jnp.array(data["points"]),
        "sign": -1.0 if model["is_mirrored"] else 1.0,
    }
    return jnp.array(given["theta"]), jnp.array(us), tuple(model["parents"]), arrays


@wrap.multiple_runs(pre=prepare, post=lambda found: found.ravel().tolist())
def objective(given):
    return compiled(*given).block_until_ready()


@wrap.multiple_runs(pre=prepare, post=lambda found: found.tolist())
def jacobian(given):
    return compiled_slopes(*given).block_until_ready()

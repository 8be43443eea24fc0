"""Bundle adjustment: blocks of the Jacobian with `vmap`, put together with NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
from gradbench import wrap

jax.config.update("jax_enable_x64", True)


def rotated(axis, x):
    square = jnp.dot(axis, axis)
    safe = jnp.where(square == 0, 1.0, square)
    angle = jnp.sqrt(safe)
    unit = axis / angle
    c, s = jnp.cos(angle), jnp.sin(angle)
    turned = x * c + jnp.cross(unit, x) * s + unit * jnp.dot(unit, x) * (1 - c)
    return jnp.where(square == 0, x + jnp.cross(axis, x), turned)


def error(camera, x, w, feature):
    seen = rotated(camera[:3], x - camera[3:6])
    flat = seen[:2] / seen[2]
    square = jnp.dot(flat, flat)
    lens = 1 + camera[9] * square + camera[10] * square * square
    return w * (flat * lens * camera[6] + camera[7:9] - feature)


def both(camera, x, w, feature):
    return error(camera, x, w, feature), 1 - w * w


def block(camera, x, w, feature):
    by_camera, by_x, by_w = jax.jacrev(error, argnums=(0, 1, 2))(camera, x, w, feature)
    return jnp.concatenate([by_camera, by_x, by_w[:, None]], axis=1), -2 * w


@jax.jit
def errors(cameras, points, weights, features, camera, point):
    return jax.vmap(both)(cameras[camera], points[point], weights, features)


@jax.jit
def blocks(cameras, points, weights, features, camera, point):
    return jax.vmap(block)(cameras[camera], points[point], weights, features)


def prepare(given):
    n, m, p = given["n"], given["m"], given["p"]
    return (
        jnp.tile(jnp.array(given["cam"]), (n, 1)),
        jnp.tile(jnp.array(given["x"]), (m, 1)),
        jnp.full(p, given["w"]),
        jnp.tile(jnp.array(given["feat"]), (p, 1)),
        jnp.arange(p) % n,
        jnp.arange(p) % m,
    )


def told_errors(found):
    by_observation, by_weight = found
    return {
        "reproj_error": {
            "elements": by_observation[0].tolist(),
            "repeated": len(by_weight),
        },
        "w_err": {"element": float(by_weight[0]), "repeated": len(by_weight)},
    }


def told_matrix(found):
    return {
        name: [*part[:30].tolist(), part[-1].item()]
        for name, part in zip(("rows", "cols", "vals"), found, strict=True)
    }


@wrap.multiple_runs(pre=prepare, post=told_errors)
def objective(given):
    return jax.block_until_ready(errors(*given))


@wrap.multiple_runs(pre=prepare, post=told_matrix)
def jacobian(given):
    rows, by_weight = (np.asarray(each) for each in blocks(*given))
    cameras, points, _, _, camera, point = (np.asarray(each) for each in given)
    count, _, width = rows.shape
    weights = cameras.size + points.size + np.arange(count)
    columns = np.empty(rows.shape, np.int64)
    columns[..., :11] = 11 * camera[:, None, None] + np.arange(11)
    columns[..., 11:14] = cameras.size + 3 * point[:, None, None] + np.arange(3)
    columns[..., 14] = weights[:, None]
    starts = width * np.arange(2 * count + 1)
    return (
        np.concatenate([starts, starts[-1] + np.arange(1, count + 1)]),
        np.concatenate([columns.ravel(), weights]),
        np.concatenate([rows.ravel(), by_weight]),
    )

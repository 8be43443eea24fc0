"""GradBench's programs give the right answers, and our side of its protocol speaks clearly."""

import io
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation
from scipy.special import logsumexp, multigammaln, softmax

from benchmarks.gradbench import report, run, timing, tool

ROOT = Path(__file__).parent.parent


def called(module, function, given):
    """The answer to an input, by way of the protocol and of JSON."""
    message = {"id": 7, "kind": "evaluate", "module": module, "function": function, "input": given}
    told = json.loads(json.dumps(tool.answer(json.loads(json.dumps(message)))))
    assert told["success"], told["error"]
    assert told["id"] == 7
    assert all(each["name"] == "evaluate" for each in told["timings"])
    return told["output"]


def slopes(function, x, step=1e-6):
    """Central differences of a function of an array, which may have results of any shape."""
    x = np.array(x, dtype=np.float64)
    columns = []
    for i in np.ndindex(x.shape):
        moved = [x.copy(), x.copy()]
        moved[0][i] += step
        moved[1][i] -= step
        up, down = (np.asarray(function(each)) for each in moved)
        columns.append((up - down) / (2 * step))
    return np.moveaxis(np.array(columns), 0, -1).reshape(*columns[0].shape, *x.shape)


rng = np.random.default_rng(3)


def test_hello():
    assert called("hello", "square", 3.0) == 9.0
    assert called("hello", "double", 3.0) == 6.0


@pytest.mark.parametrize("size", [1, 3, 4])
def test_det(size):
    matrix = rng.normal(size=(size, size))
    given = {"A": matrix.ravel().tolist(), "ell": size}
    value = np.linalg.det(matrix)
    assert called("det", "primal", given) == pytest.approx(value, rel=1e-12)
    # Jacobi's formula.
    expected = value * np.linalg.inv(matrix).T.ravel()
    assert called("det", "gradient", given) == pytest.approx(expected.tolist(), rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 1000.0])
def test_lse(shift):
    x = rng.normal(size=20) + shift
    given = {"x": x.tolist()}
    assert called("lse", "primal", given) == pytest.approx(logsumexp(x), rel=1e-14)
    assert called("lse", "gradient", given) == pytest.approx(softmax(x).tolist(), rel=1e-12)


def test_llsq():
    x, n = rng.normal(size=4), 7
    t = np.linspace(-1, 1, n)
    powers = np.vander(t, len(x), increasing=True)
    left = np.sign(t) - powers @ x
    given = {"x": x.tolist(), "n": n}
    assert called("llsq", "primal", given) == pytest.approx(left @ left / 2, rel=1e-12)
    assert called("llsq", "gradient", given) == pytest.approx((-powers.T @ left).tolist(), rel=1e-9)


def test_kmeans():
    points, centres = rng.normal(size=(30, 2)), rng.normal(size=(3, 2))
    squares = ((points[:, None] - centres) ** 2).sum(axis=2)
    given = {"points": points.tolist(), "centroids": centres.tolist()}
    assert called("kmeans", "cost", given) == pytest.approx(squares.min(axis=1).sum(), rel=1e-12)
    # Newton's step is from the mean of the nearest points.
    nearest = squares.argmin(axis=1)
    assert set(nearest) == {0, 1, 2}
    means = np.array([points[nearest == i].mean(axis=0) for i in range(3)])
    assert np.array(called("kmeans", "dir", given)) == pytest.approx(centres - means, rel=1e-9)


def test_gmm():
    d, k, n, m, gamma = 2, 3, 5, 1, 0.7
    x = rng.normal(size=(n, d))
    sizes = {"alpha": (k,), "mu": (k, d), "q": (k, d), "l": (k, 1)}
    parameters = {name: rng.normal(size=size) for name, size in sizes.items()}

    def posterior(alpha, mu, q, l):  # noqa: E741
        terms = np.zeros((n, k))
        prior = 0.0
        for j in range(k):
            root = np.array([[math.exp(q[j, 0]), 0.0], [l[j, 0], math.exp(q[j, 1])]])
            precision = root.T @ root
            for i in range(n):
                away = x[i] - mu[j]
                terms[i, j] = -away @ precision @ away / 2 + math.log(
                    math.sqrt(np.linalg.det(precision)) / (2 * math.pi) ** (d / 2)
                )
            # Wishart's density with d + m + 1 degrees of freedom and V = 1/γ² times the identity.
            freedom = d + m + 1
            prior += (
                (freedom - d - 1) / 2 * math.log(np.linalg.det(precision))
                - gamma**2 * np.trace(precision) / 2
                - freedom * d / 2 * math.log(2)
                + freedom * d * math.log(gamma)
                - multigammaln(freedom / 2, d)
            )
        return logsumexp(terms + np.log(softmax(alpha)), axis=1).sum() + prior

    given = {"d": d, "k": k, "n": n, "m": m, "gamma": gamma, "x": x.tolist()}
    given |= {name: each.tolist() for name, each in parameters.items()}
    value = posterior(**parameters)
    assert called("gmm", "objective", given) == pytest.approx(value, rel=1e-12)
    found = called("gmm", "jacobian", given)
    assert [*found] == [*sizes]
    for name in sizes:
        by_name = slopes(
            lambda each, name=name: posterior(**parameters | {name: each}), parameters[name]
        )
        assert np.array(found[name]) == pytest.approx(by_name, rel=1e-5, abs=1e-7)


def test_ode():
    x, steps = np.array([0.6, 0.9, 1.3, 0.4, 0.8, 1.1]), 400

    def rates(_, y):
        return x * np.array([1.0, *y[:-1]])

    given = {"x": x.tolist(), "s": steps}
    exact = solve_ivp(rates, (0.0, 2.0), np.zeros(6), rtol=1e-10, atol=1e-12).y[:, -1]
    assert called("ode", "primal", given) == pytest.approx(exact.tolist(), rel=1e-7)


@pytest.mark.parametrize("steps", [1, 2])
def test_ode_gradient(steps):
    x = np.array([0.6, 0.9, 1.3, 0.4, 0.8, 1.1])

    def last(x):
        return called("ode", "primal", {"x": x.tolist(), "s": steps})[-1]

    found = called("ode", "gradient", {"x": x.tolist(), "s": steps})
    assert found == pytest.approx(slopes(last, x).tolist(), rel=1e-6, abs=1e-9)
    assert last(x) == 0.0 if steps == 1 else last(x) > 0.0


def test_lstm():
    layers, bits, count = 2, 3, 4
    main, extra = rng.normal(size=(2 * layers, 4 * bits)), rng.normal(size=(3, bits))
    state, text = rng.normal(size=(2 * layers, bits)), rng.integers(0, 2, size=(count, bits))

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def loss(main, extra):
        rows, total = state.copy(), 0.0
        for x, following in itertools.pairwise(text):
            signal = x * extra[0]
            for layer in range(layers):
                hidden, memory = rows[2 * layer : 2 * layer + 2]
                sources = np.array([signal, hidden, signal, hidden])
                gates = sources * main[2 * layer].reshape(4, bits) + main[2 * layer + 1].reshape(
                    4, bits
                )
                memory = memory * sigmoid(gates[0]) + sigmoid(gates[1]) * np.tanh(gates[3])
                signal = sigmoid(gates[2]) * np.tanh(memory)
                rows[2 * layer : 2 * layer + 2] = signal, memory
            predicted = signal * extra[1] + extra[2]
            total += following @ (predicted - np.log(np.exp(predicted).sum() + 2))
        return -total / (bits * (count - 1))

    given = {"main_params": main.tolist(), "extra_params": extra.tolist()}
    given |= {"state": state.tolist(), "sequence": text.tolist()}
    assert called("lstm", "objective", given) == pytest.approx(loss(main, extra), rel=1e-12)
    by_main, by_extra = (
        slopes(lambda a: loss(a, extra), main),
        slopes(lambda a: loss(main, a), extra),
    )
    expected = [*by_main.ravel(), *by_extra.ravel()]
    assert called("lstm", "jacobian", given) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("turned", [True, False])
def test_ba(turned):
    camera = rng.normal(size=11)
    camera[3:6] -= [0.0, 0.0, 8.0]
    camera[9:] *= 0.1
    if not turned:
        camera[:3] = 0.0
    x, w, feature = rng.normal(size=3), 0.7, rng.normal(size=2)

    def error(everything):
        camera, x, w = everything[:11], everything[11:14], everything[14]
        seen = Rotation.from_rotvec(camera[:3]).apply(x - camera[3:6])
        flat = seen[:2] / seen[2]
        square = flat @ flat
        lens = 1 + camera[9] * square + camera[10] * square**2
        return w * (flat * lens * camera[6] + camera[7:9] - feature)

    n, m, p = 2, 3, 12
    given = {"n": n, "m": m, "p": p, "cam": camera.tolist(), "x": x.tolist(), "w": w}
    given["feat"] = feature.tolist()
    everything = np.array([*camera, *x, w])
    told = called("ba", "objective", given)
    assert told["reproj_error"]["elements"] == pytest.approx(error(everything).tolist(), rel=1e-9)
    assert told["w_err"]["element"] == pytest.approx(1 - w * w)
    assert told["reproj_error"]["repeated"] == told["w_err"]["repeated"] == p
    matrix = called("ba", "jacobian", given)
    assert {len(part) for part in matrix.values()} == {31}
    rows = slopes(error, everything)
    assert matrix["vals"] == pytest.approx([*rows.ravel(), -2 * w], rel=1e-5, abs=1e-7)
    first_row = [*range(11), *range(11 * n, 11 * n + 3), 11 * n + 3 * m]
    assert matrix["cols"] == first_row * 2 + [11 * n + 3 * m + p - 1]
    # Rows of 15 for two errors of each observation; all rows together at the end.
    assert matrix["rows"][:9] == [15 * i for i in range(9)]
    assert matrix["rows"][-1] == 30 * p + p


def hand(complicated):
    """A hand with as many bones as the suite's, and four vertices."""
    bones, vertices = 22, 4
    transforms = np.tile(np.eye(4), (2, bones, 1, 1))
    transforms[:, :, :3, :3] = Rotation.random(2 * bones, rng=1).as_matrix().reshape(2, bones, 3, 3)
    transforms[:, :, :3, 3] = rng.normal(size=(2, bones, 3))
    positions = np.column_stack([rng.normal(size=(vertices, 3)), np.ones(vertices)])
    weights = rng.uniform(size=(vertices, bones))
    model = {
        "parents": [-1, *[0 if bone % 4 == 1 else bone - 1 for bone in range(1, bones)]],
        "base_relatives": transforms[0],
        "inverse_base_absolutes": transforms[1],
        "base_positions": positions,
        "weights": weights,
        "triangles": np.array([[0, 1, 2], [1, 2, 3]]),
        "is_mirrored": complicated,
    }
    data = {"correspondences": [1, 0, 1], "points": rng.normal(size=(3, 3))}
    return model, data, rng.normal(size=(3, 2)) if complicated else np.zeros((0, 2))


def hand_error(theta, us, model, data):
    """As the suite describes it, with matrices."""
    angles = np.zeros((22, 3))
    for finger, joint in itertools.product(range(5), range(3)):
        bone, first = 2 + 4 * finger + joint, 6 + 4 * finger
        angles[bone, 0] = theta[first + joint + (joint > 0)]
        if joint == 0:
            angles[bone, 2] = theta[first + 1]
    absolutes = []
    for bone, parent in enumerate(model["parents"]):
        local = np.eye(4)
        local[:3, :3] = Rotation.from_euler("xyz", angles[bone]).as_matrix()
        here = model["base_relatives"][bone] @ local
        absolutes.append(here if parent < 0 else absolutes[parent] @ here)
    moves = np.array(absolutes) @ model["inverse_base_absolutes"]
    x = np.einsum("vb,bij,vj->vi", model["weights"], moves[:, :3], model["base_positions"])
    x[:, 0] *= -1 if model["is_mirrored"] else 1
    x = Rotation.from_rotvec(theta[:3]).apply(x) + theta[3:6]
    chosen = np.array(data["correspondences"])
    if len(us):
        shares = np.column_stack([us, 1 - us.sum(axis=1)])
        return (
            data["points"] - np.einsum("pc,pci->pi", shares, x[model["triangles"][chosen]])
        ).ravel()
    return (data["points"] - x[chosen]).ravel()


@pytest.mark.parametrize("complicated", [True, False])
def test_ht(complicated):
    model, data, us = hand(complicated)
    theta = rng.normal(size=26)
    given = {"theta": theta, "us": us, "data": {"model": model, **data}}
    given = json.loads(json.dumps(given, default=lambda array: array.tolist()))
    expected = hand_error(theta, us, model, data)
    assert called("ht", "objective", given) == pytest.approx(expected.tolist(), rel=1e-9)
    found = np.array(called("ht", "jacobian", given))
    by_theta = slopes(lambda each: hand_error(each, us, model, data), theta)
    assert found[:, -26:] == pytest.approx(by_theta, rel=1e-5, abs=1e-7)
    if complicated:
        by_us = slopes(lambda each: hand_error(theta, each, model, data), us)
        own = by_us.reshape(3, 3, 3, 2)[range(3), :, range(3)].reshape(9, 2)
        assert found[:, :2] == pytest.approx(own, rel=1e-5, abs=1e-7)


def missed(w):
    """The square of where the particle comes to the axis, with the forces by hand."""
    charges = np.array([[10.0, 10.0 - w], [10.0, 0.0]])
    x, velocity = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while x[1] + 0.1 * velocity[1] > 0:
        away = x - charges
        force = (away / np.linalg.norm(away, axis=1)[:, None] ** 3).sum(axis=0)
        x, velocity = x + 0.1 * velocity, velocity + 0.1 * force
    return (x - x[1] / velocity[1] * velocity)[0] ** 2


@pytest.mark.parametrize("modes", ["ff", "fr", "rf", "rr"])
def test_particle(modes):
    least = minimize_scalar(missed, bounds=(0.0, 0.5), method="bounded", options={"xatol": 1e-9})
    assert called("particle", modes, {"w": 0.0}) == pytest.approx(least.x, abs=1e-3)


@pytest.mark.parametrize("modes", ["ff", "fr", "rf", "rr"])
def test_saddle(modes):
    assert called("saddle", modes, {"start": [1.0, 1.0]}) == pytest.approx([0.0] * 4, abs=1e-4)


def test_every_eval_has_a_module():
    assert sorted(run.SMALLER) == tool.MODULES


# The protocol


def spoken(*lines):
    out = io.StringIO()
    tool.speak(lines, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_session():
    messages = [
        {"id": 0, "kind": "start", "eval": "hello"},
        {"id": 1, "kind": "define", "module": "hello"},
        {"id": 2, "kind": "evaluate", "module": "hello", "function": "square", "input": 3},
        {"id": 3, "kind": "analysis", "of": 2, "valid": True},
    ]
    started, defined, evaluated, analysed = spoken(*map(json.dumps, messages))
    assert started == {"id": 0, "tool": "autograd_scalar"}
    assert defined == {"id": 1, "success": True}
    assert (evaluated["success"], evaluated["output"]) == (True, 9.0)
    assert analysed == {"id": 3}


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("{", r"line 2 is not JSON: .*"),
        ("[1]", r"line 2: a message is a JSON object, got \[1\]"),
        ('{"kind": "start"}', "line 2: a message has a field 'id'"),
        ('{"id": "0", "kind": "start"}', "line 2: the field 'id' of a message is int, got '0'"),
        ('{"id": true, "kind": "start"}', "line 2: the field 'id' of a message is int, got True"),
        ('{"id": 0}', "line 2: a message has a field 'kind'"),
        ('{"id": 0, "kind": "define"}', "line 2: a message has a field 'module'"),
        (
            '{"id": 0, "kind": "evaluate", "module": "det"}',
            "line 2: a message has a field 'function'",
        ),
    ],
)
def test_what_is_no_message_ends_the_session_with_a_reason(line, match):
    with pytest.raises(tool.MessageError, match=match):
        spoken('{"id": 0, "kind": "start"}', line)


@pytest.mark.parametrize(
    ("message", "match"),
    [
        ({"kind": "define", "module": "fft"}, "there is no module 'fft'; there are ba, "),
        ({"kind": "define", "module": "../run"}, "there is no module '../run'"),
        (
            {"kind": "evaluate", "module": "det", "function": "hessian", "input": {}},
            "the module 'det' has no function 'hessian'; it has primal, gradient",
        ),
        ({"kind": "evaluate", "module": "det", "function": "primal", "input": {}}, "KeyError: 'A'"),
    ],
)
def test_what_can_not_be_done_is_answered_without_success(message, match):
    told = tool.answer({"id": 5, **message})
    assert (told["id"], told["success"]) == (5, False)
    assert match in told["error"]


def test_a_function_runs_as_often_and_as_long_as_it_is_asked_to(monkeypatch):
    now = itertools.count(0, 10)
    monkeypatch.setattr(timing, "clock", lambda: next(now))
    answer = timing.timed(lambda given: given["x"], lambda output: -output)(lambda x: x + 1)
    assert answer({"x": 1, "min_runs": 3, "min_seconds": 0.0}) == (-2, [10] * 3)
    assert answer({"x": 1, "min_runs": 1, "min_seconds": 45e-9}) == (-2, [10] * 5)
    assert answer({"x": 1}) == (-2, [10])


# The command


def test_a_checkout_that_is_none_is_refused(tmp_path):
    with pytest.raises(run.SuiteError, match="is not a checkout of GradBench"):
        run.check(tmp_path, ["det"])


def test_a_suite_without_its_golden_programs_is_refused_with_the_way_to_build_them(tmp_path):
    for path in ("python/gradbench/gradbench/eval.py", "tools/manual/det.cpp"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    with pytest.raises(
        run.SuiteError, match=r"det is not built; `make -C .*cpp && make -C .*manual"
    ):
        run.check(tmp_path, ["det", "saddle"])


def results(ours, **others):
    made = {"ours": ours, **others}
    return {
        tool: {"by": "suite", "valid": True, "evaluations": [], **each}
        for tool, each in made.items()
    }


def test_whoever_is_quicker_or_alone_is_ahead():
    quick, slow = {"mean": 1.0, "later": 0.5}, {"mean": 2.0}
    assert report.ahead(results(quick, jax=slow), "jax", "mean")
    assert not report.ahead(results(slow, jax=quick), "jax", "mean")
    assert report.ahead(results(slow, jax=quick), "jax", "later") is None
    assert report.ahead(results(slow, jax={"valid": False}), "jax", "mean")
    assert not report.ahead(results({"valid": False}, jax={"valid": False}), "jax", "mean")


def test_a_row_tells_who_takes_how_many_times_as_long():
    made = results(
        {"mean": 0.5, "later": 0.25},
        pytorch={"valid": False, "waited": 20.0, "clock": "wall"},
        jax={"mean": 1.0, "later": 1.0, "by": "us"},
    )
    assert report.row("det", made) == [
        *["det", "500 ms", "over 40.0 ×", "2.00 × *"],
        *["250 ms", "over 80.0 ×", "4.00 × *"],
    ]


def test_the_published_figures_are_those_of_the_published_results():
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    found = json.loads((ROOT / "docs/performance/gradbench.json").read_text(encoding="utf-8"))
    assert [*found["evals"]] == [*run.SMALLER]
    assert report.update(page, found) == page

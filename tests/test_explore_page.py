"""The page of a graph in a browser: it plays, follows, goes downhill, answers, and is safe."""

import importlib.util
import json
import math
import os
import random
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from browser import EXPECTED, chromium, needs_browser, opened, until

from autograd_scalar import Value, exp, explain, explore, maximum, nn, sqrt, steps, toposort
from autograd_scalar.cli.command import main
from autograd_scalar.exploring.page import script_of, unpacked
from autograd_scalar.notation.labels import unicode_label
from autograd_scalar.notation.numerals import decimal

pytestmark = pytest.mark.browser

WIDE = {"width": 2400, "height": 1500}


# Graphs: from numbers by the names of inputs to a result.


def polynomial(x, y):
    z = (x * x - 3 * y) / (y * y + 1) + sqrt(x * x + 2)
    z.label = "p"
    return z


def sigmoid(x, w, b):
    z = w * x + b
    z.label = "z"
    a = 1 / (1 + exp(-z))
    a.label = "a"
    return a


def cross_entropy(z_1, z_2, z_3):
    loss = nn.cross_entropy([z_1, z_2, z_3], 0)
    loss.label = "L"
    return loss


def two_sided(x, y):
    z = maximum(x * y, (x - y).tanh()) + abs(x)
    z.label = "s"
    return z


def network(**numbers):
    """2-4-3-2, with the squared error; the weights as they come."""
    model = nn.MLP(2, [4, 3, 2], activation="sigmoid", rng=0)
    x = [Value(numbers.get("x_1", 0.05), "x_1"), Value(numbers.get("x_2", 0.9), "x_2")]
    for parameter in model.parameters():
        parameter.data = numbers.get(parameter.label, parameter.data)
    targets = [Value(numbers.get(f"t_{k}", t), f"t_{k}") for k, t in ((1, 0.01), (2, 0.99))]
    error = sum((t - a) ** 2 for t, a in zip(targets, model(x), strict=True)) / 2
    error.label = "E"
    return error


def of_values(function):
    return lambda **numbers: function(**{name: Value(n, name) for name, n in numbers.items()})


GRAPHS = {
    "polynomial": (of_values(polynomial), {"x": 1.5, "y": -0.5}),
    "sigmoid": (of_values(sigmoid), {"x": 0.5, "w": -1.2, "b": 0.1}),
    "cross-entropy": (of_values(cross_entropy), {"z_1": 2.0, "z_2": -1.0, "z_3": 0.5}),
    "two-sided": (of_values(two_sided), {"x": 1.25, "y": 0.5}),
    "network": (network, {"x_1": 0.05, "x_2": 0.9}),
}


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """A file for each graph."""
    folder = tmp_path_factory.mktemp("pages")
    return {
        name: explore(make(**numbers)).save(folder / f"{name}.html")
        for name, (make, numbers) in GRAPHS.items()
    }


def shown(name):
    return unicode_label(name)


def settled(page):
    """Wait until what was changed is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def heading(page):
    return page.locator("h1").inner_text()


# It plays.

EACH_STEP = """() => {
  const found = [];
  const next = document.querySelector('[aria-label="one step on"]');
  while (!next.disabled) {
    next.click();
    const numbers = {};
    for (const node of document.querySelectorAll(".node[data-node]")) {
      const text = (name) => node.querySelector(`text.${name}`)?.textContent ?? "";
      numbers[node.dataset.node] = [text("data"), text("grad")];
    }
    found.push({
      numbers,
      panel: document.querySelector(".step").textContent,
      said: document.querySelector('[aria-live="polite"]').textContent,
      chips: [...document.querySelectorAll(".chip")].map((chip) =>
        [...chip.querySelectorAll("text")].map((text) => text.textContent)),
    });
  }
  return JSON.stringify(found);
}"""


@needs_browser
def test_stepping_shows_the_values_in_order_and_then_the_adjoints_that_steps_gives(browser, paths):
    root = network()
    order = toposort(root)
    index = {v: i for i, v in enumerate(order)}
    with opened(browser, paths["network"], "#t=0&v=operations", viewport=WIDE) as page:
        page.locator('[aria-label="show all"]').click()
        # As text: Playwright takes long over large data.
        found = json.loads(page.evaluate(EACH_STEP))
    computed = [v for v in order if v.kind == "interior"]
    done = found.pop()
    passing = [step for step in steps(root) if step.node.kind == "interior"]
    assert len(found) == len(computed) + len(passing)
    values = [decimal(v.data, 4) for v in computed]
    for i, moment in enumerate(found[: len(computed)]):
        numbers = [moment["numbers"][str(index[v])] for v in computed]
        unknown = len(computed) - i - 1
        assert [data for data, _ in numbers] == values[: i + 1] + [""] * unknown
        assert {grad for _, grad in numbers} == {"∂ –"}
        assert moment["said"]
    so_far = {str(index[root]): "∂ 1"}
    for moment, step in zip(found[len(computed) :], passing, strict=True):
        chips = []
        for each in step.contributions:
            if each.parent.kind != "constant":
                so_far[str(index[each.parent])] = f"∂ {decimal(each.total, 4)}"
                numbers = [each.partial, step.adjoint, each.amount]
                chips.append([decimal(n, 4) for n in numbers])
        assert {i: moment["numbers"][i][1].rstrip("…") for i in so_far} == so_far
        assert moment["chips"] == [[p, f"× {a}", f"= {s}"] for p, a, s in chips]
        assert len(re.findall("so far", moment["panel"])) == len(chips)
        assert moment["said"]
    assert done["chips"] == []


@needs_browser
def test_it_plays_by_itself_and_stops_at_the_end(browser, paths):
    with opened(browser, paths["sigmoid"]) as page:
        page.select_option('[aria-label="speed"]', "16")
        page.get_by_text("▶ Play").click()
        until(page, "document.querySelector('.bar input').value > 3")
        page.get_by_text("❚❚ Pause").click()
        time = int(page.locator(".bar input").input_value())
        page.get_by_text("▶ Play").click()
        until(page, "document.querySelector('.play').textContent.includes('Play')")
        assert int(page.locator(".bar input").input_value()) > time
        page.locator('[aria-label="one step back"]').click()
        assert "backward" in page.locator(".where").inner_text()


@needs_browser
@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_nothing_moves_for_those_who_asked_for_little_motion(browser, paths, motion, moves):
    with opened(browser, paths["sigmoid"], reduced_motion=motion) as page:
        running = page.evaluate("""() => {
          document.querySelector('[aria-label="one step back"]').click();
          return document.getAnimations().length;
        }""")
        assert bool(running) == moves


# It is live.

MOVE = """async ([name, position]) => {
  const slider = document.querySelector(`.row input[type=range][aria-label="${name}"]`);
  slider.value = position;
  slider.dispatchEvent(new Event("input"));
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const { graph } = document.getElementById("page").handle.app;
  const rows = [...document.querySelectorAll(".row")].map((row) => [
    row.querySelector(".name").textContent, row.querySelector(".grad").textContent,
    row.querySelector(".check").textContent]);
  return {
    heading: document.querySelector("h1").textContent, rows,
    values: Object.fromEntries(graph.inputs.map((i) => [graph.names[i], graph.data[i]])),
    result: graph.data[graph.size - 1],
    slopes: Object.fromEntries(graph.inputs.map((i) => [graph.names[i], graph.adjoint[i]])),
  };
}"""


@needs_browser
@pytest.mark.parametrize("name", GRAPHS)
def test_it_opens_and_wherever_the_sliders_are_computes_what_python_does(browser, paths, name):
    make, numbers = GRAPHS[name]
    draw = random.Random(name)
    with opened(browser, paths[name]) as page:
        root = make(**numbers)
        assert page.title() == heading(page) == f"{shown(root.label)} = {decimal(root.data, 4)}"
        for _ in range(10):
            found = page.evaluate(MOVE, [shown(draw.choice([*numbers])), draw.randrange(1001)])
            root = make(**found["values"])
            root.backward()
            leaves = {v.label: v for v in toposort(root) if v.kind in ("leaf", "parameter")}
            exact = name == "polynomial"
            assert found["heading"] == f"{shown(root.label)} = {decimal(root.data, 4)}"
            assert found["result"] == (root.data if exact else pytest.approx(root.data, rel=1e-14))
            for label, slope in found["slopes"].items():
                expected = leaves[label].grad
                assert slope == (expected if exact else pytest.approx(expected, rel=1e-12))
            for label, grad, check in found["rows"]:
                (slope,) = (s for n, s in found["slopes"].items() if shown(n) == label)
                assert grad == f"∂ {decimal(slope, 4)}"
                assert check.startswith(("✓", "⚠"))


@needs_browser
def test_where_a_slider_changes_a_branch_the_page_says_which(browser, tmp_path):
    def leaky(x):
        if x > 0:
            return x * 2
        return x * 0.1

    path = explore(leaky, 1.5).save(tmp_path / "leaky.html")
    with opened(browser, path) as page:
        notice = page.locator(".notice")
        assert notice.inner_text() == ""
        field = page.locator(".row input[type=text]")
        field.fill("-1")
        field.press("Enter")
        settled(page)
        assert "if x > 0" in notice.inner_text()


@needs_browser
def test_a_number_without_a_value_is_told_like_python_tells_it(browser, tmp_path):
    x = Value(2.0, "x")
    path = explore(x.log()).save(tmp_path / "log.html")
    with opened(browser, path) as page:
        field = page.locator(".row input[type=text]")
        field.fill("-1")
        field.press("Enter")
        settled(page)
        with pytest.raises(ValueError, match="log") as told:
            Value(-1.0, "x").log()
        assert str(told.value) in page.locator(".notice").inner_text()
        assert page.locator(".row .grad").inner_text() == "∂ nan"
        assert page.locator(".row .check").inner_text() == "no Δ here"
        page.get_by_text("Take a gradient step").click()
        assert str(told.value) in page.locator(".descent .said").inner_text()
        field.fill("0.5")
        field.press("Enter")
        page.get_by_text("Take a gradient step").click()
        before, after = (decimal(math.log(x), 4) for x in (0.5, 0.5 - 0.1 / 0.5))
        assert page.locator(".descent .said").inner_text().endswith(f"{before} → {after}")


# It goes downhill.


@needs_browser
def test_a_gradient_step_is_the_one_that_the_optimiser_takes(browser, paths):
    with opened(browser, paths["network"]) as page:
        before = page.evaluate("document.getElementById('page').handle.values")
        page.get_by_label("learning rate").fill("0.5")
        page.get_by_text("Take a gradient step").click()
        settled(page)
        after = page.evaluate("document.getElementById('page').handle.values")
        root = network(**before)
        root.backward()
        for v in toposort(root):
            if v.kind == "parameter":
                assert after[v.label] == pytest.approx(v.data - 0.5 * v.grad, rel=1e-13)
            elif v.kind == "leaf":
                assert after[v.label] == v.data
        loss = network(**after).data
        assert heading(page) == f"E = {decimal(loss, 4)}"
        assert f"now {decimal(loss, 4)}" in page.locator(".plot").first.get_attribute("aria-label")
        page.get_by_role("button", name="Run").click()
        page.wait_for_timeout(300)
        page.get_by_role("button", name="Stop").click()
        settled(page)
        assert float(heading(page).partition("= ")[2]) < loss


@needs_browser
def test_the_tangent_is_drawn_where_the_number_is(browser, paths):
    with opened(browser, paths["sigmoid"]) as page:
        label = page.locator(".plot").nth(1).get_attribute("aria-label")
        root = sigmoid(Value(0.5, "x"), w := Value(-1.2, "w"), b := Value(0.1, "b"))
        root.backward()
        by = {"x": None, "w": w, "b": b}
        name = re.search(r"along (\w)", label)[1]
        if by[name] is not None:
            assert f"its slope {decimal(by[name].grad, 4)}" in label
        page.get_by_label("and along").select_option(label="b")
        settled(page)
        assert page.locator(".cells rect").count() > 100


# It answers.


@needs_browser
def test_a_number_that_is_clicked_tells_its_sum_over_ways(browser, paths):
    root = network()
    order = toposort(root)
    (x,) = (v for v in order if v.label == "w_11^(2)")
    with opened(browser, paths["network"], "#v=operations") as page:
        page.locator('[aria-label="show all"]').click()
        page.locator(f'[data-node="{order.index(x)}"]').click()
        ways = page.locator(".answer .ways li")
        explained = explain(root, x)
        assert ways.count() == explained.count
        root.backward()
        assert decimal(x.grad, 6).replace("-", "−") in page.locator(".answer .sum").inner_text()
        lit = page.locator(".edge.way").count()
        ways.first.locator("button").focus()
        assert 0 < page.locator(".edge.way").count() < lit


@needs_browser
def test_neurons_and_layers_are_closed_and_opened(browser, paths):
    with opened(browser, paths["network"]) as page:
        assert page.locator(".card").count() == 0
        neuron = page.locator(".node.neuron").first
        neuron.click()
        page.get_by_role("button", name=re.compile("^Open")).click()
        assert page.locator(".card .row").count() > 3
        circles = page.locator(".node.neuron:visible").count()
        page.locator(".network .toggle").first.click()
        assert page.locator(".node.neuron:visible").count() < circles
        page.get_by_role("button", name="Operations").click()
        boxes = page.locator(".node:not(.hidden)").count()
        page.locator(".operations .toggle").first.dispatch_event("click")
        assert page.locator(".node:not(.hidden)").count() < boxes


@needs_browser
def test_who_wants_to_be_asked_types_the_gradient_first(browser, paths):
    root = sigmoid(Value(0.5, "x"), w := Value(-1.2, "w"), Value(0.1, "b"))
    root.backward()
    order = toposort(root)
    with opened(browser, paths["sigmoid"], "#v=operations") as page:
        page.get_by_role("button", name="Ask me").click()
        node = page.locator(f'.node[data-node="{order.index(w)}"]')
        assert node.locator(".grad").text_content() == "∂ ?"
        node.click()
        field = page.locator(".ask input")
        field.fill(str(w.grad + 1))
        field.press("Enter")
        assert page.locator(".answer .said").inner_text()
        assert node.locator(".grad").text_content() == "∂ ?"
        field.fill(repr(w.grad))
        field.press("Enter")
        settled(page)
        assert node.locator(".grad").text_content() == f"∂ {decimal(w.grad, 4)}"


# It can be shared.


@needs_browser
def test_the_address_brings_back_what_was_seen(browser, paths):
    def state(page):
        return page.evaluate("""() => {
          const { app, values, state } = document.getElementById("page").handle;
          const texts = [".panel", "h1"].map((each) => document.querySelector(each).innerText);
          return [values, state, app.time, app.viewKey, app.selected, texts];
        }""")

    with opened(browser, paths["network"]) as page:
        field = page.locator(".row input[type=text]").nth(3)
        field.fill("0.1234567890123456")
        field.press("Enter")
        page.locator(".node.neuron").nth(2).click()
        page.get_by_role("button", name=re.compile("^Open")).click()
        page.get_by_role("button", name="Operations").click()
        page.locator('[aria-label="one step back"]').click()
        until(page, "location.hash.includes('t=')")
        page.wait_for_timeout(250)
        fragment = page.evaluate("location.hash")
        before = state(page)
    with opened(browser, paths["network"], fragment) as page:
        assert state(page) == before
    with opened(browser, paths["network"], "#t=-1&v=x&s=1e9&n=0:a_99:1&o=x_7") as page:
        assert heading(page).startswith("E = ")


@needs_browser
def test_the_picture_and_the_program_are_saved_as_files(browser, paths, tmp_path):
    with opened(browser, paths["network"]) as page:
        with page.expect_download() as saved:
            page.get_by_text("Save SVG").click()
        picture = Path(saved.value.path()).read_text(encoding="utf-8")
        with page.expect_download() as saved:
            page.get_by_text("Save Python").click()
        program = Path(saved.value.path()).read_text(encoding="utf-8")
    drawing = tmp_path / "picture.svg"
    drawing.write_text(picture, encoding="utf-8")
    context = browser.new_context(offline=True, color_scheme="dark")
    page = context.new_page()
    page.goto(drawing.as_uri())
    assert page.locator("circle").count() > 10
    ink = page.evaluate("""() => [...document.querySelectorAll(".label, .weight")]
      .map((each) => getComputedStyle(each).fill)""")
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper not in ink
    assert "rgb(0, 0, 0)" not in ink
    assert "0.05" in picture
    context.close()
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr
    root = network()
    root.backward()
    slopes = [v.grad for v in toposort(root) if v.kind in ("leaf", "parameter")]
    printed = [float(line.partition(" = ")[2]) for line in ran.stdout.splitlines() if "/d" in line]
    assert printed == pytest.approx(slopes[: len(printed)], rel=1e-12)
    assert len(printed) >= 20


# It is for everyone.


def focused(page):
    return page.evaluate("""() => {
      const it = document.activeElement;
      return it.getAttribute("aria-label") || it.textContent;
    }""")


def tab_to(page, *, name):
    for _ in range(80):
        page.keyboard.press("Tab")
        if re.fullmatch(name, focused(page)):
            return
    pytest.fail(f"Tab does not come to {name}")


@needs_browser
def test_everything_can_be_done_with_the_keyboard_alone(browser, paths):
    with opened(browser, paths["sigmoid"], "#v=operations") as page:
        live = page.locator('[aria-live="polite"]')
        tab_to(page, name="a.*∂.*")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        assert page.locator(".answer h2").inner_text() != "Ask why"
        page.keyboard.press("[")
        assert live.inner_text()
        tab_to(page, name="to the start")
        page.keyboard.press("Enter")
        assert "start" in live.inner_text()
        tab_to(page, name="one step on")
        page.keyboard.press("Space")
        assert page.locator(".where").inner_text().startswith("forward, 1")
        tab_to(page, name="w")
        tab_to(page, name="w")
        page.keyboard.press("ArrowRight")
        settled(page)
        assert page.evaluate("document.getElementById('page').handle.values.w") != -1.2
        tab_to(page, name="w, as a number")
        page.keyboard.press("Control+A")
        page.keyboard.type("2.5")
        page.keyboard.press("Enter")
        assert page.evaluate("document.getElementById('page').handle.values.w") == 2.5
        tab_to(page, name="Take a gradient step")
        page.keyboard.press("Enter")
        assert page.locator(".descent .said").inner_text()


@needs_browser
def test_arrows_go_from_circle_to_circle_of_a_network_whatever_is_inside(browser, paths):
    with opened(browser, paths["network"], "#o=-2") as page:
        page.evaluate("document.querySelector('.node.root').focus()")
        names = []
        for key in ["ArrowLeft"] * 4 + ["ArrowRight"] * 4:
            page.keyboard.press(key)
            names.append(page.evaluate("document.activeElement.textContent"))
        assert len({*names[:4]}) == 4
        assert names[-1].startswith("E")
        assert names[3].startswith("x")
        assert sum("layer" in name for name in names) == 2


AXE = os.environ.get("AUTOGRAD_SCALAR_AXE")


@needs_browser
@pytest.mark.skipif(not AXE and not EXPECTED, reason="AUTOGRAD_SCALAR_AXE names no axe.min.js")
@pytest.mark.parametrize(
    ("scheme", "fragment", "size"),
    [
        ("light", "#t=100&s=12", (1280, 900)),
        ("dark", "#s=12", (1280, 900)),
        ("light", "#v=operations&s=12&ask=1", (1280, 900)),
        ("light", "#v=operations&t=120", (390, 600)),
    ],
)
def test_axe_finds_nothing_serious(browser, paths, scheme, fragment, size):
    view = {"color_scheme": scheme, "viewport": dict(zip(("width", "height"), size, strict=True))}
    with opened(browser, paths["network"], fragment, **view) as page:
        page.evaluate(Path(AXE).read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            (each["id"], [node["html"][:120] for node in each["nodes"]][:3])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == []


@needs_browser
@pytest.mark.parametrize("long", [False, True])
def test_no_width_makes_the_page_scroll_sideways(browser, paths, tmp_path, long):
    path = paths["network"]
    if long:
        y = Value(2.0, "x" * 300) * Value.parameter(1.0, "w" * 300)
        y.label = "y" * 300
        path = explore(y, title="t" * 300).save(tmp_path / "long.html")
    with opened(browser, path) as page:
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            settled(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            small = page.evaluate("""() =>
              [...document.querySelectorAll("button, select, .row input")]
                .filter((each) => each.getClientRects().length)
                .filter((each) => each.getBoundingClientRect().height < 24)
                .map((each) => each.outerHTML)""")
            assert small == []


@needs_browser
def test_light_dark_and_print_differ_as_they_should(browser, paths):
    def paper(page):
        return page.evaluate("getComputedStyle(document.getElementById('page')).backgroundColor")

    with opened(browser, paths["sigmoid"], color_scheme="dark") as page:
        dark = paper(page)
        page.emulate_media(media="print", color_scheme="dark")
        assert paper(page) == "rgb(255, 255, 255)"
        assert not page.locator(".bar").is_visible()
        assert page.locator(".canvas").is_visible()
    with opened(browser, paths["sigmoid"], color_scheme="light") as page:
        assert paper(page) == "rgb(255, 255, 255)" != dark


# It is safe.

HOSTILE = [
    "</script><script>window.bad = 1</script>",
    '<img src="x" onerror="window.bad = 1">',
    '"><svg onload="window.bad = 1">',
    "<!--<script>",
    "]]>&amp;\u2028${window.bad = 1}`",
    "a\nb\tc\x00",
    "w_{</math><script>window.bad = 1</script>}",
]


@needs_browser
def test_labels_are_shown_as_typed_and_never_executed(browser, tmp_path):
    values = [Value(1.0 + i, label) for i, label in enumerate(HOSTILE)]
    y = sum(v * v for v in values)
    y.label = "y"
    path = explore(y, title=HOSTILE[1]).save(tmp_path / "hostile.html")
    with opened(browser, path, viewport=WIDE) as page:
        assert page.title() == HOSTILE[1]
        names = page.locator(".row .name").all_inner_texts()
        assert {*HOSTILE[:2]} <= {*names}
        for i in range(len(values)):
            page.locator(".row .name").nth(i).click()
        page.locator('[aria-label="one step back"]').click()
        settled(page)
        assert page.evaluate("window.bad") is None
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 4


@needs_browser
def test_the_policy_keeps_other_scripts_and_every_request_out(browser, paths):
    context = browser.new_context()
    page = context.new_page()
    page.goto(paths["sigmoid"].as_uri())
    until(page, "document.getElementById('page').handle !== undefined")
    refused = page.evaluate("""async () => {
      const script = document.createElement("script");
      script.textContent = "window.bad = 1";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend",
        '<p style="color: red" onclick="window.bad = 1">');
      const styled = document.body.lastChild.style.color;
      document.body.lastChild.click();
      const fetched = await fetch("data:text/plain,1").then(() => true, () => false);
      return [window.bad, styled, fetched];
    }""")
    context.close()
    assert refused[0] is None
    assert refused[2] is False


@needs_browser
def test_in_a_notebook_without_widgets_it_lives_in_a_frame_of_its_own(browser, tmp_path):
    frame = explore(GRAPHS["sigmoid"][0](**GRAPHS["sigmoid"][1]))._repr_mimebundle_()["text/html"]
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!DOCTYPE html><body>{frame}</body>", encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(notebook.as_uri())
    inside = page.frame_locator("iframe")
    inside.get_by_text("Take a gradient step").click()
    assert inside.locator("h1").inner_text().startswith("a = ")
    context.close()


# The file.


def test_it_says_what_it_shows_and_is_one_file_of_moderate_size(tmp_path):
    values = [Value(0.1 * i, f"x_{i}") for i in range(20)]
    product = sum(v * v.tanh() for v in values)
    assert len(toposort(product)) > 60
    page = explore(product)
    assert len(page.html.encode()) <= 100_000
    assert not re.search(r"""(?:src|href)=|url\(|@import|https?:""", page.html)
    assert repr(page) == page._repr_mimebundle_(include=["text/plain"])["text/plain"]
    with pytest.raises(ValueError, match=r"\.html"):
        page.save(tmp_path / "page.svg")


def test_two_thousand_values_fit_into_half_a_megabyte():
    model = nn.MLP(3, [4] * 37, activation="tanh", rng=0)
    loss = nn.cross_entropy(model([0.1 * k for k in range(3)]), 0)
    assert len(toposort(loss)) > 2000
    assert len(explore(loss).html.encode()) <= 500_000


def test_above_the_limit_there_is_a_way_on():
    x = Value(1.0, "x")
    y = x
    for _ in range(60):
        y = y * x
    with pytest.raises(ValueError, match=r"61 values.*limit of 50.*limit=61"):
        explore(y, limit=50)
    assert len(explore(y, limit=61).program.nodes) == 61


@pytest.mark.parametrize("wrong", ["x**2", 3.0, None])
def test_it_takes_a_value_or_a_function(wrong):
    with pytest.raises(TypeError, match="takes a Value or a function"):
        explore(wrong)


def test_the_script_in_the_page_is_the_modules_as_they_are():
    page = explore(Value(2.0, "x") * 3)
    script = unpacked(page.html, "script")
    folder = Path(script_of.__code__.co_filename).parent / "js"
    for module in ("page", "picture", "graph", "numbers"):
        source = (folder / f"{module}.js").read_text(encoding="utf-8")
        body = re.sub(r"^import .*\n|^export ", "", source, flags=re.MULTILINE).strip()
        assert body in script
    assert json.loads(unpacked(page.html, "payload"))["program"]["n"] == len(page.program.nodes)


def test_two_modules_cannot_declare_the_same_name():
    with pytest.raises(ValueError, match="two modules of the page declare svg"):
        script_of('import { html } from "./dom.js";\nconst svg = 1;\n')


# What is kept.

DOCS = Path(__file__).parents[1] / "docs"


def made():
    """What `docs/explore/make.py` makes, by name."""
    spec = importlib.util.spec_from_file_location("make", DOCS / "explore" / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PAGES


@pytest.mark.parametrize("name", ["sigmoid", "network-2-4-3-2", "cross-entropy"])
def test_the_pages_in_the_docs_are_fresh(name):
    kept = (DOCS / "explore" / f"{name}.html").read_text(encoding="utf-8")
    page = made()[name]()
    assert unpacked(kept, "script") == unpacked(page.html, "script"), (
        "run python docs/explore/make.py"
    )
    before, now = (json.loads(unpacked(text, "payload")) for text in (kept, page.html))
    # Another version of Graphviz may put them elsewhere.
    for each in (before, now):
        operations = each["layout"].pop("operations")
        assert len(operations["boxes"]) == 4 * each["program"]["n"]
    assert before == now

    def rest(text):
        return re.sub(r'id="payload">[^<]*|id="script">[^<]*', "", text)

    assert rest(kept) == rest(page.html)


def test_the_page_about_it_makes_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "explore.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    exec("\n".join(code for language, code in blocks if language == "python"), {})
    (command,) = [code.strip() for language, code in blocks if language == "sh"]
    assert {path.name for path in tmp_path.iterdir()} == {"sigmoid.html", "leaky.html"}
    (tmp_path / "sigmoid.html").unlink()
    assert main(shlex.split(command)[1:]) == 0
    assert "a = 0.3775" in (tmp_path / "sigmoid.html").read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page):
        assert (DOCS / target).exists(), target


def test_the_command_line_tells_what_keeps_a_page_from_being_made(tmp_path, capsys):
    path = tmp_path / "page.html"
    assert main(["x**2", "x=3", "--html", str(path), "--limit", "2"]) == 2
    assert "more than the limit of 2" in capsys.readouterr().err
    assert main(["x**2", "--derive", "--html", str(path)]) == 2
    assert not path.exists()

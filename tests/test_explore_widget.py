"""The page as a widget: Python and the sliders hold the same numbers, and it leaves no trace."""

import json
import math
import re
import subprocess
import sys

import pytest
import traitlets
from browser import chromium, needs_browser, opened, until

from autograd_scalar import Value, draw, explore, nn, tanh

# The numbers.


def product(**numbers):
    """y = tanh(w·x), and its inputs."""
    x = Value(numbers.get("x", 0.5), "x")
    w = Value.parameter(numbers.get("w", 2.0), "w")
    y = tanh(w * x)
    y.label = "y"
    return y, x, w


def from_page(page, values):
    """What arrives when the sliders of a front end hold these."""
    page.widget.set_state({"values": json.loads(json.dumps(values))})


def to_page(page):
    """What a front end is sent."""
    return json.loads(json.dumps(page.widget.get_state("values"), allow_nan=False))["values"]


def test_the_values_are_those_of_the_inputs_by_label_and_by_the_value_itself():
    y, x, _ = product()
    page = explore(y)
    assert page.values == {"w": 2.0, "x": 0.5}
    assert page.values[x] == 0.5
    assert x in page.values
    assert y not in page.values


def test_one_or_several_can_be_set_and_what_was_recorded_stays():
    y, x, w = product()
    page = explore(y)
    page.values["w"] = -1
    assert page.values == {"w": -1.0, "x": 0.5}
    page.values = {x: 3, "w": 4.5}
    assert page.values == {"w": 4.5, "x": 3.0}
    page.values.update({"x": 0.25})
    assert page.values == {"w": 4.5, "x": 0.25}
    assert (x.data, w.data, y.data) == (0.5, 2.0, math.tanh(1.0))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"x": 1, "q": 2}, KeyError, "no slider moves 'q'.* w, x"),
        ({"x": 1, "y": 2}, KeyError, "no slider moves 'y'"),
        ({"x": 1, "w": "3"}, TypeError, "w: a real number is needed, got str '3'"),
        ({"x": 1, "w": None}, TypeError, "w: .* None"),
        ({"x": 1, "w": Value(1.0)}, TypeError, "w: .* Value"),
        ({"x": 1, 3: 2}, TypeError, "label or its Value, got int 3"),
        (3.0, TypeError, "a mapping such as {'x': 0.5}, got float 3.0"),
    ],
)
def test_of_wrong_numbers_none_is_set_and_the_error_says_which(given, error, message):
    page = explore(product()[0])
    with pytest.raises(error, match=message):
        page.values = given
    assert page.values == {"w": 2.0, "x": 0.5}


def test_inputs_with_one_label_are_told_apart():
    first, second = Value(1.0, "x"), Value(2.0, "x")
    page = explore(first * second)
    with pytest.raises(KeyError, match="'x' fits x#1, x#2: take one of these, or the Value"):
        page.values["x"] = 5
    page.values[second] = 5
    page.values["x#1"] = 4
    assert (page.values[first], page.values["x#2"]) == (4.0, 5.0)


def test_a_label_may_be_written_as_it_is_shown():
    page = explore(Value(1.0, "w_31") * Value(2.0, "x"))
    page.values["w₃₁"] = 7
    assert page.values["w_31"] == 7.0


def test_the_values_follow_the_sliders_and_whoever_observes_is_told():
    page = explore(product()[0])
    told = []
    page.observe(told.append)
    from_page(page, {"w": -3, "x": 0.125})
    assert page.values == page.widget.values == {"w": -3.0, "x": 0.125}
    page.values["x"] = 9
    page.widget.values = {"w": 1}
    assert [change["new"] for change in told] == [
        {"w": -3.0, "x": 0.125},
        {"w": -3.0, "x": 9.0},
        {"w": 1.0, "x": 9.0},
    ]
    assert all(type(x) is float for change in told for x in change["new"].values())
    page.unobserve(told.append)
    page.values["x"] = 1
    assert len(told) == 3


def test_numbers_that_were_set_first_are_those_that_the_widget_begins_with():
    page = explore(product()[0])
    page.values["w"] = -1
    assert to_page(page) == {"w": -1, "x": 0.5}


SPECIAL = [math.inf, -math.inf, math.nan, -0.0, 0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2]


@pytest.mark.parametrize("number", SPECIAL)
def test_every_number_comes_through_as_it_is(number):
    page = explore(product()[0])
    page.values["x"] = number
    sent = to_page(page)
    page.values["x"] = 1.0
    from_page(page, sent)
    assert repr(page.values["x"]) == repr(number)


def test_a_zero_whose_sign_alone_is_changed_is_sent():
    page = explore(product(x=0.0)[0])
    sent = []
    page.widget.send_state = sent.append
    page.values["x"] = -0.0
    assert sent
    assert math.copysign(1.0, page.widget.values["x"]) == -1.0


@pytest.mark.parametrize("values", [{"w": "alert(1)"}, {"q": 1}, {"w": None}, {"w": [1]}, 3])
def test_what_a_front_end_sends_is_checked(values):
    page = explore(product()[0])
    with pytest.raises((traitlets.TraitError, AttributeError)):
        from_page(page, values)
    assert page.values == {"w": 2.0, "x": 0.5}


def test_the_page_that_is_saved_begins_with_the_values():
    page = explore(product()[0])
    assert "values" not in page.payload
    page.values = {"w": -1, "x": math.inf}
    assert page.payload["values"] == {"w": -1, "x": "inf"}


# What is shown.

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def kernel(monkeypatch):
    """A process whose outputs a front end shows."""
    shell = type("Shell", (), {"kernel": object()})()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)


def test_a_front_end_is_given_the_widget_and_a_still_picture(kernel):
    page = explore(product()[0])
    shown = page._repr_mimebundle_()
    assert shown.keys() == {"text/plain", "image/svg+xml", WIDGET}
    assert shown[WIDGET]["model_id"] == page.widget.model_id
    assert "<iframe" in page._repr_mimebundle_(include=["text/html"])["text/html"]
    assert page._display_() is page.widget


@pytest.mark.parametrize("missing", ["a front end", "anywidget"])
def test_without_anywidget_or_a_front_end_it_is_a_page_in_a_sandbox(missing, request, monkeypatch):
    if missing == "anywidget":
        request.getfixturevalue("kernel")
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    shown = explore(product()[0])._repr_mimebundle_()
    assert shown.keys() == {"text/plain", "image/svg+xml", "text/html"}
    assert 'sandbox="allow-scripts allow-downloads"' in shown["text/html"]


def test_a_page_costs_no_import_of_widgets_and_says_what_to_install_where_there_are_none():
    program = (
        "import sys\n"
        "from autograd_scalar import Value, explore\n"
        "page = explore(Value(2.0, 'x') * 3)\n"
        "page.values['x'] = 5\n"
        "assert page.values['x'] == 5\n"
        "assert not {'anywidget', 'ipywidgets', 'traitlets', 'IPython'} & sys.modules.keys()\n"
        "sys.modules['anywidget'] = None\n"
        "page.widget"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8")
    last = done.stderr.splitlines()[-1]
    assert last == 'ImportError: this needs anywidget: pip install "autograd-scalar[jupyter]"'


def network(sizes):
    model = nn.MLP(2, sizes, activation="sigmoid", rng=0)
    error = nn.mean_squared_error(model([0.5, -0.25]), [1.0, 0.0])
    error.label = "E"
    return error


def test_the_still_picture_shows_neurons_where_there_are_some_and_there_is_none_of_many_values():
    def still(y):
        return explore(y)._repr_mimebundle_(include=["image/svg+xml"]).get("image/svg+xml")

    assert "tanh" in still(product()[0])
    neurons = still(network([3, 2]))
    assert "tanh" not in neurons
    assert "a₃⁽¹⁾" in neurons
    x = Value(0.5, "x")
    assert still(sum((x * k for k in range(40)), x)) is None


def test_the_still_picture_has_the_gradients_of_the_page_and_the_values_keep_theirs():
    y, x, w = product()
    x.backward()
    picture = explore(y)._repr_mimebundle_(include=["image/svg+xml"])["image/svg+xml"]
    assert (x.grad, w.has_grad, y.has_grad) == (1.0, False, False)
    slope = 1 - math.tanh(1.0) ** 2
    assert f"grad {slope * 2:.4g}<" in picture
    assert f"grad {slope * 0.5:.4g}<" in picture


def test_the_still_picture_is_no_wider_than_a_notebook_and_keeps_its_shape():
    error = network([3, 3, 3, 3, 2])
    picture = explore(error)._repr_mimebundle_(include=["image/svg+xml"])["image/svg+xml"]
    wide, high = map(int, re.search(r'width="(\d+)pt" height="(\d+)pt"', picture).groups())
    box = [float(each) for each in re.search(r'viewBox="([^"]+)"', picture)[1].split()]
    assert wide == 660 < box[2]
    assert wide / high == pytest.approx(box[2] / box[3], rel=0.01)


# In a browser.

HOST = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>a notebook</title>
<style>
  body { color: #111; background: #fff; } body.dark { color: #eee; background: #222; }
  button, .explore, h1, p { background: rgb(255, 0, 0); font-size: 40px; }
</style></head>
<body><p id="text">text</p>%(more)s
<div class="cells"></div><div id="page"></div>
<script type="application/json" id="states">%(states)s</script>
<script type="module">
// A model as anywidget's front ends give it to `render`.
class Model {
  constructor(state) { this.state = state; this.listeners = []; this.saved = []; }
  get(name) { return this.state[name]; }
  set(name, value) {
    if (this.state[name] === value) return;
    this.state[name] = value;
    for (const [event, listener] of [...this.listeners]) if (event === `change:${name}`) listener();
  }
  save_changes() { this.saved.push(this.state.values); }
  on(event, listener) { this.listeners.push([event, listener]); }
  off(event, listener) { this.listeners = this.listeners.filter((each) => each[1] !== listener); }
}
window.drawn = () => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)));
window.inside = (which) => widgets[which].el.firstElementChild.shadowRoot;
window.selected = (which, selector) => [...inside(which).querySelectorAll(selector)];
const states = JSON.parse(document.getElementById("states").textContent);
const cells = document.querySelector(".cells");
window.widgets = [];
window.show = async ({ model, module }) => {
  const el = document.createElement("div");
  cells.append(el);
  return { el, model, module, dispose: await module.default.render({ model, el }) };
};
for (const state of states) {
  const address = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  const module = await import(address);
  widgets.push(await show({ model: new Model(state), module }));
}
document.getElementById("page").handle = true;
</script></body></html>
"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def notebook(browser, tmp_path):
    """Opens a notebook that shows these pages as widgets."""

    def open_(*pages, more="", **options):
        names = ["_esm", "payload", "sheet", "values"]
        states = json.dumps([page.widget.get_state(names) for page in pages], allow_nan=False)
        path = tmp_path / "notebook.html"
        path.write_text(
            HOST % {"more": more, "states": states.replace("<", "\\u003c")}, encoding="utf-8"
        )
        return opened(browser, path, **options)

    return open_


def held(tab, which=0):
    return json.loads(tab.evaluate(f"JSON.stringify(widgets[{which}].model.get('values'))"))


def send(tab, page, which=0):
    """What anywidget does when Python has set the values."""
    tab.evaluate(f"values => widgets[{which}].model.set('values', values)", to_page(page))


def shown(tab, which=0):
    """The heading, and the fields by their labels."""
    return tab.evaluate(
        """async (which) => {
          await drawn();
          const fields = selected(which, ".row").map((row) => [
            row.querySelector(".name").textContent,
            row.querySelector("input[type=text]").value]);
          return [inside(which).querySelector("h1").textContent, Object.fromEntries(fields)];
        }""",
        which,
    )


def move(tab, label, position, which=0):
    tab.evaluate(
        """([which, label, position]) => {
          const [slider] = selected(which, `input[type=range][aria-label="${label}"]`);
          slider.value = position;
          slider.dispatchEvent(new Event("input"));
        }""",
        [which, label, position],
    )


in_a_browser = pytest.mark.browser


@in_a_browser
@needs_browser
def test_a_slider_that_is_moved_moves_pythons_number_and_the_other_way_round(notebook):
    page = explore(product()[0])
    with notebook(page) as tab:
        assert shown(tab) == ["y = 0.7616", {"x": "0.5", "w": "2"}]
        move(tab, "w", 100)
        from_page(page, held(tab))
        assert page.values["w"] != 2.0
        assert page.values["x"] == 0.5
        y, _, _ = product(**page.values)
        assert shown(tab)[0] == f"y = {y.data:.4g}"
        page.values = {"x": 40, "w": -0.01}
        send(tab, page)
        y, _, _ = product(x=40, w=-0.01)
        assert shown(tab) == [f"y = {y.data:.4g}", {"x": "40", "w": "-0.01"}]
        assert tab.evaluate("widgets[0].model.saved.length") == 1


@in_a_browser
@needs_browser
def test_every_number_comes_through_the_page_as_it_is(notebook):
    page = explore(sum((Value(n, f"x_{k}") for k, n in enumerate(SPECIAL)), Value(1.0, "x")))
    given = dict(page.values)
    with notebook(page) as tab:
        move(tab, "x", 700)
        from_page(page, held(tab))
        assert page.values["x"] != 1.0
        assert repr(page.values) == repr({**given, "x": page.values["x"]})


@in_a_browser
@needs_browser
def test_widgets_side_by_side_don_t_touch_each_other_but_two_views_of_one_agree(notebook):
    other = Value(3.0, "x") ** 2
    other.label = "z"
    with notebook(explore(product()[0]), explore(other)) as tab:
        tab.evaluate("show(widgets[0]).then((each) => widgets.push(each))")
        until(tab, "widgets.length === 3")
        before = shown(tab, 1)
        assert before == ["z = 9", {"x": "3"}]
        move(tab, "x", 0)
        assert shown(tab, 1) == before
        assert shown(tab, 2) == shown(tab, 0) != ["y = 0.7616", {"x": "0.5", "w": "2"}]
        move(tab, "x", 900, which=2)
        assert shown(tab, 0) == shown(tab, 2)


COUNTED = """() => {
  window.pending = new Set();
  for (const [start, stop] of [
    ["setTimeout", "clearTimeout"], ["requestAnimationFrame", "cancelAnimationFrame"],
  ]) {
    const [begin, end] = [window[start], window[stop]];
    window[start] = (work, ...rest) => {
      const id = begin((...given) => {
        pending.delete(`${start} ${id}`);
        work(...given);
      }, ...rest);
      pending.add(`${start} ${id}`);
      return id;
    };
    window[stop] = (id) => {
      pending.delete(`${start} ${id}`);
      end(id);
    };
  }
  window.watching = new Set();
  for (const name of ["ResizeObserver", "MutationObserver"]) {
    window[name] = class extends window[name] {
      observe(...given) { watching.add(this); super.observe(...given); }
      disconnect() { watching.delete(this); super.disconnect(); }
    };
  }
  window.listening = 0;
  for (const target of [window, document, document.body]) {
    const [add, remove] = [target.addEventListener, target.removeEventListener];
    target.addEventListener = (...given) => { listening++; add.apply(target, given); };
    target.removeEventListener = (...given) => { listening--; remove.apply(target, given); };
  }
}"""

OPENED_AND_CLOSED = """async () => {
  const before = widgets.pop();
  before.dispose();
  const { el, model, dispose } = await show(before);
  widgets.push({ ...before, el, dispose });
  selected(0, ".play")[0].click();
  selected(0, "button").find((each) => each.textContent === "Run").click();
  await new Promise((done) => setTimeout(done, 200));
  const busy = [pending.size > 0, watching.size, model.listeners.length];
  dispose();
  await drawn();
  const left = [pending.size, watching.size, listening, model.listeners.length];
  return { busy, left, shown: el.childNodes.length };
}"""


@in_a_browser
@needs_browser
@pytest.mark.parametrize("sizes", [[2], [10, 10, 2]], ids=["small", "large"])
def test_a_view_that_is_closed_leaves_nothing_behind_and_can_be_opened_again(notebook, sizes):
    with notebook(explore(network(sizes)), reduced_motion="no-preference") as tab:
        tab.evaluate(COUNTED)
        for _ in range(3):
            found = tab.evaluate(OPENED_AND_CLOSED)
            assert found == {"busy": [True, 3, 1], "left": [0, 0, 0, 0], "shown": 0}


@in_a_browser
@needs_browser
@pytest.mark.parametrize("system", ["light", "dark"])
def test_it_is_light_or_dark_as_the_notebook_is_whatever_the_system_says(notebook, system):
    with notebook(explore(product()[0]), color_scheme=system) as tab:

        def paper(theme):
            return tab.evaluate(
                """async (theme) => {
                  document.body.className = theme;
                  await drawn();
                  const { backgroundColor, colorScheme } = getComputedStyle(selected(0, "main")[0]
                    .parentElement);
                  const bright = Math.max(...backgroundColor.match(/[0-9]+/g).map(Number));
                  return [bright > 127 ? "light" : "dark", colorScheme];
                }""",
                theme,
            )

        for theme in ("light", "dark", "light"):
            assert paper(theme) == [theme, theme]


@in_a_browser
@needs_browser
def test_it_is_laid_out_for_the_width_it_has_not_for_the_window_s(notebook):
    with notebook(explore(product()[0])) as tab:

        def columns(width):
            return tab.evaluate(
                """async (width) => {
                  document.querySelector(".cells").style.width = width;
                  await drawn();
                  const { gridTemplateColumns } = getComputedStyle(selected(0, "main")[0]);
                  return gridTemplateColumns.split(" ").length;
                }""",
                width,
            )

        assert [columns("1100px"), columns("600px"), columns("1100px")] == [2, 1, 2]


@in_a_browser
@needs_browser
def test_neither_its_styles_nor_its_keys_reach_the_notebook_nor_the_other_way_round(notebook):
    with notebook(explore(product()[0])) as tab:
        alone = "getComputedStyle(document.getElementById('text')).cssText"
        with_it = tab.evaluate(alone)
        inside = tab.evaluate(
            """selected(0, "button, h1, p, .explore").map((each) =>
              getComputedStyle(each).backgroundColor)"""
        )
        assert "rgb(255, 0, 0)" not in inside
        tab.evaluate("window.keys = []; addEventListener('keydown', ({ key }) => keys.push(key))")
        field = tab.locator(".row input[type=text]").first
        field.press("d")
        tab.locator(".canvas [tabindex='0']").press("ArrowLeft")
        assert tab.evaluate("keys") == []
        # What JupyterLab looks for before it takes a key for a command.
        assert tab.locator("[data-lm-suppress-shortcuts='true']").count() == 1
        tab.evaluate("widgets[0].dispose()")
        assert tab.evaluate(alone) == with_it


@in_a_browser
@needs_browser
def test_the_saved_page_and_the_frame_open_where_the_sliders_were_put(notebook, browser, tmp_path):
    page = explore(product()[0])
    page.values = {"w": -1, "x": math.inf}
    with opened(browser, page.save(tmp_path / "page.html")) as tab:
        assert tab.locator("h1").inner_text() == "y = -1"
        tab.get_by_role("button", name="Reset").click()
        assert tab.evaluate("document.getElementById('page').handle.values") == {"w": 2, "x": 0.5}
    frame = page._repr_mimebundle_(include=["text/html"])["text/html"]
    page.values["w"] = 1
    other = page._repr_mimebundle_(include=["text/html"])["text/html"]
    with notebook(more=frame + other) as tab:
        for inside, text in zip(tab.frames[1:], ["y = -1", "y = 1"], strict=True):
            inside.get_by_role("heading", name=text, exact=True).wait_for()


# Several outputs in one document.


@in_a_browser
@needs_browser
def test_outputs_of_one_document_have_no_id_in_common_and_refer_to_themselves(notebook):
    error = network([3, 2])
    drawings = [
        draw(error, view="network", wrt="w_11^(1)"),
        draw(error, view="network", wrt="w_11^(1)"),
        draw(product()[0], partials=True),
        draw(product()[0], partials=True),
    ]
    pages = [explore(error), explore(error)]
    outputs = [each.svg for each in drawings]
    outputs += [
        page._repr_mimebundle_(include=["image/svg+xml"])["image/svg+xml"] for page in pages
    ]
    more = "".join(f'<div class="output">{each}</div>' for each in outputs)

    with notebook(*pages, more=more) as tab:
        found = tab.evaluate(
            """() => {
              const shadows = widgets.map((_, which) => inside(which));
              return [...document.querySelectorAll(".output"), ...shadows].map((output) => {
                const all = [...output.querySelectorAll("*")];
                const refers = all.flatMap((each) => [...each.attributes]).flatMap(
                  ({ name, value }) => [
                    ...(/^aria-(labelledby|describedby|controls|owns)$|^for$/.test(name)
                      ? value.split(" ") : []),
                    ...[...value.matchAll(/url\\(["']?#([^"')]+)/g)].map((each) => each[1]),
                    ...(/^(xlink:)?href$/.test(name) && value[0] === "#" ? [value.slice(1)] : []),
                  ]);
                return { ids: all.map((each) => each.id).filter(Boolean), refers };
              });
            }"""
        )
    assert len(found) == len(outputs) + len(pages)
    ids = [each for output in found for each in output["ids"]]
    assert ids
    assert len(ids) == len({*ids})
    for output in found:
        assert {*output["refers"]} <= {*output["ids"]}

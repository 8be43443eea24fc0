"""The playground, as a browser shows it: it answers alone, says what is wrong, and is safe."""

import contextlib
import functools
import http.server
import importlib.util
import os
import re
import threading
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from browser import EXPECTED, chromium, needs_browser, until

from autograd_scalar.cli.program import Program

FOLDER = Path(__file__).parents[1] / "docs" / "playground"
AXE = os.environ.get("AUTOGRAD_SCALAR_AXE")
NODE_MODULES = os.environ.get("AUTOGRAD_SCALAR_NODE_MODULES")

pytestmark = [
    pytest.mark.browser,
    needs_browser,
    pytest.mark.skipif(
        not NODE_MODULES and not EXPECTED,
        reason="AUTOGRAD_SCALAR_NODE_MODULES names no folder with docs/playground/package.json's",
    ),
]

ELSEWHERE = "http://elsewhere.test/"


def module(name):
    spec = importlib.util.spec_from_file_location(f"playground_{name}", FOLDER / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def handle(self):
        # The browser closes pages meanwhile.
        with contextlib.suppress(ConnectionError):
            super().handle()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The site, built and served from a folder below the top."""
    folder = tmp_path_factory.mktemp("site")
    module("build").build(folder, Path(NODE_MODULES))
    served = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder.parent)
    )
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}/{folder.name}/"
    served.shutdown()
    served.server_close()
    thread.join()


class Site:
    """The site in a browser that reaches nothing else, and what it said and asked for."""

    def __init__(self, browser, address):
        self.address = address
        self.said, self.asked = [], []
        self.context = browser.new_context(reduced_motion="reduce")
        self.context.route("**/*", self.allow)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.goto(address)

    def allow(self, route):
        self.asked.append(route.request.url)
        if route.request.url.startswith(self.address):
            route.continue_()
        else:
            route.abort()

    def text(self, selector):
        return self.page.inner_text(selector)

    def until(self, condition):
        until(self.page, condition, seconds=60)

    def until_ready(self):
        self.until("document.getElementById('loading-text').textContent.startsWith('Python is')")

    def ask(self, formula):
        """Type a formula, and wait for all that is said of it."""
        self.page.fill("#formula", formula)
        self.until_answered()

    def until_answered(self):
        self.until("document.getElementById('formula-panel').ariaBusy === 'false'")

    def numbers(self):
        """The fields by name, and the derivatives beside them."""
        names = self.page.eval_on_selector_all(
            "#numbers input[type=range]", "all => all.map(each => each.ariaLabel)"
        )
        fields = self.page.eval_on_selector_all(
            "#numbers input[type=text]", "all => all.map(each => each.value)"
        )
        slopes = self.page.eval_on_selector_all(
            "#numbers .slope:last-child", "all => all.map(each => each.textContent)"
        )
        return dict(zip(names, zip(map(float, fields), slopes, strict=True), strict=True))

    def run(self, code):
        """What the Python tab shows for a program."""
        self.start(code)
        self.until("document.getElementById('stop').disabled")
        return self.text("#output").strip()

    def start(self, code):
        self.page.click("#tab-python")
        self.page.fill("#code", code)
        self.page.click("#run")


@pytest.fixture(scope="module")
def cold(address):
    """The site opened for the first time, and what it showed before Python was there."""
    with chromium() as browser:
        site = Site(browser, address)
        site.before = {each: site.text(f"#{each}") for each in ("loading", "result", "explanation")}
        site.before["picture"] = site.page.inner_html("#picture")
        site.until_ready()
        yield site


@pytest.fixture
def site(cold):
    """The same, on its first tab."""
    cold.page.click("#tab-formula")
    yield cold
    assert cold.said == []
    assert [url for url in cold.asked if not url.startswith((cold.address, "blob:"))] == []


def close_to(text, number):
    shown = float(text.replace("−", "-").replace("·10", "e"))
    return shown == pytest.approx(number, rel=1e-5)


def test_the_first_answer_is_there_before_python_is(cold):
    examples = module("examples").EXAMPLES
    computed = Program(examples[0].formula).run(examples[0].numbers)
    assert "Loading" in cold.before["loading"]
    assert f"{computed.result.data:.10f}" in cold.before["result"]
    assert "power rule" in cold.before["explanation"]
    assert "<svg" in cold.before["picture"]


@pytest.mark.parametrize("formula", ["3x² + 2x", "a = w·x\nb = tanh(a)\n(b − y)²/2", "√(u² + v²)"])
def test_a_formula_is_answered_with_nothing_but_the_site(site, formula):
    site.ask(formula)
    assert site.text("#problem") == ""
    program = Program(formula)
    computed = program.run(dict.fromkeys(program.free, 0.5))
    computed.result.backward()
    assert close_to(re.split("=", site.text("#result"))[-1].strip(), computed.result.data)
    found = site.numbers()
    assert found.keys() == program.free.keys()
    for name, (number, slope) in found.items():
        assert number == 0.5
        assert close_to(slope, computed.named[name].grad)
    by = site.page.input_value("#wrt")
    assert re.search(f"[d∂]{by}", site.page.text_content("#explanation"))
    assert all(site.page.locator(f"{each} svg").count() for each in ("#picture", "#page"))


def test_the_answer_follows_a_number(site):
    site.ask("x³")
    site.page.fill("#numbers input[type=text]", "2")
    site.until_answered()
    assert site.numbers() == {"x": (2.0, "12")}
    assert site.page.text_content("#result").endswith("=8")
    assert "grad 12" in site.page.text_content("#picture")


def test_the_sliders_of_the_played_page_move_the_rest(site):
    site.ask("x² + 1")
    field = site.page.locator("#page .row input[type=text]").first
    field.fill("3")
    field.press("Enter")
    site.until_answered()
    assert site.page.text_content("#result").endswith("=10")
    assert site.numbers() == {"x": (3.0, "6")}


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("ln x · y", "ln of how much? Write ln(x)·y or ln(x·y)\n  ln x · y\n       ^"),
        ("ln(−q)", "log: log(x) needs x > 0, got x = -0.5\n  ln(−q)\n  ^"),
        ("a = q\na + ", "invalid syntax: something is missing after +\n  a +\n     ^"),
    ],
    ids=["two readings", "no logarithm", "no end"],
)
def test_what_is_wrong_with_a_formula_is_said_and_shown(site, formula, message):
    site.ask(formula)
    assert site.text("#problem") == message


HOSTILE = [
    "__import__('os').system('ls')",
    "<img src=x onerror=alert(1)>",
    "x_<script>alert(1)</script>",
    "(" * 5000,
    "x + " * 50_000,
    "9**9**9**9",
    '"</script><script>alert(1)</script>"',
]


@pytest.mark.parametrize("formula", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_formula_is_only_text(site, formula):
    site.ask(formula)
    assert site.text("#problem")
    tags = "#problem :not(pre), #formula-panel img, #formula-panel script"
    assert site.page.query_selector(tags) is None


def test_a_link_brings_formula_and_numbers_back(site):
    site.ask("E = (t − σ(w_1·x + b))²/2")
    site.page.fill("#numbers input[aria-label='w_1 as a number']", "-1.25")
    site.page.select_option("#wrt", "w_1")
    site.page.select_option("#view", "network")
    site.until_answered()
    site.page.click("#link")
    link, numbers = site.page.evaluate("location.href"), site.numbers()
    assert not re.search(r"[()'\s]", link)
    site.ask("x")
    site.until("location.hash.startsWith('#formula=x&')")
    site.page.evaluate(f"location.hash = {link.partition('#')[2]!r}")
    site.until("document.getElementById('formula').value.length > 1")
    site.until_answered()
    assert site.page.input_value("#formula") == "E = (t − σ(w_1·x + b))²/2"
    assert site.numbers() == numbers
    assert numbers["w_1"][0] == -1.25
    assert [site.page.input_value(each) for each in ("#wrt", "#view")] == ["w_1", "network"]


def test_a_hostile_link_is_only_text(site):
    name = "<img src=x onerror=alert(1)>"
    fields = {"formula": f"x + {name}", "at": f"{name}=1", "by": name, "view": name}
    fragment = urlencode(fields, quote_via=quote)
    site.page.evaluate(f"location.hash = {fragment!r}")
    site.until(f"document.getElementById('formula').value === {fields['formula']!r}")
    site.until_answered()
    assert site.text("#problem")
    assert site.page.query_selector("#formula-panel img") is None
    site.page.select_option("#view", "operations")


def test_a_program_prints_and_shows_what_it_makes(site):
    shown = site.run(
        "from autograd_scalar import Value, draw, nn\n"
        "model = nn.MLP(2, [2, 1], rng=0)\n"
        "print(len(model.parameters()), 'parameters')\n"
        "x = Value(3.0, 'x')\n"
        "y = x * x\n"
        "y.backward()\n"
        "display(draw(y))\n"
        "x.grad"
    )
    assert "9 parameters" in shown
    assert shown.endswith("6.0")
    assert site.page.frame_locator("#output iframe").locator("svg").count() == 1


def test_a_program_fails_with_its_own_lines(site):
    shown = site.run("def f(x):\n    return 1 / x\n\nprint('before')\nf(0)")
    assert shown.startswith("before")
    assert 'File "program.py", line 2, in f' in shown
    assert shown.endswith("ZeroDivisionError: division by zero")
    assert "playground" not in shown


def test_what_a_program_shows_runs_no_script(site):
    site.run(
        "class Shown:\n"
        "    def _repr_html_(self):\n"
        "        image = '<img src=\"data:,\" onerror=alert(1)>'\n"
        "        return f'<b>shown</b><script>parent.alert(1)</script>{image}'\n"
        "Shown()"
    )
    frame = site.page.frame_locator("#output iframe")
    assert frame.locator("b").inner_text() == "shown"
    # The browser tells that it has kept them from running.
    blocked = [text for text in site.said if "sandbox" in text or "Content Security" in text]
    assert site.said == blocked
    site.said.clear()


def test_a_program_reaches_nothing_but_the_site(site):
    shown = site.run(
        "from js import XMLHttpRequest\n"
        "asked = XMLHttpRequest.new()\n"
        f"asked.open('GET', {ELSEWHERE!r}, False)\n"
        "asked.send()"
    )
    assert "NetworkError" in shown
    assert ELSEWHERE not in site.asked
    assert all("Content Security Policy" in text for text in site.said)
    site.said.clear()


@pytest.mark.skipif(not AXE and not EXPECTED, reason="AUTOGRAD_SCALAR_AXE names no axe.min.js")
@pytest.mark.parametrize("tab", ["formula", "python"])
def test_axe_finds_nothing_serious(site, tab):
    site.ask("x² + 3")
    site.page.click(f"#tab-{tab}")
    site.page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = site.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []


def test_a_graph_a_million_deep_is_freed_in_the_browser(site):
    shown = site.run(
        "import gc\n"
        "from autograd_scalar import Value\n"
        "def chain(depth):\n"
        "    x = Value(1.0)\n"
        "    v = x\n"
        "    for _ in range(depth):\n"
        "        v = v + x\n"
        "    return v\n"
        "v = chain(1_000_000)\n"
        "print(v.data)\n"
        "del v\n"
        "print('by its name')\n"
        "box = [chain(100_000)]\n"
        "box.append(box)\n"
        "del box\n"
        "gc.collect()\n"
        "print('by the collector')\n"
    )
    assert shown.split("\n") == ["1000001.0", "by its name", "by the collector"]


def test_a_program_without_end_is_stopped_and_the_next_one_runs(site):
    site.start("while True:\n    pass")
    assert site.page.is_enabled("#stop")
    site.page.click("#stop")
    assert site.run("print(6 * 7)") == "42"


def test_after_the_first_time_no_network_is_needed(site):
    site.until("document.getElementById('loading-text').textContent.includes('no network')")
    site.context.set_offline(True)
    try:
        site.page.goto(site.address)
        site.until_ready()
        site.ask("x² + 5")
        assert "5.25" in site.text("#result")
    finally:
        site.context.set_offline(False)

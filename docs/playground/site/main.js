// The page: what a reader asks goes to Python in a worker, what it answers is shown.

import { Numbers } from "./numbers.js";
import { mount } from "./explore/page.js";
import { linkTo, readLink } from "./link.js";

const $ = (id) => document.getElementById(id);
const prepared = JSON.parse($("prepared").textContent);

let state = { formula: "", numbers: {}, wrt: "", view: "operations", detail: "short" };
let worker = null;
let ready = false;
let asked = 0;
let running = null;
let waiting = null;

// Python

/** A worker that may reach nothing but this site: one made of a blob has the page's own policy. */
function start() {
  ready = sent = again = false;
  const address = JSON.stringify(new URL("./worker.js", import.meta.url).href);
  const blob = URL.createObjectURL(new Blob([`import ${address};`], { type: "text/javascript" }));
  worker = new Worker(blob, { type: "module" });
  worker.onmessage = ({ data }) => heard[data.kind](data);
  worker.onerror = (event) => heard.failed({ message: event.message ?? "its files are not there" });
  worker.postMessage({ kind: "load", total: prepared.total });
  loading("Loading Python …", 0);
}

function stop() {
  worker.terminate();
  finish();
  start();
}

function loading(text, part) {
  $("loading").hidden = false;
  $("loading-text").textContent = text;
  $("bytes").hidden = part === null;
  if (part === undefined) $("bytes").removeAttribute("value");
  else if (part !== null) $("bytes").value = part;
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

const heard = {
  progress({ loaded, total }) {
    loading(`Loading Python: ${megabytes(loaded)} of ${megabytes(total)} MB`, loaded / total);
  },
  starting() {
    loading("Starting Python …", undefined);
  },
  ready() {
    ready = true;
    loading("Python is ready.", null);
    if (!held) ask();
    if (waiting !== null) run(waiting);
    keepOffline();
  },
  values({ id, wrt, values }) {
    sent = false;
    if (again) send();
    if (id === asked) showValues(values, wrt);
  },
  piece({ id, name, content }) {
    if (id === asked) showPiece(name, content);
  },
  output({ id, shown, content }) {
    if (id === running) output(shown, content);
  },
  answered({ id }) {
    if (id === running) finish();
    if (id === asked) answered();
  },
  failed({ id, message }) {
    if (id === running) output("error", message);
    else problem({ error: `Python failed: ${message}`, place: "" });
    if (ready) stop();
    else loading(`Python could not be loaded: ${message}`, null);
  },
};

async function keepOffline() {
  if (!navigator.serviceWorker) return;
  try {
    await navigator.serviceWorker.register(new URL("./service.js", import.meta.url));
    await navigator.serviceWorker.ready;
    loading("Python is ready, and kept for when there is no network.", null);
  } catch {
    // Without one the page works as long as its server does.
  }
}

// The formula

const numbers = new Numbers($("numbers"), (name, number) => {
  state.numbers[name] = number;
  if (played) played.values = { [name]: number };
  changed();
});

// The page that plays the computation follows by itself; Python makes it once for a formula.

let played = null;
let playedFormula = null;

function play(payload) {
  played?.destroy();
  played = null;
  playedFormula = state.formula;
  $("play").hidden = !payload;
  $("play").inert = false;
  $("play").classList.remove("stale");
  if (!payload) return;
  played = mount($("page"), JSON.parse(payload), {
    onChange() {
      const moved = played?.values ?? {};
      const names = Object.keys(state.numbers).filter((name) => name in moved && moved[name] !== state.numbers[name]);
      for (const name of names) state.numbers[name] = moved[name];
      if (names.length) changed();
    },
  });
}

let slow = 0;
let sent = false; // whether Python has a question
let again = false; // whether another is to follow
let held = false; // whether the last one was stopped

function ask() {
  asked += 1;
  clearTimeout(slow);
  const panel = $("formula-panel");
  panel.setAttribute("aria-busy", "true");
  const example = prepared.examples.findIndex((each) => each.formula === state.formula);
  // What is played follows by itself; that of another formula waits for the new one.
  const follows = playedFormula === state.formula;
  $("play").inert = !follows;
  if (!follows) for (const name of ["play", "picture", "explanation"]) $(name).classList.add("stale");
  if (!follows && example >= 0) playExample(example);
  if (!ready) {
    if (example >= 0 && same(prepared.examples[example], state)) showExample(example, asked);
    return;
  }
  slow = setTimeout(() => ($("formula-stop").hidden = false), 2000);
  if (!sent) send();
  else again = true;
}

/** One question at a time: while a number is dragged, only the newest is asked next. */
function send() {
  sent = true;
  again = false;
  const played = playedFormula === state.formula || prepared.examples.some((each) => each.formula === state.formula);
  worker.postMessage({ kind: "formula", id: asked, ...state, played });
}

/** The whole answer to an example, from before Python is there. */
async function answerTo(example) {
  answers[example] ??= fetch(new URL(`./answers/${example}.json`, import.meta.url)).then((response) => response.json());
  return answers[example];
}

const answers = {};

async function showExample(example, id) {
  const { values, picture, explanation } = await answerTo(example);
  if (id !== asked || ready) return;
  showValues(values, state.wrt);
  showPiece("picture", picture);
  showPiece("explanation", explanation);
  answered();
}

async function playExample(example) {
  const { page } = await answerTo(example);
  if (prepared.examples[example].formula !== state.formula || playedFormula === state.formula) return;
  play(page);
  if (played) played.values = state.numbers;
}

function showPiece(name, content) {
  $(name).classList.remove("stale");
  if (name === "page") play(content);
  else $(name).innerHTML = content;
}

function answered() {
  clearTimeout(slow);
  $("formula-stop").hidden = true;
  $("formula-panel").setAttribute("aria-busy", "false");
}

function same(example, state) {
  const agree = ["formula", "wrt", "view"].every((each) => example[each] === state[each]);
  const numbers = Object.entries(example.numbers);
  return agree && state.detail === "short" && numbers.every(([name, number]) => state.numbers[name] === number);
}

function showValues(values, wrt) {
  problem(values);
  if (values.error) {
    answered();
    return;
  }
  for (const piece of ["read", "result", "table"]) $(piece).innerHTML = values[piece];
  showNames(values.names, wrt);
}

function showNames(names, wrt) {
  state.wrt = wrt;
  state.numbers = Object.fromEntries(names.map((each) => [each.name, each.number]));
  numbers.show(names);
  options($("wrt"), names.map((each) => each.name), wrt);
  remember();
}

function problem({ error, place }) {
  const at = $("problem");
  at.replaceChildren();
  $("formula").classList.toggle("wrong", Boolean(error));
  $("formula-panel").classList.toggle("stale", Boolean(error));
  if (!error) return;
  at.append(error);
  if (place) {
    const line = document.createElement("pre");
    line.textContent = place;
    at.append(line);
  }
}

function options(select, names, chosen) {
  const shown = [...select.options].map((each) => each.value);
  if (shown.join("\n") !== names.join("\n")) {
    select.replaceChildren(...names.map((name) => new Option(name, name)));
  }
  select.value = chosen;
}

function changed() {
  held = false;
  $("linked").textContent = "";
  ask();
}

$("formula").addEventListener("input", () => {
  state.formula = $("formula").value;
  $("examples").value = "";
  changed();
});
for (const name of ["view", "wrt", "detail"]) {
  $(name).addEventListener("change", () => {
    state[name] = $(name).value;
    changed();
  });
}
$("examples").addEventListener("change", () => {
  const example = prepared.examples[$("examples").value];
  if (example) set(example);
});
$("formula-stop").addEventListener("click", () => {
  held = true;
  stop();
  answered();
  problem({ error: "Stopped, as it took long. A change asks again.", place: "" });
});

function set({ formula, numbers: given, wrt, view, detail = "short" }) {
  state = { formula, numbers: { ...given }, wrt, view, detail };
  $("formula").value = formula;
  $("formula").rows = Math.min(14, Math.max(4, formula.split("\n").length + 1));
  $("view").value = view;
  $("detail").value = detail;
  const example = prepared.examples.findIndex((each) => each.formula === formula);
  $("examples").value = example < 0 ? "" : example;
  numbers.clear();
  changed();
}

// A program

function run(code) {
  waiting = null;
  $("output").replaceChildren();
  $("run").disabled = true;
  $("stop").disabled = false;
  if (!ready) {
    waiting = code;
    $("running").textContent = "runs when Python is loaded …";
    return;
  }
  $("running").textContent = "runs …";
  running = `program ${(asked += 1)}`;
  worker.postMessage({ kind: "python", id: running, code });
}

function finish() {
  running = waiting = null;
  $("run").disabled = false;
  $("stop").disabled = true;
  $("running").textContent = "";
}

function output(shown, content) {
  const last = $("output").lastElementChild;
  if (shown === "text" && last?.className === "text") {
    last.append(content);
    return;
  }
  if (shown === "page") {
    const place = document.createElement("div");
    $("output").append(place);
    mount(place, JSON.parse(content));
    return;
  }
  if (shown === "text" || shown === "error") {
    const text = document.createElement("pre");
    text.className = shown;
    text.textContent = content;
    $("output").append(text);
    return;
  }
  // What a program makes is shown where no script runs.
  const frame = document.createElement("iframe");
  frame.title = shown === "svg" ? "A picture" : "An object";
  frame.sandbox = "allow-same-origin";
  const styles = new URL("./style.css", import.meta.url).href;
  frame.srcdoc = `<!DOCTYPE html><link rel="stylesheet" href="${styles}"><body class="shown">${content}`;
  frame.addEventListener("load", () => {
    frame.style.height = `${Math.min(900, frame.contentDocument.documentElement.scrollHeight + 4)}px`;
  });
  $("output").append(frame);
}

$("run").addEventListener("click", () => run($("code").value));
$("stop").addEventListener("click", () => {
  const was = waiting === null;
  if (was) {
    output("error", "Stopped.");
    stop();
  } else finish();
});
$("code").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !$("run").disabled) {
    event.preventDefault();
    run($("code").value);
  }
});
$("programs").addEventListener("change", () => {
  const code = prepared.programs[$("programs").value];
  if (code !== undefined) $("code").value = code;
});

// Tabs and links

let remembering = 0;
const tabs = ["formula", "python"];

function open(tab) {
  for (const each of tabs) {
    const button = $(`tab-${each}`);
    button.setAttribute("aria-selected", each === tab);
    button.tabIndex = each === tab ? 0 : -1;
    $(`${each}-panel`).hidden = each !== tab;
  }
}

for (const tab of tabs) {
  $(`tab-${tab}`).addEventListener("click", () => open(tab));
  $(`tab-${tab}`).addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = tabs[1 - tabs.indexOf(tab)];
    open(other);
    $(`tab-${other}`).focus();
  });
}

/** Keep what is asked in the address, once it rests: browsers allow few changes a second. */
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    if (!$("formula-panel").hidden) history.replaceState(null, "", linkTo(state));
  }, 400);
}


async function share(link, said) {
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(location.href);
    said.textContent = "Copied.";
  } catch {
    said.textContent = "It is in the address bar.";
  }
}

$("link").addEventListener("click", () => share(linkTo(state), $("linked")));
$("link-code").addEventListener("click", () => share(linkTo({ code: $("code").value }), $("linked-code")));

function follow(hash) {
  clearTimeout(remembering);
  const link = readLink(hash);
  open(link.code === undefined ? "formula" : "python");
  $("code").value = link.code ?? ($("code").value || prepared.programs[0]);
  if (link.formula !== undefined) set(link);
  else if (!state.formula) set(prepared.examples[0]);
}

addEventListener("hashchange", (event) => follow(new URL(event.newURL).hash));
follow(location.hash);
if (location.protocol === "file:") loading("Open this folder through a server, such as python -m http.server: browsers keep Python from pages that are opened as files.", null);
else start();

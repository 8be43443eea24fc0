// The page: what it holds, how its parts hang together, and what is done when something moves.

import { html, mark, onNextFrame, saveFile, write } from "./dom.js";
import { Descent } from "./descent.js";
import { Graph } from "./graph.js";
import { NetworkView } from "./network.js";
import { decimal, short } from "./numbers.js";
import { OperationsView } from "./operations.js";
import { Panel } from "./panel.js";
import { Picture } from "./picture.js";
import { Player } from "./player.js";
import { ROWS } from "./rows.js";
import { Sliders } from "./sliders.js";
import { readState, stateText } from "./state.js";
import { Timeline } from "./timeline.js";
import { Words } from "./words.js";

const SYMBOLS = { "-": "−", "*": "×", "/": "÷" };

/**
 * Put a page into an element, of a document or of a shadow root.
 *
 * payload   what Python wrote: {program, layout: {operations, network}, title}, and `values` where
 *           the sliders are to begin elsewhere than recorded
 * onChange  called with the numbers of all inputs after each change
 * address   whether the state is kept in the address, and read from it
 *
 * Returns a handle: get and set `values`, by the names of inputs; `state`, a text; `destroy()`; and
 * `app`, the page at work, for tests and measurements.
 */
export function mount(element, payload, { onChange, address = false } = {}) {
  const app = new App(element, payload, onChange, address);
  return {
    app,
    get values() {
      return Object.fromEntries(app.graph.inputs.map((i) => [app.graph.names[i], app.graph.data[i]]));
    },
    set values(values) {
      app.setValues(values);
    },
    get state() {
      return app.stateText();
    },
    set state(text) {
      app.restore(text);
    },
    destroy: () => app.destroy(),
  };
}

class App {
  constructor(element, payload, onChange, address) {
    this.onChange = onChange;
    this.address = address;
    this.title = payload.title;
    const graph = (this.graph = new Graph(payload.program, ROWS));
    graph.update();
    this.words = new Words(graph, payload.program.words);
    this.recorded = graph.numbers();
    this.timeline = new Timeline(graph);
    this.time = this.timeline.length;
    this.standing = { adjoints: graph.adjoint, step: null };
    this.selected = null;
    this.toggled = new Set();
    this.asking = false;
    this.answered = new Set();
    this.makeViews(payload.layout);
    this.draw = onNextFrame(() => this.redraw());
    this.assemble(element);
    const text = address ? location.hash.slice(1) : "";
    this.restore(text);
    if (payload.values && !text) {
      this.setValues(payload.values);
      this.redraw();
    }
    if (address) addEventListener("hashchange", (this.onHash = () => this.hash !== location.hash && this.restore(location.hash.slice(1))));
  }

  makeViews({ operations, network }) {
    this.views = {};
    const views = {
      network: network && (() => new NetworkView(this, network)),
      operations: () => new OperationsView(this, operations),
    };
    // Of a single neuron the operations tell more.
    const order = network?.neurons.length > 1 ? ["network", "operations"] : ["operations", "network"];
    for (const key of order) if (views[key]) this.views[key] = views[key];
    this.made = {};
  }

  assemble(element) {
    this.element = element;
    element.classList.add("explore");
    this.live = html("div", { class: "aside", role: "status", "aria-live": "polite" });
    this.notice = html("div", { class: "notice", role: "status" });
    this.player = new Player(this);
    this.picture = new Picture(this);
    this.sliders = new Sliders(this);
    this.panel = new Panel(this);
    this.descent = new Descent(this);
    this.heading = html("h1", {});
    const button = (text, title, action) => html("button", { type: "button", title, click: action }, text);
    this.viewButtons = Object.keys(this.views).map((key) => button({ network: "Network", operations: "Operations" }[key], `show the ${key} view`, () => this.setView(key)));
    this.askButton = button("Ask me", "hide the gradients, and type them first", () => this.ask(!this.asking));
    element.replaceChildren(
      html("header", {}, html("div", {}, this.title && html("p", { class: "title" }, this.title), this.heading),
        html("div", { class: "tools" },
          this.viewButtons.length > 1 && html("div", { class: "choice", role: "group", "aria-label": "view" }, this.viewButtons),
          this.askButton,
          button("Save SVG", "the picture as a file", () => this.picture.save()),
          button("Save Python", "the program with these numbers as a file", () => saveFile("graph.py", "text/x-python", this.graph.toPython())),
          this.address && button("Link", "copy the address of what you see", () => this.copyLink()))),
      html("main", {},
        html("section", { class: "graph", "aria-label": "graph" }, this.notice, this.picture.element, this.player.element),
        this.panel.element, this.sliders.element, this.descent.element),
      this.live);
  }

  destroy() {
    this.player.pause();
    this.descent.stop();
    this.picture.resizing.disconnect();
    cancelAnimationFrame(this.picture.camera.gliding);
    for (const timer of [this.remembering, this.sliders.timer, this.descent.waiting]) clearTimeout(timer);
    if (this.onHash) removeEventListener("hashchange", this.onHash);
    // What waits for the next frame has nothing to draw then.
    this.redraw = () => {};
    this.element.replaceChildren();
  }

  // What things are called, and what is written where.

  label(i) {
    return this.isNamed(i) ? this.name(i) : "";
  }

  isNamed(i) {
    return this.graph.labels[i] !== "";
  }

  name(i) {
    const name = this.graph.shown[i];
    // In formulas, what is no name stands in brackets.
    return this.graph.labels[i][0] !== "(" && /^\(.*\)$/s.test(name) ? name.slice(1, -1) : name;
  }

  /** Where a value without a label is: in the neuron, or among the steps to a label. */
  inside(i) {
    const group = this.isNamed(i) ? undefined : this.view.group(i);
    return group === undefined || group === i || group < 0 ? "" : ` in ${this.name(group)}`;
  }

  derivative(i) {
    return `∂${this.name(this.graph.size - 1)}/∂${this.name(i)}`;
  }

  operands(i) {
    return this.graph.operands(i);
  }

  symbol(i) {
    const row = this.graph.row(i);
    return row ? SYMBOLS[row.operator] ?? (row.operator || row.name) : this.graph.operations[i] || "=";
  }

  /** The operation as a few letters: the names of the operands and the symbol between. */
  written(i) {
    const names = this.operands(i).map((each) => (this.graph.kind(each) === "constant" ? short(this.graph.data[each]) : this.name(each)));
    const symbol = this.symbol(i);
    if (names.length === 2 && !/\w/.test(symbol)) return names.join(` ${symbol} `);
    return names.length === 1 && !/\w/.test(symbol) ? `${symbol}${names[0]}` : `${symbol}(${names.join(", ")})`;
  }

  /** What a small difference says about a gradient. */
  difference(i) {
    const found = this.graph.difference(i);
    return { ...found, ok: Math.abs(found.value - this.graph.adjoint[i]) <= found.error };
  }

  few(number) {
    return decimal(number, 4);
  }

  isKnown(i) {
    return this.timeline.known[i] <= this.time;
  }

  hides(i) {
    return this.asking && !this.answered.has(i) && i !== this.graph.size - 1 && this.graph.kind(i) !== "constant";
  }

  dataText(i) {
    return this.isKnown(i) ? short(this.graph.data[i]) : "";
  }

  gradText(i) {
    if (this.graph.kind(i) === "constant") return "";
    const adjoint = this.standing.adjoints[i];
    if (this.time < this.timeline.length && Number.isNaN(adjoint) && this.time < this.timeline.final[i]) return "∂ –";
    if (this.hides(i)) return "∂ ?";
    const soFar = this.time < this.timeline.final[i] && i !== this.graph.size - 1;
    return `∂ ${short(Number.isNaN(adjoint) && this.time < this.timeline.length ? 0 : adjoint)}${soFar ? "…" : ""}`;
  }

  states(i) {
    return {
      unknown: !this.isKnown(i),
      selected: this.selected === i,
      partly: this.time < this.timeline.final[i] && !Number.isNaN(this.standing.adjoints[i]),
      failed: this.graph.failure?.node === i,
    };
  }

  /** A value in words, as it stands. */
  told(i) {
    const value = this.isKnown(i) ? `value ${short(this.graph.data[i])}` : "not computed yet";
    const gradient = this.gradText(i).replace("∂ –", "no gradient yet").replace("∂", "gradient");
    return [this.name(i), value, gradient].filter(Boolean).join(", ");
  }

  say(text) {
    write(this.live, text);
  }

  // What can be done.

  setNumber(i, number) {
    this.graph.set(i, number);
    this.changed();
  }

  /** Some numbers, by the names of inputs; those that JSON has not are spelled as Python does. */
  setValues(values) {
    const spelled = { nan: NaN, inf: Infinity, "-inf": -Infinity };
    for (const i of this.graph.inputs) {
      const name = this.graph.names[i];
      if (Object.hasOwn(values, name)) this.graph.set(i, spelled[values[name]] ?? Number(values[name]));
    }
    this.changed(false);
    this.descent.restart();
  }

  /** All numbers, or with null those that were recorded. */
  setNumbers(numbers) {
    if (numbers) this.graph.setNumbers(numbers);
    else this.graph.reset();
    this.changed();
    this.descent.restart();
  }

  changed(tell = true) {
    this.graph.update();
    this.refresh(tell);
  }

  /** After the graph's numbers are others. */
  refresh(tell = true) {
    if (tell) this.onChange?.(this.graph.inputs.map((i) => [this.graph.names[i], this.graph.data[i]]));
    this.draw();
    this.remember();
  }

  go(time) {
    const to = Math.min(this.timeline.length, Math.max(0, Math.round(time)));
    const moved = to !== this.time;
    this.time = to;
    this.redraw();
    this.picture.showStep(this.timeline.at(to), this.standing.step);
    this.player.show();
    if (moved) this.announce();
    this.remember();
  }

  announce() {
    const { phase, node } = this.timeline.at(this.time);
    if (phase === "start") this.say("start: only the inputs are known");
    else if (phase === "done") this.say("done: every gradient is known");
    else if (phase === "forward") this.say(this.words.node(node).says);
    else if (this.asking) this.say(`back through ${this.name(node)}`);
    else this.say(this.words.step(this.standing.step));
  }

  select(i) {
    this.selected = i;
    this.lightWays(null);
    this.redraw();
    if (i != null) this.say(this.told(i));
    this.remember();
  }

  /** Light ways in the picture: those of the selected value, or these. */
  lightWays(edges) {
    let nodes = new Set();
    if (edges === null && this.selected != null && !this.hides(this.selected) && this.graph.kind(this.selected) !== "constant") {
      ({ edges, nodes } = this.graph.ways(this.selected));
    } else if (edges) {
      nodes = new Set(edges.flatMap(([i, k]) => [i, this.operands(i)[k]]));
    }
    this.view.showWays(edges ?? [], nodes);
  }

  /** Whether the steps inside are out of sight. Layers, whose keys are below 0, are open at first. */
  isClosed(group) {
    return this.viewKey === "network" && group >= 0 ? !this.toggled.has(group) : this.toggled.has(group);
  }

  toggle(group) {
    if (!this.toggled.delete(group)) this.toggled.add(group);
    this.view.setClosed(this.toggled);
    this.panel.shown = null;
    this.lightWays(null);
    this.redraw();
    this.picture.showStep(this.timeline.at(this.time), this.standing.step);
    this.remember();
  }

  setView(key) {
    this.viewKey = key;
    this.view = this.made[key] ??= this.views[key]();
    this.view.key = key;
    this.view.setClosed(this.toggled);
    this.picture.show(this.view);
    this.viewButtons.forEach((button, k) => mark(button, "aria-pressed", Object.keys(this.views)[k] === key));
    this.lightWays(null);
    this.redraw();
    this.picture.showStep(this.timeline.at(this.time), this.standing.step);
    this.remember();
  }

  ask(asking) {
    this.asking = asking;
    this.answered = new Set();
    mark(this.askButton, "aria-pressed", asking);
    this.say(asking ? "gradients are hidden: select a value and type its gradient" : "gradients are shown");
    this.lightWays(null);
    this.redraw();
    this.remember();
  }

  answer(i, message) {
    this.answered.add(i);
    this.lightWays(null);
    this.redraw();
    this.say(`${message} ${this.told(i)}`.trim());
  }

  redraw() {
    const done = this.time >= this.timeline.length;
    this.standing = done ? { adjoints: this.graph.adjoint, step: null } : this.timeline.standing(this.time);
    const root = this.graph.size - 1;
    write(this.heading, `${this.name(root)} = ${this.isKnown(root) ? short(this.graph.data[root]) : "…"}`);
    this.tellOfChanges();
    this.picture.update();
    this.sliders.update();
    this.panel.update();
    this.descent.update();
  }

  /** What does not follow, and what now comes out otherwise than when it was recorded. */
  tellOfChanges() {
    const { failure, frozen } = this.graph;
    const told = [];
    if (failure) told.push(`No value: ${failure.message}`);
    for (const { message } of this.graph.changed()) told.push(message);
    for (const { message } of frozen ?? []) told.push(message);
    const text = told.join("\n");
    if (text === this.told_) return;
    this.told_ = text;
    this.notice.replaceChildren(...told.slice(0, 6).map((each) => html("p", {}, each)));
  }

  // The state as text.

  stateText() {
    const [first] = Object.keys(this.views);
    return stateText({
      numbers: this.graph.numbers(), recorded: this.recorded, time: this.time, length: this.timeline.length,
      view: this.viewKey, first, selected: this.selected, toggled: [...this.toggled], asking: this.asking,
    });
  }

  restore(text) {
    const { length } = this.timeline;
    const state = readState(text, { recorded: this.recorded, length, views: Object.keys(this.views), size: this.graph.size });
    this.graph.setNumbers(state.numbers);
    this.graph.update();
    this.time = state.time;
    this.selected = state.selected;
    this.toggled = new Set(state.toggled);
    this.asking = state.asking;
    mark(this.askButton, "aria-pressed", this.asking);
    this.setView(state.view);
    this.go(this.time);
    this.descent.restart();
  }

  /** Keep the state in the address, a little after it has changed. */
  remember() {
    if (!this.address) return;
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => {
      this.hash = `#${this.stateText()}`;
      history.replaceState(null, "", this.hash);
    }, 200);
  }

  copyLink() {
    const link = `${location.href.split("#")[0]}#${this.stateText()}`;
    history.replaceState(null, "", link);
    navigator.clipboard?.writeText(link).then(() => this.say("the address was copied"), () => this.say("the address is in the address bar"));
  }
}

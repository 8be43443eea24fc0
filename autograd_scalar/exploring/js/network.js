// The view of a network: its neurons in columns, weights as lines between them.

import { beginning, classes, mark, pressable, svg, write, writeNumber } from "./dom.js";
import { short } from "./numbers.js";

const RADIUS = 42;
const MARGIN = 66;
// Larger than on paper: a circle has room for any gradient, and a line for what travels there.
const LARGER = 1.2;
const CARD = [244, 17];

export class NetworkView {
  constructor(app, layout) {
    this.app = app;
    this.layout = layout;
    this.home_ = layout.home;
    this.at = new Map();
    this.columnOf = new Map();
    layout.columns.forEach(([, ...places], column) => {
      for (const [i, x, y] of places) {
        this.at.set(i, [x * LARGER + MARGIN, y * LARGER + MARGIN]);
        this.columnOf.set(i, column);
      }
    });
    this.neurons = new Set(layout.neurons.map(([out]) => out).filter((out) => this.at.has(out)));
    const xs = [...this.at.values()].map(([x]) => x);
    const ys = [...this.at.values()].map(([, y]) => y);
    this.size = [Math.max(...xs) + MARGIN, Math.max(...ys) + MARGIN + 24];
    this.closed = new Set();
    this.linksBelow = svg("g");
    this.nodesAbove = svg("g");
    this.headings = svg("g");
    this.cards = svg("g");
    this.chipsAbove = svg("g", { class: "chips", "aria-hidden": "true" });
    this.element = svg("g", { class: "network" },
      this.linksBelow, this.nodesAbove, this.headings, this.cards, this.chipsAbove);
    this.links = layout.links.map((link) => this.addLink(link));
    this.linkOf = new Map();
    this.links.forEach((link) => {
      this.linkOf.set(link.via, link);
      if (link.weight >= 0 && !this.linkOf.has(link.weight)) this.linkOf.set(link.weight, link);
    });
    this.nodes = new Map();
    for (const i of this.at.keys()) this.addNode(i);
    layout.columns.forEach((column, c) => this.addHeading(column, c));
  }

  home(i) {
    return this.home_[i];
  }

  place(i) {
    const [x, y] = this.at.get(this.home(i));
    return [x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS];
  }

  addLink([source, target, via, weight, share]) {
    const line = svg("path", { class: "edge link", pathLength: 1 });
    const link = { source, target, via, weight, share: share / 100, line, text: null };
    this.linksBelow.append(line);
    if (weight >= 0 && this.layout.numbers) {
      link.text = svg("text", { class: "weight", "data-node": weight });
      link.back = svg("rect", { class: "back", height: 14, rx: 3 });
      this.linksBelow.append(link.back, link.text);
    }
    return link;
  }

  addNode(i) {
    const { graph } = this.app;
    const [x, y] = this.at.get(i);
    const neuron = this.neurons.has(i);
    const kind = neuron ? "neuron" : graph.kind(i);
    const name = this.app.label(i);
    const root = i === graph.size - 1 && !neuron ? " root" : "";
    const outline = kind === "interior"
      ? svg("rect", { class: "box", x: -RADIUS - 4, y: -29, width: 2 * RADIUS + 8, height: 58, rx: 9 })
      : svg("circle", { class: "box", r: RADIUS });
    const lines = [
      svg("text", { class: "label", y: -11 }, beginning(name, 10)),
      svg("text", { class: "data", y: name ? 4 : -3 }),
      svg("text", { class: "grad", y: name ? 19 : 14 }),
    ];
    const parts = { data: lines[1], grad: kind === "constant" ? null : lines[2] };
    parts.element = svg("g", {
      class: `node ${kind}${root}`, transform: `translate(${x} ${y})`, "data-node": i,
      role: "button", tabindex: "-1",
    }, outline, name ? null : svg("text", { class: "quiet" }, this.app.name(i)), ...lines);
    this.nodesAbove.append(parts.element);
    this.nodes.set(i, parts);
  }

  addHeading([more, ...places], column) {
    const shown = places.map(([i]) => i);
    const neurons = shown.filter((i) => this.neurons.has(i)).length;
    if (more) {
      const [x, y] = this.at.get(shown.at(-1));
      this.headings.append(svg("text", { class: "more", x, y: y + RADIUS + 22 }, `… ${more} more`));
    }
    if (!neurons || shown.length < 2) return;
    const middle = shown.reduce((sum, i) => sum + this.at.get(i)[1], 0) / shown.length;
    const [x] = this.at.get(shown[0]);
    const top = Math.min(...shown.map((i) => this.at.get(i)[1])) - RADIUS - 20;
    const text = svg("text", { x, y: top + 12 }, "⊟ layer");
    const toggle = svg("g", { class: "toggle", ...pressable(`layer ${column}: close or open`, () => this.app.toggle(this.layerKey(column))) },
      svg("rect", { x: x - 32, y: top - 4, width: 64, height: 24, rx: 4, class: "reach" }),
      svg("rect", { x: x - 32, y: top, width: 64, height: 16, rx: 4 }), text);
    const box = svg("g", {
      class: "node layer hidden", transform: `translate(${x} ${middle})`, role: "button", tabindex: "-1",
      click: () => this.app.toggle(this.layerKey(column)),
    }, svg("rect", { class: "box", x: -44, y: -30, width: 88, height: 60, rx: 12 }),
      svg("text", { class: "label", y: -4 }, "layer"),
      svg("text", { class: "data", y: 13 }, `${neurons + more} neurons`));
    this.headings.append(toggle);
    this.nodesAbove.append(box);
    (this.layers ??= new Map()).set(column, { box, toggle, text, place: [x, middle] });
  }

  /** Layers share the set of what is collapsed with neurons; below zero they can't be taken for one. */
  layerKey(column) {
    return -1 - column;
  }

  get openable() {
    return [...this.neurons, ...[...(this.layers ?? new Map()).keys()].map((c) => this.layerKey(c))];
  }

  group(i) {
    const home = this.home(i);
    if (!this.neurons.has(home)) return undefined;
    return this.closed.has(this.columnOf.get(home)) ? this.layerKey(this.columnOf.get(home)) : home;
  }

  /** Of what is toggled: neurons are open then, layers are closed. */
  setClosed(toggled) {
    this.closed = new Set();
    for (const [column, layer] of this.layers ?? []) {
      const shut = toggled.has(this.layerKey(column));
      if (shut) this.closed.add(column);
      classes(layer.box, { hidden: !shut });
      mark(layer.toggle, "aria-expanded", !shut);
      write(layer.text, shut ? "⊞ layer" : "⊟ layer");
    }
    for (const [i, parts] of this.nodes) classes(parts.element, { hidden: this.closed.has(this.columnOf.get(i)) });
    for (const link of this.links) this.draw(link);
    this.cards.replaceChildren();
    this.rows = [];
    for (const i of this.neurons) {
      if (toggled.has(i) && !this.closed.has(this.columnOf.get(i))) this.addCard(i);
    }
  }

  /** The steps inside of an open neuron, below it. */
  addCard(out) {
    const inside = this.home_.flatMap((home, i) => (home === out && this.app.graph.kind(i) === "interior" ? [i] : []));
    const [x, y] = this.at.get(out);
    const [width, line] = CARD;
    const height = line * inside.length + 12;
    const rows = inside.map((i, row) => {
      const text = svg("text", { x: 10, y: 18 + line * row }, beginning(`${this.app.name(i)} = ${this.app.written(i)}`, 21));
      const data = svg("text", { class: "data", x: 172, y: 18 + line * row });
      const grad = svg("text", { class: "grad", x: 236, y: 18 + line * row });
      this.rows.push({ i, data, grad });
      return svg("g", { class: "row", "data-node": i }, svg("rect", { x: 4, y: 6 + line * row, width: width - 8, height: line, rx: 4 }), text, data, grad);
    });
    this.cards.append(svg("g", { class: "card", transform: `translate(${x - width / 2} ${y + RADIUS + 6})` },
      svg("rect", { class: "box", width, height, rx: 8 }), ...rows));
  }

  end(i, other) {
    const column = this.columnOf.get(i);
    const closed = this.closed.has(column);
    const [x, y] = closed ? this.layers.get(column).place : this.at.get(i);
    const [ox, oy] = other;
    const away = Math.hypot(ox - x, oy - y) || 1;
    const edge = closed ? 44 : RADIUS;
    return [x + ((ox - x) * edge) / away, y + ((oy - y) * edge) / away];
  }

  centre(i) {
    const column = this.columnOf.get(i);
    return this.closed.has(column) ? this.layers.get(column).place : this.at.get(i);
  }

  draw(link) {
    const [from, to] = [this.end(link.source, this.centre(link.target)), this.end(link.target, this.centre(link.source))];
    mark(link.line, "d", `M${from.map((n) => n.toFixed(1))}L${to.map((n) => n.toFixed(1))}`);
    const [a, b] = [this.centre(link.source), this.centre(link.target)];
    link.middle = [a[0] + (b[0] - a[0]) * link.share, a[1] + (b[1] - a[1]) * link.share];
    if (!link.text) return;
    const hidden = this.closed.has(this.columnOf.get(link.source)) || this.closed.has(this.columnOf.get(link.target));
    classes(link.text, { hidden });
    classes(link.back, { hidden });
    mark(link.text, "x", link.middle[0].toFixed(1));
    mark(link.text, "y", (link.middle[1] + 4).toFixed(1));
    mark(link.back, "y", (link.middle[1] - 7).toFixed(1));
  }

  update([left, top, right, bottom]) {
    const { graph } = this.app;
    let largest = 0;
    for (const { weight } of this.links) {
      if (weight >= 0 && Number.isFinite(graph.data[weight])) largest = Math.max(largest, Math.abs(graph.data[weight]));
    }
    for (const link of this.links) {
      if (link.weight < 0) continue;
      const size = graph.data[link.weight];
      mark(link.line, "stroke-width", (0.8 + (3 * Math.min(Math.abs(size) / (largest || 1), 1) || 0)).toFixed(1));
      const sign = size < 0 ? "negative" : "positive";
      if (link.sign !== sign) {
        classes(link.line, { negative: sign === "negative", positive: sign === "positive" });
        link.sign = sign;
      }
      if (!link.text) continue;
      const text = short(size);
      if (link.shown !== text) {
        link.shown = text;
        write(link.text, text);
        const width = 7 + 6.2 * text.length;
        mark(link.back, "width", width.toFixed(1));
        mark(link.back, "x", (link.middle[0] - width / 2).toFixed(1));
      }
    }
    for (const [i, parts] of this.nodes) {
      const [x, y] = this.at.get(i);
      if (x - RADIUS > right || y - RADIUS > bottom || x + RADIUS < left || y + RADIUS < top) continue;
      writeNumber(parts.data, this.app.dataText(i));
      if (parts.grad) writeNumber(parts.grad, this.app.gradText(i));
      const states = this.app.states(i);
      for (const name in states) {
        if (parts[name] !== states[name]) parts.element.classList.toggle(name, (parts[name] = states[name]));
      }
    }
    for (const { i, data, grad } of this.rows ?? []) {
      write(data, this.app.dataText(i));
      write(grad, this.app.gradText(i));
    }
  }

  elementOf(i) {
    const home = this.home(i);
    const column = this.columnOf.get(home);
    return this.closed.has(column) ? this.layers.get(column).box : this.nodes.get(home).element;
  }

  /** The line on which an operand's share travels; none inside of a neuron. */
  pathOf(i, k) {
    const operand = this.app.operands(i)[k];
    const link = this.linkOf.get(operand) ?? this.linkOf.get(i);
    if (link && this.home(i) === link.target) return link.line;
    return this.links.find((each) => each.source === this.home(operand) && each.target === this.home(i))?.line ?? null;
  }

  /** Where the numbers of an edge are written: on the weight's, or above the circle that receives. */
  middle(i, k) {
    const operand = this.app.operands(i)[k];
    const link = this.linkOf.get(operand);
    if (link?.weight === operand) {
      const [a, b] = [this.centre(link.source), this.centre(link.target)];
      return link.text ? link.middle : [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    }
    const [x, y] = this.centre(this.home(operand));
    return [x, y - RADIUS - 6, true];
  }

  showWays(edges, nodes) {
    const lit = new Set(edges.map(([i, k]) => this.pathOf(i, k)).filter(Boolean));
    for (const { line } of this.links) classes(line, { way: lit.has(line) });
    const homes = new Set([...nodes].map((i) => this.home(i)));
    for (const [i, parts] of this.nodes) classes(parts.element, { way: homes.has(i) && nodes.has(i) });
  }
}

// The view of all operations: a box for each value, with the operation that made it at its side.

import { beginning, classes, mark, svg, write, writeNumber } from "./dom.js";

const LINE = 17;
const FAR = 0.2;
// How much of a box its operation takes.
const OPERATION = 12;

export class OperationsView {
  constructor(app, layout) {
    this.app = app;
    this.layout = layout;
    this.size = layout.size;
    this.framesBelow = svg("g");
    this.edgesBelow = svg("g");
    this.nodesAbove = svg("g");
    this.chipsAbove = svg("g", { class: "chips", "aria-hidden": "true" });
    this.element = svg("g", { class: "operations" },
      this.framesBelow, this.edgesBelow, this.nodesAbove, this.chipsAbove);
    this.frames = layout.frames.map(([end, x, y, width, height, ...members]) => ({
      end, box: [x, y, width, height], members,
    }));
    this.frameOf = new Map();
    for (const frame of this.frames) for (const i of frame.members) this.frameOf.set(i, frame);
    this.closed = new Set();
    this.nodes = [];
    this.edges = [];
    for (const frame of this.frames) this.addFrame(frame);
    for (let i = 0; i < app.graph.size; i++) this.addNode(i);
    for (let i = 0; i < app.graph.size; i++) this.addEdges(i);
  }

  box(i) {
    return this.layout.boxes.slice(4 * i, 4 * i + 4);
  }

  /** What stands for a value: itself, or the end of the closed frame it is in. */
  home(i) {
    const frame = this.frameOf.get(i);
    return frame && this.closed.has(frame.end) ? frame.end : i;
  }

  /** Left, top, right and bottom of what stands for a value. */
  place(i) {
    const [x, y, width, height] = this.box(this.home(i));
    return [x - 14, y, x + width, y + height];
  }

  addFrame(frame) {
    const [x, y, width, height] = frame.box;
    const name = beginning(this.app.name(frame.end), 23);
    const toggle = svg("g", { class: "toggle", click: () => this.app.toggle(frame.end) },
      svg("title", {}, `collapse or open the steps to ${name}`),
      svg("rect", { x: x + 4, y: y + 3, width: 23 + 7.2 * name.length, height: 16, rx: 4 }),
      svg("text", { x: x + 8, y: y + 15 }, `⊟ ${name}`));
    frame.element = svg("g", { class: "frame" }, svg("rect", { x, y, width, height, rx: 8 }), toggle);
    this.framesBelow.append(frame.element);
  }

  addNode(i) {
    const { graph } = this.app;
    const [x, y, width, height] = this.box(i);
    const kind = graph.kind(i);
    const name = this.app.label(i);
    const begin = kind === "interior" ? OPERATION : 0;
    const middle = (begin + width) / 2;
    let line = 0;
    const baseline = () => 5 + LINE * ++line - 4;
    const text = (className) => svg("text", { class: className, x: middle, y: baseline() });
    const parts = { data: null, grad: null };
    // A button is called by its texts; what has no label is called all the same.
    const children = [svg("rect", { class: "box", width, height, rx: kind === "leaf" ? 9 : 3 })];
    if (!name) children.push(svg("text", { class: "quiet" }, this.app.name(i)));
    if (name) {
      const label = text("label");
      write(label, beginning(name, 21));
      children.push(label);
    }
    children.push(parts.data = text("data"));
    if (kind !== "constant") children.push(parts.grad = text("grad"));
    if (kind === "interior") {
      const symbol = beginning(this.app.symbol(i), 9);
      const wide = Math.max(12, 4 + 3.6 * symbol.length);
      children.push(svg("g", { class: "operation", "aria-hidden": "true" },
        svg("rect", { x: OPERATION - 2 * wide, y: height / 2 - 12, width: 2 * wide, height: 24, rx: 12 }),
        svg("text", { x: OPERATION - wide, y: height / 2 + (symbol.length > 1 ? 4 : 5), class: symbol.length > 1 ? "word" : "" }, symbol)));
    }
    const root = i === graph.size - 1 ? " root" : "";
    parts.element = svg("g", {
      class: `node ${kind}${root}`,
      transform: `translate(${x} ${y})`,
      "data-node": i,
      role: "button",
      tabindex: "-1",
    }, ...children);
    this.nodesAbove.append(parts.element);
    this.nodes.push(parts);
  }

  addEdges(i) {
    const operands = this.app.operands(i);
    this.edges.push(operands.map((_, k) => {
      const path = svg("path", { class: "edge", d: this.layout.edges[i][k], pathLength: 1 });
      this.edgesBelow.append(path);
      return path;
    }));
  }

  /** The curve of an edge as it is now: straight to the box where an end is out of sight. */
  curve(i, k) {
    const operand = this.app.operands(i)[k];
    const [from, to] = [this.home(operand), this.home(i)];
    if (from === operand && to === i) return this.layout.edges[i][k];
    if (from === to) return "";
    const [x0, y0, width, height] = this.box(from);
    const [x1, y1, , below] = this.box(to);
    const start = [x0 + width, y0 + height / 2];
    const end = [x1 - 12, y1 + below / 2];
    const half = (start[0] + end[0]) / 2;
    return `M${start}C${half} ${start[1]} ${half} ${end[1]} ${end}`;
  }

  get openable() {
    return this.frames.map((frame) => frame.end);
  }

  /** The value whose frame, if any, has this value in it. */
  group(i) {
    return this.frameOf.get(i)?.end;
  }

  setClosed(closed) {
    this.closed = new Set(this.openable.filter((end) => closed.has(end)));
    for (const frame of this.frames) {
      const shut = this.closed.has(frame.end);
      classes(frame.element, { shut });
      for (const i of frame.members) {
        classes(this.nodes[i].element, { hidden: shut && i !== frame.end, stack: shut && i === frame.end });
      }
    }
    this.edges.forEach((paths, i) => paths.forEach((path, k) => mark(path, "d", this.curve(i, k))));
  }

  /** Take out of the drawing what is not seen: a large picture is painted in the time of a small one. */
  cull([left, top, right, bottom]) {
    const view = `${left} ${top} ${right} ${bottom}`;
    if (view === this.culled) return;
    this.culled = view;
    const { boxes } = this.layout;
    const outside = (x0, y0, x1, y1) => x0 > right || y0 > bottom || x1 < left || y1 < top;
    this.nodes.forEach((parts, i) => {
      const [x, y] = [boxes[4 * i], boxes[4 * i + 1]];
      const out = outside(x - 30, y, x + boxes[4 * i + 2], y + boxes[4 * i + 3]);
      if (parts.out !== out) parts.element.classList.toggle("out", (parts.out = out));
      this.edges[i].forEach((path, k) => {
        const operand = this.app.operands(i)[k];
        const [x1, y1] = [boxes[4 * operand], boxes[4 * operand + 1]];
        const away = outside(Math.min(x, x1), Math.min(y, y1) - 40, Math.max(x, x1), Math.max(y, y1) + 100);
        if (path.away !== away) path.classList.toggle("out", (path.away = away));
      });
    });
  }

  /** Write the numbers that can be seen and read. */
  update(seen, scale) {
    const far = scale < FAR;
    classes(this.element, { far });
    this.cull(seen);
    this.nodes.forEach((parts, i) => {
      if (parts.out) return;
      if (!far) {
        writeNumber(parts.data, this.app.dataText(i));
        if (parts.grad) writeNumber(parts.grad, this.app.gradText(i));
      }
      const states = this.app.states(i);
      for (const name in states) {
        if (parts[name] !== states[name]) parts.element.classList.toggle(name, (parts[name] = states[name]));
      }
    });
  }

  /** The element to focus for a value. */
  elementOf(i) {
    return this.nodes[this.home(i)].element;
  }

  pathOf(i, k) {
    return this.edges[i][k];
  }

  /** Where the numbers of an edge are written: at the middle of it, or above a place. */
  middle(i, k) {
    const path = this.edges[i][k];
    if (!path.getAttribute("d")) {
      const [left, top, right] = this.place(i);
      return [(left + right) / 2, top - 6, true];
    }
    const { x, y } = path.getPointAtLength(path.getTotalLength() / 2);
    return [x, y];
  }

  showWays(edges, nodes) {
    for (const paths of this.edges) for (const path of paths) path.classList.remove("way");
    for (const [i, k] of edges) this.edges[i][k]?.classList.add("way");
    this.nodes.forEach((parts, i) => classes(parts.element, { way: nodes.has(i) }));
  }
}

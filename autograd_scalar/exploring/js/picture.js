// The picture: the graph in one of its views, which can be moved, walked through by keys, and played.

import { Camera } from "./camera.js";
import { calm, html, saveFile, svg } from "./dom.js";

const READABLE = 0.6;

export class Picture {
  constructor(app) {
    this.app = app;
    this.world = svg("g");
    this.canvas = svg("svg", {
      class: "canvas", role: "group", "aria-label": "the graph; arrow keys go from value to value, Enter explains one",
      click: (event) => this.click(event), keydown: (event) => this.key(event),
    }, this.world);
    const button = (name, text, action) => html("button", { type: "button", "aria-label": name, title: name, click: action }, text);
    this.camera = new Camera(this.canvas, this.world, () => this.update());
    this.element = html("div", { class: "stage" }, this.canvas,
      html("div", { class: "zoom", role: "group", "aria-label": "zoom" },
        button("closer", "+", () => this.camera.zoom(1.3)),
        button("further away", "−", () => this.camera.zoom(1 / 1.3)),
        button("show all", "⤢", () => this.camera.fit(true))));
    this.resizing = new ResizeObserver(() => {
      this.camera.measure();
      if (this.camera.touched) this.update();
      else this.follow();
    });
    this.resizing.observe(this.canvas);
  }

  /** Show a view, and keep its place where it was shown before. */
  show(view) {
    this.view = view;
    this.world.replaceChildren(view.element);
    this.camera.size = view.size;
    this.camera.end = view.place(this.app.graph.size - 1);
    this.camera.fit();
    this.reachable(this.current ?? this.app.graph.size - 1);
  }

  update() {
    if (this.view) this.view.update(this.camera.seen, this.camera.place.scale);
  }

  click(event) {
    if (this.camera.dragged) return;
    const target = event.target.closest("[data-node]");
    if (!target) return;
    const i = Number(target.dataset.node);
    this.reachable(i);
    this.app.select(i);
  }

  // One value can be reached with Tab; arrows go to others.

  reachable(i) {
    if (this.current !== undefined) this.view.elementOf(this.current).setAttribute("tabindex", "-1");
    this.current = i;
    this.view.elementOf(i).setAttribute("tabindex", "0");
  }

  focus(i) {
    this.world.querySelectorAll('[tabindex="0"]').forEach((each) => each.setAttribute("tabindex", "-1"));
    this.reachable(i);
    const element = this.view.elementOf(i);
    element.classList.remove("out");
    element.focus({ preventScroll: true });
    this.camera.show(this.view.place(i), READABLE);
  }

  key(event) {
    const { app } = this;
    const i = this.current;
    const step = (by) => this.other(i, by);
    const moves = {
      ArrowLeft: () => this.along(i, (each) => this.operandsOf(each)),
      ArrowRight: () => this.along(i, (each) => app.graph.users(each).map(([user]) => user)),
      ArrowUp: () => step(-1), ArrowDown: () => step(1),
      Home: () => this.focus(0), End: () => this.focus(app.graph.size - 1),
      Enter: () => app.select(i), " ": () => app.player.playing ? app.player.pause() : app.player.play(),
      "[": () => app.go(app.time - 1), "]": () => app.go(app.time + 1),
      c: () => app.view.group(i) !== undefined && app.toggle(app.view.group(i)),
      "+": () => this.camera.zoom(1.3), "-": () => this.camera.zoom(1 / 1.3), 0: () => this.camera.fit(true),
      Escape: () => app.select(null),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  }

  /** What a value is made of; constants only where there is nothing else. */
  operandsOf(i) {
    const operands = this.app.operands(i);
    const moving = operands.filter((each) => this.app.graph.kind(each) !== "constant");
    return moving.length ? moving : operands;
  }

  /** To the first value along edges that something else in the picture stands for. */
  along(i, next) {
    const met = new Set([i]);
    // What is added on the way is visited too.
    for (const each of met) {
      if (!this.isOne(each, i)) return this.focus(this.view.home(each));
      next(each).forEach((one) => met.add(one));
    }
  }

  /** Whether one circle or box stands for both. */
  isOne(i, j) {
    return this.view.elementOf(i) === this.view.elementOf(j);
  }

  /** The next value, in the order of the graph, that stands for itself. */
  other(i, by) {
    const { size } = this.app.graph;
    let next = i;
    do next += by; while (next >= 0 && next < size && this.isOne(next, i));
    if (next >= 0 && next < size) this.focus(this.view.home(next));
  }

  // The step.

  /** Light the edges of a step and write what travels on them. */
  showStep({ phase, node }, step) {
    const { app, view } = this;
    for (const path of this.lit ?? []) path.classList.remove("active", "back");
    for (const element of this.marked ?? []) element.classList.remove("active", "receives");
    for (const animation of this.flowing ?? []) animation.cancel();
    view.chipsAbove.replaceChildren();
    [this.lit, this.marked, this.flowing] = [[], [], []];
    this.active = undefined;
    if (node === undefined) return;
    const element = view.elementOf(node);
    element.classList.add("active");
    this.marked.push(element);
    const backwards = phase === "backward";
    const taken = [];
    app.operands(node).forEach((operand, k) => {
      const path = view.pathOf(node, k);
      if (backwards && app.graph.kind(operand) === "constant") return;
      if (path) {
        path.classList.add("active");
        path.classList.toggle("back", backwards);
        this.lit.push(path);
        this.flow(path, backwards, k);
      }
      if (!backwards) return;
      const receiver = view.elementOf(operand);
      receiver.classList.add("receives");
      this.marked.push(receiver);
      this.chip(step.contributions[k], operand, view.middle(node, k), taken);
    });
    this.active = node;
    this.camera.show(this.stage(node), this.camera.touched ? 0 : READABLE);
  }

  /** See as much as can be read, and what the step is about. */
  follow() {
    this.camera.fit();
    if (this.active !== undefined) this.camera.show(this.stage(this.active), READABLE);
  }

  /** Where a step happens: the value and its operands, if they can be seen together. */
  stage(node) {
    const places = [node, ...this.app.operands(node)].map((each) => this.view.place(each));
    const end = (side, most) => most(...places.map((place) => place[side]));
    const whole = [end(0, Math.min) - 8, end(1, Math.min) - 40, end(2, Math.max) + 8, end(3, Math.max) + 8];
    const { view, place } = this.camera;
    const scale = Math.max(place.scale, READABLE);
    const fits = (whole[2] - whole[0]) * scale <= view.width && (whole[3] - whole[1]) * scale <= view.height;
    return fits ? whole : places[0];
  }

  /** *partial × incoming adjoint* at the edge. */
  chip({ partial, amount }, operand, [x, y, above], taken) {
    const { app } = this;
    // Where the receiver is no circle or box of its own, its name tells who it is.
    const name = this.view.home(operand) === operand ? [] : [`→ ${app.name(operand)}`];
    const product = [app.few(partial), `× ${app.few(app.standing.step.adjoint)}`, `= ${app.few(amount)}`];
    const lines = [...name, ...(app.hides(operand) ? ["?"] : product)];
    const width = 12 + 6.4 * Math.max(...lines.map((each) => each.length));
    const height = 6 + 14 * lines.length;
    if (above) y -= height / 2;
    // Chips of one step don't lie on one another.
    while (taken.some(([tx, ty]) => Math.abs(tx - x) < width && Math.abs(ty - y) < height)) y += height + 2;
    taken.push([x, y]);
    const chip = svg("g", { class: "chip", transform: `translate(${x} ${y})` },
      svg("rect", { x: -width / 2, y: -height / 2, width, height, rx: 6 }),
      lines.map((text, line) => svg("text", { y: -height / 2 + 14 * (line + 1) }, text)));
    this.view.chipsAbove.append(chip);
    if (!calm()) chip.animate([{ opacity: 0 }, { opacity: 1 }], { duration: app.player.duration / 2, delay: app.player.duration / 3, fill: "backwards" });
  }

  /** A stroke runs along the edge, the way the number goes. */
  flow(path, backwards, k) {
    if (calm()) return;
    const flow = path.cloneNode();
    flow.classList.add("flow");
    path.after(flow);
    const ends = backwards ? [-1, 0] : [1, 0];
    const { duration } = this.app.player;
    const animation = flow.animate(
      [{ strokeDashoffset: ends[0] }, { strokeDashoffset: ends[1] }],
      { duration, delay: backwards ? k * 120 : 0, easing: "ease-in-out", fill: "backwards" });
    this.flowing.push(animation);
    animation.onfinish = animation.oncancel = () => flow.remove();
  }

  // A file.

  /** The picture as a file of its own: all of it, with the styles it has here. */
  save() {
    const [width, height] = this.view.size;
    const sheets = [...(this.canvas.getRootNode().styleSheets ?? []), ...(this.canvas.getRootNode().adoptedStyleSheets ?? [])];
    const rules = sheets.flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText);
    const [x, y] = [-12, -12];
    const copy = svg("svg", { xmlns: "http://www.w3.org/2000/svg", class: "explore picture", viewBox: `${x} ${y} ${width + 24} ${height + 24}`, width: width + 24, height: height + 24 });
    const style = svg("style", {});
    style.textContent = rules.filter((rule) => /\.explore|\.node|\.edge|\.frame|\.chip|\.operation|\.network|\.card|\.toggle|\.hidden/.test(rule)).join("\n");
    // Numbers that were not seen are not written yet.
    this.view.update([-Infinity, -Infinity, Infinity, Infinity], 1);
    const whole = this.view.element.cloneNode(true);
    this.update();
    whole.classList.remove("far");
    copy.append(style, svg("title", {}, this.app.title || this.app.name(this.app.graph.size - 1)), whole);
    saveFile("graph.svg", "image/svg+xml", new XMLSerializer().serializeToString(copy));
  }
}

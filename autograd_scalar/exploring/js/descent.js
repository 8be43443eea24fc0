// Going downhill: gradient steps, the loss they lead to, and the loss around where it is now.

import { html, onNextFrame, write } from "./dom.js";
import { parseNumber, short } from "./numbers.js";
import { alongPlot, lossPlot, spread, surfacePlot } from "./plot.js";

const MOST_LOSSES = 2000;
const EVALUATIONS = 400000;

export class Descent {
  constructor(app) {
    this.app = app;
    const { graph } = app;
    const parameters = graph.inputs.filter((i) => graph.kind(i) === "parameter");
    this.moved = parameters.length ? parameters : graph.inputs;
    this.losses = [graph.data[graph.size - 1]];
    const what = parameters.length ? "the parameters" : "the inputs";
    const option = (i) => html("option", { value: i }, app.name(i));
    const chosen = (name, first) => html("select", { "aria-label": name, change: () => this.drawAround() }, first, graph.inputs.map(option));
    this.rate = html("input", { type: "text", inputmode: "decimal", value: "0.1", size: 5, "aria-label": "learning rate" });
    this.run = html("button", { type: "button", click: () => this.running ? this.stop() : this.start() }, "Run");
    this.first = chosen("along");
    this.second = chosen("and along", html("option", { value: "" }, "—"));
    this.first.value = this.moved[0] ?? "";
    this.lossFigure = html("figure", {});
    this.aroundFigure = html("figure", {});
    this.said = html("p", { class: "said", role: "status" });
    const root = app.name(graph.size - 1);
    this.element = html("section", { class: "descent", "aria-label": "gradient descent" },
      html("div", { class: "heading" }, html("h2", {}, "Go downhill"), html("label", {}, "learning rate ", this.rate),
        html("button", { type: "button", class: "take", title: `move ${what} against their gradients, times the learning rate`, click: () => this.take() }, "Take a gradient step"),
        this.run),
      this.said,
      html("div", { class: "figures" },
        html("div", {}, html("h3", {}, `${root} with each step`), this.lossFigure),
        html("div", {}, html("h3", {}, `${root} along `, this.first, " and ", this.second), this.aroundFigure)));
    this.drawAround = onNextFrame(() => {
      this.drawLosses();
      this.around();
    });
    this.drawAround();
  }

  take() {
    const { app } = this;
    const rate = parseNumber(this.rate.value);
    if (!Number.isFinite(rate)) {
      write(this.said, `the learning rate is a number, not ${this.rate.value}`);
      return this.stop();
    }
    if (app.graph.failure) {
      write(this.said, `no step was taken: there is no value to begin with, ${app.graph.failure.message}`);
      return this.stop();
    }
    this.keepUp();
    const before = app.graph.numbers();
    const loss = app.graph.step(this.moved, rate);
    if (app.graph.failure || !Number.isFinite(loss)) {
      const reason = app.graph.failure?.message ?? "the result is no finite number";
      app.graph.setNumbers(before);
      app.graph.update();
      write(this.said, `no step was taken: ${reason}. A smaller learning rate may help.`);
      return this.stop();
    }
    this.losses.push(loss);
    if (this.losses.length > MOST_LOSSES) this.losses.shift();
    write(this.said, `${app.name(app.graph.size - 1)} ${short(this.losses.at(-2))} → ${short(loss)}`);
    app.refresh();
    this.drawLosses();
  }

  start() {
    this.running = true;
    write(this.run, "Stop");
    const frame = () => {
      if (!this.running) return;
      this.take();
      this.timer = setTimeout(() => requestAnimationFrame(frame), 60);
    };
    frame();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
    write(this.run, "Run");
  }

  restart() {
    this.stop();
    this.losses = [this.app.graph.data[this.app.graph.size - 1]];
    write(this.said, "");
    this.drawLosses();
  }

  drawLosses() {
    this.lossFigure.replaceChildren(lossPlot(this.app.name(this.app.graph.size - 1), this.losses));
  }

  /** After a number was moved by hand, the next step starts from there. */
  keepUp() {
    const { graph } = this.app;
    const loss = graph.data[graph.size - 1];
    this.losses[this.losses.length - 1] = loss;
  }

  update() {
    this.keepUp();
    // Large graphs draw what is around when the numbers rest.
    clearTimeout(this.waiting);
    if (this.app.graph.size * 61 < 20000) this.drawAround();
    else this.waiting = setTimeout(this.drawAround, 150);
  }

  around() {
    const { app } = this;
    const { graph } = app;
    if (!this.first.value) return;
    const [i, j] = [Number(this.first.value), this.second.value === "" ? -1 : Number(this.second.value)];
    const name = app.name(graph.size - 1);
    const hidden = app.asking && [i, j].some((each) => each >= 0 && app.hides(each));
    if (j < 0 || j === i) {
      const xs = spread(app.sliders.range(i), 61);
      const slope = hidden ? NaN : graph.adjoint[i];
      this.aroundFigure.replaceChildren(
        alongPlot(name, app.name(i), xs, graph.along(i, xs), graph.data[i], graph.data[graph.size - 1], slope));
      return;
    }
    const cells = Math.max(8, Math.min(24, Math.floor(Math.sqrt(EVALUATIONS / graph.size))));
    const [xs, ys] = [i, j].map((each) => spread(app.sliders.range(each), cells));
    const slopes = hidden ? [NaN, NaN] : [graph.adjoint[i], graph.adjoint[j]];
    this.aroundFigure.replaceChildren(
      surfacePlot(name, [app.name(i), app.name(j)], xs, ys, graph.surface(i, xs, j, ys), [graph.data[i], graph.data[j]], slopes));
  }
}

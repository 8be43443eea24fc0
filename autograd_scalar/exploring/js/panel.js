// The panel: what happens in this step, and how the gradient that was asked for comes about.

import { fromMarkup, html, write } from "./dom.js";
import { decimal, isRounded, typeset } from "./numbers.js";

const MOST_WAYS = 8;
const MOST_USERS = 12;

export class Panel {
  constructor(app) {
    this.app = app;
    this.step = html("div", { class: "step" });
    this.answer = html("div", { class: "answer" });
    // It may have more than it shows, which keys scroll to.
    this.element = html("aside", { class: "panel", "aria-label": "explanation", tabindex: "0" }, this.step, this.answer);
  }

  update() {
    this.step.replaceChildren(...this.stepBlocks());
    if (this.shown !== this.key()) this.open();
    this.refresh?.();
  }

  key() {
    const { app } = this;
    return [app.selected, app.asking, app.answered.size, app.view.key, app.time < app.timeline.length].join();
  }

  // The step.

  stepBlocks() {
    const { app } = this;
    const { phase, node } = app.timeline.at(app.time);
    if (phase === "forward") return this.forwardBlocks(node);
    if (phase === "backward") return this.backwardBlocks(node);
    if (phase === "start") {
      return [html("h2", {}, "Start"), html("p", {}, "Only the inputs are known. Play computes the values one by one, and then the gradients, from the result back.")];
    }
    return [];
  }

  forwardBlocks(node) {
    const formula = this.app.words.node(node);
    return [
      html("h2", {}, "Forward: ", html("span", { class: "data" }, this.app.name(node))),
      html("p", { class: "formula" }, fromMarkup(formula.html)),
    ];
  }

  backwardBlocks(node) {
    const { app } = this;
    const { step } = app.standing;
    const name = app.name(node);
    const blocks = [
      html("h2", {}, "Back through ", html("span", { class: "data" }, name)),
      html("p", {}, "Its gradient is complete: ", this.number(app.derivative(node), step.adjoint, app.hides(node)), ". Each operand receives the local derivative times this."),
    ];
    step.contributions.forEach((each, k) => {
      if (app.graph.kind(each.parent) === "constant") return;
      const formula = app.words.edge(node, k);
      const receiver = app.name(each.parent);
      const hidden = app.hides(each.parent);
      blocks.push(html("div", { class: "share" },
        html("h3", {}, `→ ${receiver} `, html("small", {}, formula.rule)),
        html("p", { class: "formula" }, fromMarkup(formula.html)),
        hidden
          ? html("p", {}, "What does it receive? ", html("button", { type: "button", click: () => app.select(each.parent) }, "Answer"))
          : html("p", {}, "receives ", this.product([each.partial, step.adjoint], each.amount), ", has ", this.total(each), " so far")));
    });
    return blocks;
  }

  number(name, value, hidden) {
    return html("span", {}, name, hidden ? " = ?" : equals(value), hidden ? "" : html("b", { class: "grad" }, digits(value)));
  }

  product(factors, value) {
    const about = [...factors, value].some((each) => isRounded(each, 6)) ? " ≈ " : " = ";
    return [factors.map(inProduct).join(" × "), about, html("b", { class: "grad" }, digits(value))];
  }

  total({ total }) {
    return html("b", { class: "grad" }, digits(total));
  }

  // The gradient that was asked for.

  open() {
    const { app } = this;
    this.shown = this.key();
    this.refresh = null;
    const i = app.selected;
    if (i == null) return this.answer.replaceChildren(...this.welcome());
    const gradient = html("b", { class: "grad" });
    const value = html("b", { class: "data" });
    const close = html("button", { type: "button", class: "close", "aria-label": "close", title: "close", click: () => app.select(null) }, "✕");
    const blocks = [html("div", { class: "heading" }, html("h2", {}, app.name(i)), close), html("p", { class: "facts" }, "value ", value, app.graph.kind(i) === "constant" ? "" : [", gradient ", gradient])];
    const refreshers = [() => {
      write(value, typeset(app.graph.data[i]));
      write(gradient, app.hides(i) ? "?" : digits(app.graph.adjoint[i]));
    }];
    const group = app.view.group(i);
    if (group !== undefined) {
      const does = app.isClosed(group) ? "Open" : "Close";
      const what = group < 0 ? "its layer" : `the steps inside ${app.name(group)}`;
      blocks.push(html("button", { type: "button", click: () => app.toggle(group) }, `${does} ${what}`));
    }
    if (app.graph.kind(i) === "constant") blocks.push(html("p", {}, "A constant: nothing moves it, so it has no gradient."));
    else if (app.hides(i)) blocks.push(...this.question(i));
    else blocks.push(...this.reasons(i, refreshers));
    this.answer.replaceChildren(...blocks);
    this.refresh = () => refreshers.forEach((each) => each());
  }

  welcome() {
    const { app } = this;
    return [
      html("h2", {}, app.asking ? "Which gradient do you know?" : "Ask why"),
      html("p", {}, app.asking
        ? "Click a value in the picture and type its gradient. What is right stays to be seen."
        : "Click any number to see how its gradient comes about, and on which ways. Drag a slider, and all follows."),
      html("p", { class: "legend" }, html("b", { class: "data" }, "blue"), " is a value, ", html("b", { class: "grad" }, "∂"),
        ` how fast ${app.name(app.graph.size - 1)} changes with it`),
    ];
  }

  question(i) {
    const { app } = this;
    const field = html("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": `your answer for ${app.derivative(i)}` });
    const said = html("p", { class: "said", role: "status" });
    const form = html("form", {
      class: "ask",
      submit: (event) => {
        event.preventDefault();
        const { right, message } = app.words.check(i, field.value);
        said.textContent = message;
        if (right) app.answer(i, message);
      },
    }, html("label", {}, `${app.derivative(i)} = `, field), html("button", {}, "Check"),
    html("button", { type: "button", click: () => app.answer(i, "") }, "Show"));
    setTimeout(() => field.isConnected && field.focus({ preventScroll: true }));
    return [form, said];
  }

  reasons(i, refreshers) {
    const { app } = this;
    const { graph } = app;
    const root = graph.size - 1;
    if (i === root) return [html("p", {}, `${app.name(i)} changes exactly as fast as itself, so the gradient is 1. The backward pass starts here.`)];
    const { count } = graph.ways(i);
    if (count === 0n) return [html("p", {}, `${app.name(root)} does not depend on it.`)];
    const added = count > MOST_WAYS ? this.users(i, count, refreshers) : count > 1 ? this.ways(i, refreshers) : [];
    return [...added, ...this.explained(i, refreshers), ...this.checked(i, refreshers)];
  }

  /** The product along each way, and their sum. */
  ways(i, refreshers) {
    const { app } = this;
    const { graph } = app;
    const list = html("ol", { class: "ways" });
    const paths = graph.paths(i, MOST_WAYS);
    const routes = distinguished(paths.map((path) => path.map(({ node }) => node).reverse().filter((node) => app.isNamed(node))));
    const items = paths.map((path, way) => {
      const links = [...path].reverse();
      const route = [i, ...routes[way], graph.size - 1].map((node) => app.name(node));
      const numbers = html("span", { class: "numbers-of" });
      const edges = links.map(({ node, operand }) => [node, operand]);
      const lit = () => app.lightWays(edges);
      const button = html("button", {
        type: "button", class: "way", title: `way ${way + 1} of ${paths.length}: show it in the picture`,
        click: lit, mouseenter: lit, focus: lit, mouseleave: () => app.lightWays(null), blur: () => app.lightWays(null),
      }, shortened(route).join(" → "));
      list.append(html("li", {}, button, numbers));
      return { links, numbers };
    });
    const sum = html("p", { class: "formula sum" });
    refreshers.push(() => {
      const amounts = items.map(({ links, numbers }) => {
        const factors = this.factors(links);
        const amount = factors.reduce((product, factor) => product * factor, 1);
        const shown = factors.length > 1 ? this.product(factors, amount) : [html("b", { class: "grad" }, digits(amount))];
        numbers.replaceChildren(...shown.flat());
        return amount;
      });
      sum.replaceChildren(`${app.derivative(i)} = `, ...added(amounts, graph.adjoint[i]));
    });
    return [html("h3", {}, `The sum over its ${paths.length} ways to ${app.name(graph.size - 1)}`), list, sum];
  }

  /** The factors of a way from the result back, from one value with a label to the next. */
  factors(links) {
    const { app } = this;
    const factors = [];
    let product = 1;
    for (const { node, operand } of links) {
      product *= app.graph.partials(node)[operand];
      if (!app.isNamed(node) && node !== app.graph.size - 1) continue;
      factors.unshift(product);
      product = 1;
    }
    return factors;
  }

  /** With many ways: what arrives from each value that it goes into. */
  users(i, count, refreshers) {
    const { app } = this;
    const { graph } = app;
    const uses = graph.users(i).filter(([user]) => graph.adjoint[user] !== undefined);
    const list = html("ol", { class: "ways" });
    const items = uses.slice(0, MOST_USERS).map(([user, k]) => {
      const numbers = html("span", { class: "numbers-of" });
      const lit = () => app.lightWays([[user, k]]);
      list.append(html("li", {}, html("button", {
        type: "button", class: "way", click: () => app.select(user), mouseenter: lit, focus: lit,
        mouseleave: () => app.lightWays(null), blur: () => app.lightWays(null),
      }, `from ${app.name(user)}${app.inside(user)}`), numbers));
      return { user, k, numbers };
    });
    const sum = html("p", { class: "formula sum" });
    refreshers.push(() => {
      for (const { user, k, numbers } of items) {
        const partial = graph.partials(user)[k];
        numbers.replaceChildren(...this.product([partial, graph.adjoint[user]], partial * graph.adjoint[user]).flat());
      }
      const amounts = uses.map(([user, k]) => graph.partials(user)[k] * graph.adjoint[user]);
      sum.replaceChildren(`${app.derivative(i)} = `, ...added(amounts, graph.adjoint[i]));
    });
    return [
      html("h3", {}, `It reaches ${app.name(graph.size - 1)} in ${counted(count)} ways`),
      html("p", {}, `They are added up value by value: for each value made from ${app.name(i)}, the local derivative times the gradient of that one, which is known by then.`),
      list,
      uses.length > MOST_USERS && html("p", {}, `… and ${uses.length - MOST_USERS} more`),
      sum,
    ].filter(Boolean);
  }

  /** What `explain` writes, with the numbers as they are. */
  explained(i, refreshers) {
    const { words } = this.app;
    const blocks = html("div", { class: "explained" });
    let shown = "";
    refreshers.push(() => {
      const found = words.explain(i);
      const markup = found.blocks.map((block) => block.html).join("");
      if (markup === shown) return;
      shown = markup;
      blocks.replaceChildren(...fromMarkup(markup));
      if (found.stale) blocks.append(html("p", { class: "said" }, "The formulas are those of the branch that was recorded."));
    });
    return [html("h3", {}, "In formulas"), blocks];
  }

  checked(i, refreshers) {
    const { app } = this;
    if (!app.graph.inputs.includes(i)) return [];
    const line = html("p", { class: "check" });
    refreshers.push(() => {
      const { value, ok, crosses } = app.difference(i);
      if (Number.isNaN(value)) return write(line, "There is no small difference to compare this with.");
      const verdict = crosses ? ", but a branch lies between" : ok ? " ✓" : ": not the same";
      write(line, `Moved a little both ways, ${app.name(app.graph.size - 1)} changes by ${digits(value)} for each 1${verdict}`);
    });
    return [line];
  }
}

function digits(value) {
  return typeset(value, 6);
}

function inProduct(value) {
  return value < 0 || Object.is(value, -0) ? `(${digits(value)})` : digits(value);
}

function equals(value) {
  return isRounded(value, 6) ? " ≈ " : " = ";
}

function added(amounts, value) {
  const total = html("b", { class: "grad" }, digits(value));
  if (amounts.length === 1) return [total];
  const shown = amounts.length > MOST_USERS ? [...amounts.slice(0, MOST_USERS).map(inProduct), "…"] : amounts.map(inProduct);
  const about = amounts.some((each) => isRounded(each, 6)) ? " ≈ " : " = ";
  return [shown.join(" + "), about, total];
}

/** Of the values on several ways, those that tell the ways apart. */
function distinguished(routes) {
  const common = (node) => routes.every((route) => route.includes(node));
  // Of two that always come together, such as a neuron's sum and its output, the second.
  const together = (node, next) => next !== undefined && routes.every((route) => {
    const place = route.indexOf(node);
    return place < 0 ? !route.includes(next) : route[place + 1] === next;
  });
  return routes.map((route) => route.filter((node, k) => !common(node) && !together(node, route[k + 1])));
}

function shortened(route) {
  return route.length <= 7 ? route : [...route.slice(0, 3), "…", ...route.slice(-3)];
}

function counted(count) {
  const text = String(count);
  return text.length < 13 ? Number(count).toLocaleString("en") : `about 10^${text.length - 1}`;
}

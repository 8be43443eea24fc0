/** What is said of a graph: each step in a line, and explanations with the present numbers. */

import { decimal, isRounded, parseNumber, typeset } from "./numbers.js";
import { equation, escaped, hasRounded, sentence } from "./sentences.js";

const DIGITS = 6;
const RATE_DIGITS = 3;
const CLOSE = 0.01;
const MOST_PATHS = 8;
const SHOWN_TERMS = 4;

/**
 * The words for a graph.
 *
 * graph  a `Graph`;  words  what `words_of` of Python's found, or nothing
 */
export class Words {
  #graph;
  #words;
  #kinds = new Map();
  #named;

  constructor(graph, words = {}) {
    this.#graph = graph;
    this.#words = words;
    let k = 0;
    const frozen = new Set(graph.frozen.map(({ node }) => node));
    for (let i = 0; i < graph.size; i += 1) {
      if (graph.kind(i) !== "interior" || frozen.has(i)) continue;
      this.#kinds.set(i, words.kinds?.[words.lines[k++]]);
    }
    this.#named = new Set(words.named);
  }

  #name(i, names = {}) {
    return { name: names[i] ?? this.#graph.typeset[i] };
  }

  #derivative(d, u, v, names = {}) {
    const [above, below] = [u, v].map((i) => this.#name(i, names).name);
    return { derivative: [d, above, below] };
  }

  /** A template of an operation's with the names of its operands put in. */
  #filled(i, [text, markup]) {
    const places = [...this.#graph.operands(i), i].map((j) => this.#graph.typeset[j]);
    const isLarge = [...text.matchAll(/#(\d+);/g)].some(([, k]) => places[k][2] === "");
    const put = (template, part) => template.replace(/#(\d+);/g, (_, k) => part(places[k]));
    const name = ([small, , large]) => (isLarge ? large || small : small);
    return { static: [put(text, name), put(markup, ([, tag]) => tag), ...(isLarge ? [1] : [])] };
  }

  /** The formula of a value: {text, html, says}. */
  node(i) {
    const { data } = this.#graph;
    const kind = this.#kinds.get(i);
    const rows = [{ side: data[i], rounded: isRounded(data[i], DIGITS) }];
    if (kind) rows.unshift({ side: this.#filled(i, kind[0]) });
    const { text, head, cells } = equation(this.#name(i), rows);
    const html = [head, ...cells.map(([sign, side]) => `${sign} ${side}`)].join(" ");
    return { text, html, says: `${text}.` };
  }

  /** The line of a partial by operand k, as `explain` writes it: {rule, text, html}. */
  edge(i, k) {
    const graph = this.#graph;
    const [operand, partial] = graph.edges(i)[k];
    const number = partial ?? 0;
    const kind = this.#kinds.get(i);
    const cases = kind?.[k + 1];
    const line = Array.isArray(cases) ? cases : cases?.[graph.piece(i, k)];
    const [text, markup, rules, shown] = line ?? ["", "", "", 0];
    let rounded = isRounded(number, DIGITS);
    const rows = [];
    if (shown === 1 || (shown === 2 && rounded)) {
      rows.push({ side: this.#filled(i, [text, markup]) });
      const places = new Set([...text.matchAll(/#(\d+);/g)].map(([, place]) => Number(place)));
      const here = [...graph.operands(i), i].filter((_, place) => places.has(place));
      const several = new Set(here).size > 1;
      rounded ||= several && here.some((j) => isRounded(graph.data[j], DIGITS));
    }
    rows.push({ side: number, rounded, says: rules });
    const made = equation(this.#derivative("∂", i, operand), rows);
    const html = [made.head, ...made.cells.map(([sign, side]) => `${sign} ${side}`)].join(" ");
    return { rule: rules, text: made.text, html };
  }

  /** A step of the backward pass in words, of `graph.steps()`. */
  step({ node, adjoint, contributions }) {
    const { shown } = this.#graph;
    const root = shown[this.#graph.size - 1];
    const number = (x) => typeset(x, DIGITS);
    const opening =
      node === this.#graph.size - 1
        ? `${root} changes exactly as fast as itself: ${number(adjoint)}.`
        : `${root} changes ${number(adjoint)} times as fast as ${shown[node]}.`;
    const passed = contributions
      .filter(({ parent }) => this.#graph.kind(parent) !== "constant")
      .map(({ parent, partial, amount, total }) => {
        const { rule } = this.edge(node, this.#place(node, contributions, parent, total));
        const named = rule ? `, ${rule.split(";")[0]}` : "";
        const product = `${number(adjoint)} times ${number(partial)} is ${number(amount)}`;
        const soFar = total === amount ? "" : `, ${number(total)} so far`;
        return `${shown[parent]} receives ${product}${soFar}${named}.`;
      });
    return [opening, ...passed].join(" ");
  }

  #place(node, contributions, parent, total) {
    return contributions.findIndex((each) => each.parent === parent && each.total === total);
  }

  /**
   * Why a derivative is what it is: {title, blocks: [{kind, html, text}], stale}.
   *
   * stale  whether the numbers have been changed so that formulas may be of another branch
   */
  explain(i) {
    const graph = this.#graph;
    const found = this.#words.explained?.[i];
    const names = found?.names ?? {};
    const { nodes } = graph.ways(i);
    const changed = graph.changed();
    const isOther = ({ kind, node }) => kind === "branch" && nodes.has(node);
    const others = new Set(changed.filter(isOther).map(({ node }) => node));
    const blocks = found
      ? found.blocks
          .filter(([kind]) => kind !== "q" || graph.isRecorded)
          .map((block) => this.#block(block, i, names, others))
      : this.#sumOverUsers(i);
    const title = `${this.#graph.shown[graph.size - 1]} by ${this.#graph.shown[i]}`;
    for (const pieces of [this.#meaning(i, found, names), this.#moved(i, found, names)]) {
      if (pieces.length) blocks.push(paragraph(pieces));
    }
    return { title, blocks, stale: changed.length > 0 };
  }

  /** A block; of formulas in which `others` take another branch, the numbers only. */
  #block([kind, ...parts], i, names, others) {
    const tree = (each) => this.#tree(each, i, names);
    const pieces = (list) => this.#related(list.map((each) => (isText(each) ? each : tree(each))));
    const sides = (left, rows, isOther) => {
      const kept = rows.filter(([side], k) => !isOther || side[0] !== "s" || !rows[k + 1]);
      return equation(tree(left), this.#rows(kept, tree));
    };
    switch (kind) {
      case "l":
        return listing(parts[0].map(pieces));
      case "m":
        return lines(
          parts[0].map(([left, rows]) => {
            const through = this.#between(left[1], i);
            return sides(left, rows, through.some((j) => others.has(j)));
          }),
        );
      case "e":
        return lines([sides(...parts, others.size > 0)], true);
      default:
        return paragraph(pieces(parts[0]));
    }
  }

  /** A sentence whose sign of equality says whether its numbers, as they are now, are rounded. */
  #related(pieces) {
    if (this.#graph.isRecorded) return pieces;
    const sign = pieces.some((each) => !isText(each) && hasRounded(each)) ? "≈" : "=";
    return pieces.map((each) => (/^ [=≈]\u00a0$/.test(each) ? ` ${sign}\u00a0` : each));
  }

  /** Sides with their numbers; whether they are rounded follows the numbers. */
  #rows(rows, tree) {
    let before = false;
    return rows.map(([side, flag, says]) => {
      const made = tree(side);
      before ||= hasRounded(made);
      return { side: made, rounded: this.#graph.isRecorded ? Boolean(flag) : before, says };
    });
  }

  #tree(tree, i, names) {
    if (typeof tree === "number") return tree;
    const [kind, ...parts] = tree;
    const all = () => parts.map((each) => this.#tree(each, i, names));
    switch (kind) {
      case "s":
        return { static: this.#words.static[parts[0]] };
      case "n":
        return this.#name(parts[0], names);
      case "∂":
      case "D":
        return this.#derivative(kind === "D" ? "d" : kind, ...parts, names);
      case "·":
        return { product: all() };
      case "+":
        return { sum: all() };
      case "…":
        return { more: parts[0] };
      default:
        return this.#number(tree, i);
    }
  }

  /** The number that a recipe makes. */
  #number(recipe, i) {
    if (typeof recipe === "number") return recipe;
    const [kind, ...parts] = recipe;
    if (kind === "a") return this.#graph.adjoint[parts[0]];
    if (kind === "f") return this.factor(parts[0], parts[1], i) ?? 0;
    if (kind === "-") return -this.#number(parts[0], i);
    // Where nothing is passed on, it is 0 whatever the others are.
    const isLink = (each) => Array.isArray(each) && each[0] === "f";
    if (parts.some((each) => isLink(each) && this.factor(each[1], each[2], i) === null)) return 0;
    return parts.map((each) => this.#number(each, i)).reduce((product, each) => product * each);
  }

  /** A named value, and those without a name that it is computed from. */
  #between(of, explained) {
    const found = [of];
    for (const j of found) {
      for (const operand of this.#graph.operands(j)) {
        const isNamed = this.#named.has(operand) || operand === explained;
        if (!isNamed && !found.includes(operand)) found.push(operand);
      }
    }
    return found;
  }

  /** The partial of one named value by another, through those without a name; null for none. */
  factor(of, by, explained) {
    const isNamed = (j) => this.#named.has(j) || j === explained;
    let found = null;
    const pending = [[of, 1]];
    while (pending.length) {
      const [j, adjoint] = pending.pop();
      if (j === of || !isNamed(j)) {
        for (const [parent, partial] of this.#graph.edges(j).reverse()) {
          const unknown = adjoint === null || partial === null;
          pending.push([parent, unknown ? null : adjoint * partial]);
        }
      } else if (j === by && adjoint !== null) {
        found = (found ?? 0) + adjoint;
      }
    }
    return found;
  }

  /** The derivative as the sum over the values that use one. */
  #sumOverUsers(i) {
    const graph = this.#graph;
    const root = graph.size - 1;
    const left = this.#derivative("∂", root, i);
    const terms = graph.users(i).map(([user, k]) => [user, graph.edges(user)[k][1] ?? 0]);
    if (i === root) return [lines([equation(left, [{ side: 1 }])])];
    const shown = terms.length <= SHOWN_TERMS ? terms : terms.slice(0, SHOWN_TERMS - 1);
    const more = shown.length < terms.length ? [{ more: terms.length - shown.length }] : [];
    const symbols = shown.map(([user]) => {
      const first = this.#derivative("∂", user, i);
      return user === root ? first : { product: [this.#derivative("∂", root, user), first] };
    });
    const numbers = shown.map(([user, partial]) =>
      user === root ? partial : { product: [graph.adjoint[user], partial] },
    );
    const rows = [
      { side: { sum: [...symbols, ...more] } },
      { side: { sum: [...numbers, ...more] }, rounded: numbers.some(hasRounded) },
    ];
    const value = graph.adjoint[i];
    rows.push({ side: value, rounded: rows[1].rounded || isRounded(value, DIGITS) });
    const details = graph.users(i).slice(0, SHOWN_TERMS).map(([user, k]) => this.edge(user, k));
    return [
      lines([equation(left, rows)]),
      ...details.map(({ text, html }) => ({ kind: "math", text, html: `<p>${html}</p>` })),
    ];
  }

  // What the number means.

  #meaning(i, found, names) {
    const graph = this.#graph;
    const slope = graph.adjoint[i];
    const [x, y] = [this.#name(i, names), this.#name(graph.size - 1, names)];
    if (i === graph.size - 1) return [y, " changes exactly as fast as itself."];
    if (found?.flat && graph.isRecorded) return [];
    if (!Number.isFinite(slope)) return ["The derivative of ", y, " is not finite here."];
    if (slope === 0) {
      if (found?.zero && graph.isRecorded) {
        return found.zero.map((each) => (isText(each) ? each : this.#tree(each, i, names)));
      }
      return ["Zero: a small change of ", x, " hardly changes ", y, "."];
    }
    const [sign, change] = slope < 0 ? ["Negative", "smaller"] : ["Positive", "larger"];
    const pieces = [`${sign}: a larger `, x, " makes ", y, ` ${change}`];
    const isLearned = ["leaf", "parameter"].includes(graph.kind(i));
    if (isLearned) {
      const rate = found?.rate ?? "η";
      const factor = { product: [{ static: [rate, `<mi>${rate}</mi>`] }, slope] };
      pieces.push("; a step of gradient descent is ", { difference: [x, factor] });
    }
    return [...pieces, "."];
  }

  /** What moving a value a little does. */
  #moved(i, found, names) {
    const graph = this.#graph;
    if (i === graph.size - 1) return [];
    const [x, y] = [this.#name(i, names), this.#name(graph.size - 1, names)];
    const [kind, ...ends] = this.#moves(i, found);
    const slope = graph.adjoint[i];
    if (kind === "hidden") {
      return ["Move: a small step of ", x, " changes ", y, " by less than floats can show."];
    }
    const before = graph.data[graph.size - 1];
    const pieces = [];
    ends.forEach((end, k) => {
      const after = graph.moved(i, end);
      const [from, to] = shownMove(graph.data[i], end);
      const [first, last] = shownMove(before, after);
      const rate = (after - before) / (end - graph.data[i]);
      pieces.push(k ? "; " : "Move ", x, ` ${from} → ${to}: `, y, ` ${first} → ${last}, `);
      pieces.push(`${typeset(rate, RATE_DIGITS)} a unit`);
      if (kind !== "smooth") return;
      if (slope === 0 && after !== before) pieces.push(", and less the smaller the step");
      else if (Math.abs(slope) === Infinity) pieces.push(", and more the smaller the step");
    });
    return ends.length ? [...pieces, `; derivative ${typeset(slope, RATE_DIGITS)}.`] : [];
  }

  /** "smooth", "hidden" or "kink", and where the value is moved to. */
  #moves(i, found) {
    const graph = this.#graph;
    if (graph.isRecorded && found) return found.move ?? ["kink"];
    const start = graph.data[i];
    const slope = graph.adjoint[i];
    const before = graph.data[graph.size - 1];
    if (!Number.isFinite(start) || Number.isNaN(slope) || !Number.isFinite(before)) return ["kink"];
    const decade = start === 0 ? 0.1 : 10 ** Math.floor(Math.log10(Math.abs(start)));
    const sides = [];
    for (const sign of [1, -1]) {
      const first = start === 0 || Math.abs(start) >= 2 * decade ? 1 : 2;
      for (let k = first; k < 10; k += 1) {
        const end = Number((start + sign * decade * 10 ** -k).toPrecision(12));
        const rate = (graph.moved(i, end) - before) / (end - start);
        if (Math.abs(rate - slope) <= CLOSE * Math.abs(slope)) return ["smooth", end];
        if (k === first && Number.isFinite(rate)) sides.push(end);
      }
    }
    return ["kink", ...sides];
  }

  // Answers.

  /** What is to be said to a number that was typed for a derivative: {right, message}. */
  check(i, typed) {
    const text = typed.trim();
    if (!text) return { right: null, message: "Your turn." };
    const given = parseNumber(text);
    if (Number.isNaN(given)) return { right: null, message: `${text} is no number.` };
    const right = this.#graph.adjoint[i];
    const places = decimalsOf(text, given);
    const isIt = (number) => isRoundedTo(given, number, places);
    if (isIt(right)) {
      const digits = text.replace(/e.*$/i, "").replace(/[^0-9]/g, "").replace(/^0+(?=\d)/, "");
      const isShort = digits.length < 2 && given !== right;
      if (isShort) return { right: false, message: "That is right to one digit; give two or more." };
      return { right: true, message: "Right." };
    }
    const shown = `Yours is ${typeset(given)}, the derivative is ${typeset(right)}.`;
    return { right: false, message: [shown, ...this.#slip(i, isIt)].join(" ") };
  }

  /** Which of the numbers of the chain rule gave a wrong one, if it can be told. */
  #slip(i, isIt) {
    const graph = this.#graph;
    if (isIt(-graph.adjoint[i])) return ["The sign is wrong."];
    const found = this.#words.explained?.[i];
    const names = found?.names ?? {};
    const paths =
      found?.paths?.map((path) => path.map(([of, by]) => [of, by, this.factor(of, by, i) ?? 0])) ??
      graph
        .paths(i, MOST_PATHS)
        ?.map((path) => path.map((each) => [each.node, each.parent, each.partial ?? 0]));
    if (!paths) return [];
    const product = (path) => path.reduce((amount, [, , partial]) => amount * partial, 1);
    const text = (pieces) => [sentence(pieces).text];
    if (paths.length > 1) {
      const path = paths.find((each) => isIt(product(each)));
      if (!path) return [];
      const way = [...path].reverse().map(([of]) => [" → ", this.#name(of, names)]);
      const ways = `; there are ${paths.length}, and they are added up.`;
      return text(["That is what arrives along one way, ", this.#name(i, names), ...way.flat(), ways]);
    }
    const [path] = paths;
    if (!path || path.length < 2) return [];
    const symbol = ([of, by]) => this.#derivative("∂", of, by, names);
    const missing = path.findIndex((_, k) => isIt(product(path.filter((__, m) => m !== k))));
    if (missing >= 0) {
      return text(["Missing: the factor ", symbol(path[missing]), " = ", path[missing][2], "."]);
    }
    const only = path.find(([, , partial]) => isIt(partial));
    if (only) return text(["That is one factor, ", symbol(only), "; all are multiplied."]);
    if (isIt(path.reduce((sum, [, , partial]) => sum + partial, 0))) {
      return ["Along a way the factors are multiplied, not added."];
    }
    return [];
  }
}

/** The place of the last digit that was typed; none for a fraction. */
function decimalsOf(text, given) {
  const found = /^[+−–-]?\d*(?:[.,](\d*))?(?:e([+-]?\d+))?$/i.exec(text.replace(/\s/g, ""));
  if (!found) return given === 0 ? 0 : 12 - Math.floor(Math.log10(Math.abs(given)));
  return (found[1] ?? "").length - Number(found[2] ?? 0);
}

/** Whether a number is another one rounded to so many decimals. */
function isRoundedTo(given, number, decimals) {
  if (!Number.isFinite(given) || !Number.isFinite(number)) return given === number;
  const half = 0.5 * 10 ** -decimals * (1 + 1e-9);
  const apart = Math.abs(given - number);
  if (apart <= 1e-13 * Math.max(Math.abs(given), Math.abs(number))) return true;
  return apart <= half && (given !== 0 || number === 0);
}

/** Two numbers to as many digits as show their difference. */
function shownMove(before, after) {
  const change = after - before;
  let digits = DIGITS;
  while (digits < 17) {
    const shown = Number(decimal(after, digits)) - Number(decimal(before, digits));
    if (Math.abs(shown - change) <= 0.005 * Math.abs(change)) break;
    digits += 1;
  }
  return [typeset(before, digits), typeset(after, digits)];
}

function isText(piece) {
  return typeof piece === "string";
}

function paragraph(pieces) {
  const { text, html } = sentence(pieces);
  return { kind: "paragraph", text, html: `<p>${html}</p>` };
}

function listing(items) {
  const made = items.map(sentence);
  const html = `<ul>${made.map((each) => `<li>${each.html}</li>`).join("")}</ul>`;
  return { kind: "list", text: made.map(({ text }) => text).join("\n"), html };
}

/** Equations as a table, each in a line, or one with a line for each side. */
function lines(equations, isTall = false) {
  const row = (cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  const rows = equations.flatMap(({ head, cells, says }) => {
    if (isTall) return cells.map(([sign, side], k) => row([k ? "" : head, sign, side]));
    const sides = cells.map(([sign, side]) => `${sign} ${side}`).join(" ");
    return [row([head, sides, `<small>${escaped(says)}</small>`])];
  });
  return {
    kind: "math",
    text: equations.map(({ text }) => text).join("\n"),
    html: `<table>${rows.join("")}</table>`,
  };
}

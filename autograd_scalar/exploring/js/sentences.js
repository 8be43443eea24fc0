/** Sums, products and sentences with numbers in them, as text and as MathML. */

import { isRounded, mathml, typeset } from "./numbers.js";

// How tightly a written piece holds together.
const SUM = 0;
const SIGN = 1;
const TERM = 2;
const ATOM = 5;
const MOST_TERMS = 8;
const MOST_FACTORS = 16;

export function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const TEXT = {
  dot: "·",
  wideDot: " · ",
  plus: " + ",
  minus: " − ",
  sign: "−",
  dots: "…",
  fence: (text) => `(${text})`,
  number: typeset,
  figure: (text) => (text.includes("·10") ? TERM : ATOM),
  name: ([small, , large], useSmall) => (useSmall ? small : large || small),
  derivative: (d, u, v) => `${d}${u}/${d}${v}`,
  more: (words) => ` ${words}`,
  static: ([text]) => text,
};

const MATHML = {
  dot: "<mo>·</mo>",
  wideDot: "<mo>·</mo>",
  plus: "<mo>+</mo>",
  minus: "<mo>−</mo>",
  sign: "<mo form='prefix'>−</mo>",
  dots: "<mo>…</mo>",
  fence: (text) => `<mrow><mo>(</mo>${text}<mo>)</mo></mrow>`,
  number: mathml,
  figure: (text) => (text.includes("<mn>10</mn>") ? TERM : ATOM),
  name: ([, markup]) => markup,
  derivative: (d, u, v) =>
    `<mfrac><mrow><mo>${d}</mo>${u}</mrow><mrow><mo>${d}</mo>${v}</mrow></mfrac>`,
  more: (words) => ` <mtext>${words}</mtext>`,
  static: ([, markup]) => markup,
};

/**
 * Writes trees: a number; {static: [text, MathML]}; {name: [small, MathML, large]}; {derivative:
 * [d, u, v]} of names; {product: trees}; {sum: trees}; {more: count} terms left out; {difference:
 * [a, b]}.
 */
class Notation {
  constructor(marks, useSmall) {
    this.marks = marks;
    this.useSmall = useSmall;
  }

  write(tree) {
    return this.set(tree)[0];
  }

  set(tree) {
    const { marks } = this;
    if (typeof tree === "number") {
      const text = marks.number(Math.abs(tree), 6);
      return tree < 0 ? [marks.sign + text, SIGN] : [text, marks.figure(text)];
    }
    if (tree.static) return [marks.static(tree.static), ATOM];
    if (tree.name) return [marks.name(tree.name, this.useSmall), ATOM];
    if (tree.derivative) {
      const [d, ...names] = tree.derivative;
      const [u, v] = names.map((name) => marks.name(name, this.useSmall));
      return [marks.derivative(d, u, v), TERM];
    }
    if (tree.product) return this.product(tree.product);
    if (tree.sum) return this.sum(tree.sum);
    if (tree.difference) {
      const [a, b] = tree.difference.map((each) => this.above(each, TERM));
      return [a + marks.minus + b, SUM];
    }
    const words = `(${tree.more.toLocaleString("en-US")} more terms)`;
    return [marks.dots + marks.more(words), TERM];
  }

  above(tree, level) {
    const [text, tightness] = this.set(tree);
    return tightness >= level ? text : this.marks.fence(text);
  }

  product(factors) {
    const { marks } = this;
    if (factors.length === 1) return this.set(factors[0]);
    if (factors.length > MOST_FACTORS) {
      const ends = [factors.slice(0, MOST_FACTORS / 2), factors.slice(-MOST_FACTORS / 4)];
      const [first, last] = ends.map((each) => this.product(each)[0]);
      return [[first, marks.dots, last].join(marks.wideDot), TERM];
    }
    const areNumbers = factors.every((each) => typeof each === "number");
    const areDigits = factors.every((each) => Number.isInteger(each) && each >= 0 && each < 10);
    const isWide = factors.some((each) => each.derivative) || (areNumbers && !areDigits);
    const first = this.set(factors[0])[1];
    const shown = factors.map((each, i) => this.above(each, i ? TERM : SIGN));
    return [shown.join(isWide ? marks.wideDot : marks.dot), first === SIGN ? SIGN : TERM];
  }

  sum(terms) {
    const { marks } = this;
    const left = terms.length - MOST_TERMS;
    const shown = left > 0 ? [...terms.slice(0, MOST_TERMS), { more: left }] : terms;
    const parts = shown.map((term, i) => {
      const [isNegative, size] = signed(term);
      const text = i || isNegative ? this.above(size, TERM) : this.write(size);
      if (i === 0) return isNegative ? marks.sign + text : text;
      return (isNegative ? marks.minus : marks.plus) + text;
    });
    return [parts.join(""), SUM];
  }
}

/** Whether a term has a sign in front, and the term without it. */
function signed(term) {
  if (typeof term === "number") return [term < 0, Math.abs(term)];
  const first = term.product?.[0];
  if (typeof first !== "number" || first >= 0) return [false, term];
  return [true, { product: [-first, ...term.product.slice(1)] }];
}

/** Whether all names in trees can be written in small scripts. */
function canBeSmall(trees) {
  return trees.every((tree) => {
    if (typeof tree === "number" || typeof tree === "string") return true;
    if (tree.static) return !tree.static[2];
    if (tree.name) return tree.name[2] !== "";
    if (tree.derivative) return tree.derivative.slice(1).every((name) => name[2] !== "");
    return canBeSmall(tree.product ?? tree.sum ?? tree.difference ?? []);
  });
}

function math(markup) {
  return `<math displaystyle="true">${markup}</math>`;
}

/** A sentence of strings and trees: {text, html}. */
export function sentence(pieces) {
  const text = new Notation(TEXT, canBeSmall(pieces));
  const markup = new Notation(MATHML, true);
  return {
    text: pieces.map((each) => (typeof each === "string" ? each : text.write(each))).join(""),
    html: pieces
      .map((each) => (typeof each === "string" ? escaped(each) : math(markup.write(each))))
      .join(""),
  };
}

/** left = side = …, and what is said of it: {text, head, cells, says}. Rows are {side, rounded, says}. */
export function equation(left, rows) {
  const text = new Notation(TEXT, canBeSmall([left, ...rows.map(({ side }) => side)]));
  const markup = new Notation(MATHML, true);
  const relation = ({ rounded }) => (rounded ? "≈" : "=");
  const says = rows.map((row) => row.says).filter(Boolean).join(", ");
  const sides = rows.map((row) => `${relation(row)} ${text.write(row.side)}`);
  const cells = rows.map((row) => [relation(row), math(markup.write(row.side))]);
  return {
    text: [text.write(left), ...sides, ...(says ? [says] : [])].join(" "),
    head: math(markup.write(left)),
    cells,
    says,
  };
}

/** The numbers in a tree. */
export function numbersIn(tree) {
  if (typeof tree === "number") return [tree];
  return (tree.product ?? tree.sum ?? tree.difference ?? []).flatMap(numbersIn);
}

/** Whether a number of a tree is shown rounded. */
export function hasRounded(tree) {
  return numbersIn(tree).some((each) => isRounded(each, 6));
}

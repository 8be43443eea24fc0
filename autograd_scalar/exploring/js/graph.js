/** A recorded program, computed and differentiated again as its numbers change. */

import { repr } from "./numbers.js";
import { pythonProgram, quoted } from "./python.js";

const INPUT = -1;
const PARAMETER = -2;
const CONSTANT = -3;
const COPY = -4;

const SPELLED_NUMBERS = { inf: Infinity, "-inf": -Infinity, nan: NaN };

/**
 * A graph of values, operands before results; the last value is the result.
 *
 * size        how many values it has
 * names       a different name for each
 * shown       the same, typeset: w₃₁
 * mathml      and as MathML
 * typeset     both of these, and the name in large scripts, "" where it has no small ones
 * labels      the labels as they were given, "" for none
 * inputs      the values that may be set: inputs and parameters
 * data        the values' numbers
 * adjoint     how fast the result changes with each
 * operations  the names of the rows that compute them, "" for none
 * evaluation  the values in an order in which they can be computed
 * failure     where Python would raise an exception: {node, message}, else null
 * frozen      values whose numbers can't follow: [{node, message}]
 */
export class Graph {
  #ops;
  #rows;
  #start;
  #operands;
  #partial;
  #detached;
  #frozen;
  #guards;
  #reads;
  #users = null;
  #moving;
  #recorded;
  #pieces;
  #order;
  #below = new Map();

  /** program  what `Program.data` of Python's holds;  rows  of the table, by name */
  constructor(program, rows) {
    const count = program.ops.length;
    this.size = program.n;
    this.data = new Float64Array(count);
    this.adjoint = new Float64Array(this.size);
    this.#ops = program.ops;
    this.operations = program.ops.map((op) => (op >= 0 ? program.rows[op] : ""));
    this.#rows = this.operations.map((name) => rows[name] ?? null);
    this.#detached = new Set(program.detached);
    this.#frozen = new Map(Object.entries(program.frozen ?? {}).map(([i, each]) => [+i, each]));
    this.#guards = program.guards ?? [];
    this.#reads = program.reads ?? [];
    this.#start = new Int32Array(count + 1);
    let numbers = 0;
    for (let i = 0; i < count; i += 1) {
      const op = this.#ops[i];
      if (op < 0 && op > COPY) this.data[i] = spelledNumber(program.data[numbers++]);
      this.#start[i + 1] = this.#start[i] + this.#arity(program, i);
    }
    this.#operands = Int32Array.from(program.operands);
    this.#partial = new Float64Array(this.#operands.length);
    for (const [i, [, partials]] of this.#frozen) {
      partials.forEach((each, k) => (this.#partial[this.#start[i] + k] = spelledNumber(each)));
    }
    this.labels = Array.from({ length: this.size }, (_, i) => program.labels?.[i] ?? "");
    this.names = uniqueNames(this.labels);
    this.typeset = this.names.map((name, i) => program.typeset?.[i] ?? typesetLabel(name));
    this.shown = this.typeset.map(([text]) => text);
    this.mathml = this.typeset.map(([, markup]) => markup);
    this.inputs = [];
    for (let i = 0; i < this.size; i += 1) {
      if (this.#ops[i] === INPUT || this.#ops[i] === PARAMETER) this.inputs.push(i);
    }
    this.#recorded = this.numbers();
    this.#order = this.#evaluationOrder();
    this.evaluation = this.#order.filter((i) => i < this.size);
    this.#moving = this.#whatMoves();
    this.frozen = [...this.#frozen.keys()].map((node) => ({
      node,
      message:
        `${this.shown[node]} is ${this.operations[node]}(…), a function outside the table: ` +
        "it stays as recorded",
    }));
    this.failure = null;
    this.update();
    this.#pieces = new Map(this.#withPieces().map((i) => [i, this.#piecesOf(i)]));
  }

  #arity(program, i) {
    const op = program.ops[i];
    if (op === COPY) return 1;
    if (op < 0) return 0;
    return program.arities[op];
  }

  /** "leaf", "parameter", "constant" or "interior". */
  kind(i) {
    const op = this.#ops[i];
    if (op === INPUT) return "leaf";
    if (op === PARAMETER) return "parameter";
    return op === CONSTANT || this.#detached.has(i) ? "constant" : "interior";
  }

  /** The row of the table that computes a value, or null. */
  row(i) {
    return this.#rows[i];
  }

  /** What a value is differentiated by; its operands, in order. */
  operands(i) {
    if (this.#detached.has(i)) return [];
    return [...this.#allOperands(i)];
  }

  /** The edges that use a value: [value, which of its operands]. */
  users(i) {
    if (!this.#users) {
      this.#users = Array.from({ length: this.size }, () => []);
      for (let j = 0; j < this.size; j += 1) {
        this.operands(j).forEach((operand, k) => this.#users[operand].push([j, k]));
      }
    }
    return this.#users[i];
  }

  /** The numbers of `inputs`. */
  numbers() {
    return this.inputs.map((i) => this.data[i]);
  }

  /** Set the numbers of `inputs`; `update` computes with them. */
  setNumbers(numbers) {
    this.inputs.forEach((i, k) => (this.data[i] = numbers[k]));
  }

  /** Set an input or a parameter; `update` computes with it. */
  set(i, number) {
    if (this.#ops[i] !== INPUT && this.#ops[i] !== PARAMETER) {
      throw new RangeError(`${this.names[i]} is computed or constant, and can't be set`);
    }
    this.data[i] = number;
  }

  /** Whether the inputs hold the recorded numbers. */
  get isRecorded() {
    return this.inputs.every((i, k) => Object.is(this.data[i], this.#recorded[k]));
  }

  /** Go back to the recorded numbers. */
  reset() {
    this.setNumbers(this.#recorded);
    this.update();
  }

  /** Compute all values and derivatives; of what has no value there are none. */
  update() {
    const fine = this.forward();
    if (fine) this.backward();
    else this.adjoint.fill(NaN);
    return fine;
  }

  /** Compute all values and partials; false where Python would raise an exception. */
  forward() {
    this.failure = null;
    for (const i of this.#order) {
      if (this.#ops[i] < 0 && this.#ops[i] !== COPY) continue;
      const out = this.#valueOf(i, this.data);
      this.data[i] = out;
      if (!Number.isFinite(out) && !this.failure) this.failure = this.#failureOf(i);
      if (i < this.size) this.#setPartials(i);
    }
    return !this.failure;
  }

  #valueOf(i, data) {
    const operands = this.#operands;
    const start = this.#start[i];
    if (this.#ops[i] === COPY) return data[operands[start]];
    if (this.#frozen.has(i)) return spelledNumber(this.#frozen.get(i)[0]);
    const row = this.#rows[i];
    switch (this.#start[i + 1] - start) {
      case 1:
        return row.value(data[operands[start]]);
      case 2:
        return row.value(data[operands[start]], data[operands[start + 1]]);
      default:
        return row.value(...this.#numbersOf(i, data));
    }
  }

  #numbersOf(i, data) {
    return [...this.#allOperands(i)].map((j) => data[j]);
  }

  #setPartials(i) {
    if (this.#frozen.has(i) || this.#detached.has(i)) return;
    const { data } = this;
    const operands = this.#operands;
    const start = this.#start[i];
    const { partials } = this.#rows[i];
    const out = data[i];
    if (partials.length === 1) {
      this.#partial[start] = partials[0](data[operands[start]], out);
    } else if (partials.length === 2) {
      const x = data[operands[start]];
      const y = data[operands[start + 1]];
      this.#partial[start] = partials[0](x, y, out);
      this.#partial[start + 1] = partials[1](x, y, out);
    } else {
      const numbers = this.#numbersOf(i, data);
      partials.forEach((partial, k) => (this.#partial[start + k] = partial(...numbers, out)));
    }
  }

  /** What Python's exception would say, or null where it raises none. */
  #failureOf(i) {
    const row = this.#rows[i];
    const out = this.data[i];
    if (!row || !row.fails) return null;
    const operands = this.#allOperands(i);
    const numbers = this.#numbersOf(i, this.data);
    if (row.fails === "zero divisor") {
      if (numbers.at(-1) !== 0) return null;
    } else if (row.fails === "not finite") {
      const undefinedHere = Number.isNaN(out) && !numbers.some(Number.isNaN);
      const tooLarge = Math.abs(out) === Infinity && numbers.every(Number.isFinite);
      if (!undefinedHere && !tooLarge) return null;
    }
    const inDomain = !row.defined || row.defined(...numbers);
    let problem = "is undefined";
    if (Math.abs(out) === Infinity && inDomain) problem = "overflows a float";
    else if (row.domain) problem = `needs ${row.domain}`;
    const given = numbers.map((number, k) => {
      const label = this.labels[operands[k]];
      return `${row.arguments[k]} = ${repr(number)}${label ? ` (${quoted(label)})` : ""}`;
    });
    return { node: i, message: `${row.name}: ${row.formula} ${problem}, got ${given.join(", ")}` };
  }

  /** The chain rule, from the result to the first value, in the order of Python's sweep. */
  backward(seed = 1) {
    const { adjoint } = this;
    adjoint.fill(0);
    adjoint[this.size - 1] += seed;
    let hasNaN = false;
    for (let i = this.size - 1; i >= 0; i -= 1) {
      if (this.#detached.has(i)) continue;
      const flow = adjoint[i];
      if (Number.isNaN(flow) && this.#ops[i] !== CONSTANT) hasNaN = true;
      for (let e = this.#start[i]; e < this.#start[i + 1]; e += 1) {
        adjoint[this.#operands[e]] += flow * this.#partial[e];
      }
    }
    if (hasNaN) this.#backwardAlongDependences(seed);
  }

  /** The same along the edges that a value depends on: 0 times an infinite partial is no NaN. */
  #backwardAlongDependences(seed) {
    const { adjoint } = this;
    const met = new Uint8Array(this.size);
    adjoint.fill(0);
    adjoint[this.size - 1] = seed;
    met[this.size - 1] = 1;
    for (let i = this.size - 1; i >= 0; i -= 1) {
      if (!met[i]) continue;
      for (const [operand, partial] of this.edges(i)) {
        if (partial === null) continue;
        met[operand] = 1;
        adjoint[operand] += adjoint[i] * partial;
      }
    }
  }

  /** The local derivatives of a value, one for each of its operands. */
  partials(i) {
    if (this.#detached.has(i)) return [];
    return [...this.#partial.subarray(this.#start[i], this.#start[i + 1])];
  }

  /** [operand, partial] of a value; null is one that the value does not depend on here. */
  edges(i) {
    const found = [];
    if (this.#detached.has(i)) return found;
    const start = this.#start[i];
    for (let e = start; e < this.#start[i + 1]; e += 1) {
      const partial = this.#partial[e];
      const vanishes = partial === 0 && this.#vanishes(i, e - start);
      found.push([this.#operands[e], vanishes ? null : partial]);
    }
    return found;
  }

  /** Whether a value's partial by its operand k is written 0 here. */
  #vanishes(i, k) {
    const zero = this.#rows[i]?.zeros[k];
    return Boolean(zero?.(...this.#numbersOf(i, this.data), this.data[i]));
  }

  /**
   * The backward pass, a step for each value in the order it happens.
   *
   * [{node, adjoint, contributions: [{parent, partial, amount, total}]}]: what it passes to each
   * operand, and what that has accumulated so far.
   */
  steps() {
    const soFar = new Float64Array(this.size);
    const found = [];
    for (let node = this.size - 1; node >= 0; node -= 1) {
      const contributions = this.edges(node).map(([parent, partial]) => {
        const amount = partial === null ? 0 : this.adjoint[node] * partial;
        if (partial !== null) soFar[parent] += amount;
        return { parent, partial: partial ?? 0, amount, total: soFar[parent] };
      });
      found.push({ node, adjoint: this.adjoint[node], contributions });
    }
    return found;
  }

  /** The values that a value goes into, in the order of evaluation, itself left out. */
  #goesInto(i) {
    if (!this.#below.has(i)) {
      const reached = new Uint8Array(this.size);
      reached[i] = 1;
      const found = [];
      for (let j = i + 1; j < this.size; j += 1) {
        if (this.operands(j).some((operand) => reached[operand])) {
          reached[j] = 1;
          found.push(j);
        }
      }
      this.#below.set(i, found);
    }
    return this.#below.get(i);
  }

  /** The result with other numbers in some values; `data` is the room it is computed in. */
  #resultWith(nodes, numbers, data, order) {
    nodes.forEach((i, k) => (data[i] = numbers[k]));
    for (const j of order) if (!nodes.includes(j)) data[j] = this.#valueOf(j, data);
    return data[this.size - 1];
  }

  /**
   * The derivative of the result by a value as a difference quotient.
   *
   * {value, error, step, crosses}: how far off it may be, the last step, and whether a kink lies
   * within it; the value is NaN where there is none. Central differences extrapolated to step 0:
   * Ridders, "Accurate computation of F'(x) and F'(x)F''(x)". Far steps can seem to settle too, on
   * several waves of a sine or beyond a pole, so that smaller ones are tried until one agrees with
   * the gradient.
   */
  difference(i) {
    const x = this.data[i];
    const data = this.data.slice();
    const order = this.#goesInto(i);
    let best = { value: NaN, error: Infinity, step: NaN, crosses: false };
    const expected = this.adjoint[i];
    // What can't follow has slopes and no differences.
    if (!Number.isFinite(expected) || order.some((j) => this.#frozen.has(j))) return best;
    const at = (number) => this.#resultWith([i], [number], data, order);
    const slope = (h) => (at(x + h) - at(x - h)) / (x + h - (x - h));
    const rounding = this.#rounding([i, ...order]);
    const agrees = ({ value, error }) => Math.abs(value - expected) <= error;
    const convinces = (found) => agrees(found) && found.error <= Math.abs(expected) / 1000;
    let before = [];
    let step = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(x), 2 ** -20))) - 4);
    const smallest = Math.abs(x) * 2 ** -50;
    for (let k = 0; k < 60 && Number.isFinite(step) && step > smallest; k += 1, step /= 2) {
      if (k >= 14 && agrees(best)) break;
      const row = [slope(step)];
      if (!Number.isFinite(row[0])) {
        before = [];
        continue;
      }
      for (let m = 1, factor = 4; m <= Math.min(before.length, 13); m += 1, factor *= 4) {
        row.push((factor * row[m - 1] - before[m - 1]) / (factor - 1));
        const apart = Math.max(Math.abs(row[m] - row[m - 1]), Math.abs(row[m] - before[m - 1]));
        const found = { value: row[m], error: apart + rounding / step, step, crosses: false };
        const closer = found.error <= best.error;
        const better = convinces(best) ? closer && convinces(found) : closer && k < 14;
        if (better || (convinces(found) && !convinces(best))) best = found;
      }
      const last = row.length - 1;
      const leaves = last > 1 && Math.abs(row[last] - before[last - 1]) > 2 * best.error;
      if (leaves && agrees(best)) break;
      before = row;
    }
    best.crosses = this.#crosses(i, best.step, data, order);
    return best;
  }

  /** How far off the result may be, as the values it is made of are rounded. */
  #rounding(nodes) {
    let most = 0;
    for (const j of nodes) {
      const share = Math.max(2 ** -51 * Math.abs(this.data[j]), Number.MIN_VALUE);
      const passed = share * Math.abs(this.adjoint[j]);
      if (passed > most && Number.isFinite(passed)) most = passed;
    }
    return most;
  }

  /** Whether a step to either side gets to another smooth piece. */
  #crosses(i, step, data, order) {
    if (!Number.isFinite(step)) return false;
    return [step, -step].some((h) => {
      this.#resultWith([i], [this.data[i] + h], data, order);
      return order.some((j) => {
        const changed = this.#changedPieces(j, this.#piecesOf(j), this.#piecesOf(j, data));
        return changed !== null;
      });
    });
  }

  /** The ways from the result to a value: how many, the values on them, and their edges. */
  ways(i) {
    const nodes = new Set([i, ...this.#goesInto(i)]);
    const counts = new Map([[i, 1n]]);
    const edges = [];
    for (const j of this.#goesInto(i)) {
      let count = 0n;
      this.operands(j).forEach((operand, k) => {
        if (!nodes.has(operand)) return;
        edges.push([j, k]);
        count += counts.get(operand);
      });
      counts.set(j, count);
    }
    return { count: counts.get(this.size - 1) ?? 0n, nodes, edges };
  }

  /** Every way from the result to a value, as lists of edges; null where there are too many. */
  paths(i, most = 8) {
    const { count, nodes } = this.ways(i);
    if (count > BigInt(most)) return null;
    const found = [];
    const follow = (node, path) => {
      if (node === i) {
        found.push(path);
        return;
      }
      this.edges(node).forEach(([parent, partial], operand) => {
        if (nodes.has(parent)) follow(parent, [...path, { node, operand, parent, partial }]);
      });
    };
    if (count > 0n) follow(this.size - 1, []);
    return found;
  }

  /** Which case the formula of a partial by operand k is in, 0 where there is but one. */
  piece(i, k) {
    return this.#piecesOf(i)?.[k + 1][0] ?? 0;
  }

  #withPieces() {
    return this.#order.filter((i) => this.#rows[i]?.pieces && this.#moving[i] && i < this.size);
  }

  #piecesOf(i, data = this.data) {
    return this.#rows[i]?.pieces?.(...this.#numbersOf(i, data), data[i]) ?? null;
  }

  /** Which of a value's pieces are others now: 0 its own, k its partial by operand k - 1; or null. */
  #changedPieces(i, before, now) {
    if (!before || !now) return null;
    const differ = (k) => now[k].some((each, m) => !Object.is(each, before[k][m]));
    if (differ(0)) return 0;
    const operands = this.#allOperands(i);
    for (let k = 0; k < operands.length; k += 1) {
      if (this.#moving[operands[k]] && differ(k + 1)) return k + 1;
    }
    return null;
  }

  /**
   * What comes out otherwise than in the recorded program, in words.
   *
   * [{kind, node, message, …}]: "guard", a question of the program, with its line; "branch", a
   * row with another branch; "frozen", a number that should have changed; "read", a line that took
   * a number out of the program.
   */
  changed() {
    const found = [];
    for (const guard of this.#guards) {
      const now = this.data[guard.node] !== 0;
      if (now !== guard.answer) {
        const spelled = (answer) => (answer ? "True" : "False");
        const where = `line ${guard.line} of ${guard.file}, ${guard.source}`;
        const message =
          `${where}: the answer was ${spelled(guard.answer)} and would be ${spelled(now)}, so ` +
          "the program would go another way; what is shown still goes the recorded one";
        found.push({ kind: "guard", ...guard, message });
      }
    }
    for (const [node, before] of this.#pieces) {
      if (this.#changedPieces(node, before, this.#piecesOf(node)) !== null) {
        const name = this.operations[node];
        const operands = this.#numbersOf(node, this.data).map(repr).join(", ");
        const message = `${name}(${operands}) takes another branch than the recorded numbers did`;
        found.push({ kind: "branch", node, message });
      }
    }
    if (!this.isRecorded) {
      for (const each of this.frozen) {
        if (this.#moving[each.node]) found.push({ kind: "frozen", ...each });
      }
      for (const read of this.#reads) {
        const where = `line ${read.line} of ${read.file}, ${read.source}`;
        const message = `${where}: ${read.how} took a number out, which stays as recorded`;
        found.push({ kind: "read", ...read, message });
      }
    }
    return found;
  }

  /** Which values may change with the inputs. */
  #whatMoves() {
    const moving = new Uint8Array(this.#ops.length);
    for (const i of this.#order) {
      const operands = this.#allOperands(i);
      const isInput = this.#ops[i] === INPUT || this.#ops[i] === PARAMETER;
      moving[i] = isInput || operands.some((j) => moving[j]) ? 1 : 0;
    }
    return moving;
  }

  /** All values, those of questions too, each after its operands. */
  #evaluationOrder() {
    const count = this.#ops.length;
    const order = [];
    const next = Int32Array.from(this.#start.subarray(0, count));
    const done = new Uint8Array(count);
    for (let root = 0; root < count; root += 1) {
      const stack = done[root] ? [] : [root];
      while (stack.length) {
        const i = stack.at(-1);
        if (next[i] < this.#start[i + 1]) {
          const operand = this.#operands[next[i]++];
          if (!done[operand]) stack.push(operand);
        } else {
          stack.pop();
          if (!done[i]) order.push(i);
          done[i] = 1;
        }
      }
    }
    return order;
  }

  /** The result with another number in one value, and in those it goes into. */
  moved(i, number) {
    return this.#resultWith([i], [number], this.data.slice(), this.#goesInto(i));
  }

  /** A step of gradient descent on some inputs; the result after it. */
  step(nodes, rate) {
    for (const i of nodes) this.set(i, this.data[i] - rate * this.adjoint[i]);
    this.update();
    return this.data[this.size - 1];
  }

  /** The result for each of these numbers in place of an input's. */
  along(i, numbers) {
    const data = this.data.slice();
    const order = this.#whatFollows([i]);
    return Float64Array.from(numbers, (x) => this.#resultWith([i], [x], data, order));
  }

  /** The result for these numbers of two inputs, row by row: all of i's for each of j's. */
  surface(i, xs, j, ys) {
    const data = this.data.slice();
    const order = this.#whatFollows([i, j]);
    const found = new Float64Array(xs.length * ys.length);
    ys.forEach((y, row) => {
      xs.forEach((x, column) => {
        found[row * xs.length + column] = this.#resultWith([i, j], [x, y], data, order);
      });
    });
    return found;
  }

  /** The values to compute again when some inputs change, those included that pass nothing on. */
  #whatFollows(nodes) {
    const reached = new Uint8Array(this.#ops.length);
    for (const i of nodes) reached[i] = 1;
    return this.#order.filter((i) => {
      const operands = this.#allOperands(i);
      if (operands.some((each) => reached[each])) reached[i] = 1;
      return reached[i] && !nodes.includes(i);
    });
  }

  /**
   * What is computed, in order, that of questions only as far as values need it.
   *
   * [{node, kind, name, label, row, operands}]; besides those of `kind`, "detached" is computed
   * and nothing is passed on, "copy" is another value detached, "frozen" can't follow.
   */
  entries() {
    const needed = new Set();
    for (const i of [...this.#order].reverse()) {
      if (i < this.size) needed.add(i);
      if (needed.has(i)) this.#allOperands(i).forEach((j) => needed.add(j));
    }
    return this.#order
      .filter((i) => needed.has(i))
      .map((node) => {
        const op = this.#ops[node];
        let kind = node < this.size ? this.kind(node) : "interior";
        if (op === CONSTANT) kind = "constant";
        else if (op === COPY) kind = "copy";
        else if (this.#frozen.has(node)) kind = "frozen";
        else if (this.#detached.has(node)) kind = "detached";
        const name = this.names[node] ?? `q${node}`;
        const label = this.labels[node] ?? "";
        const operands = [...this.#allOperands(node)];
        const operation = this.operations[node];
        return { node, kind, name, label, operation, row: this.#rows[node], operands };
      });
  }

  #allOperands(i) {
    return this.#operands.subarray(this.#start[i], this.#start[i + 1]);
  }

  /** The program in Python, with the numbers as they are now. */
  toPython() {
    return pythonProgram(this);
  }
}

function spelledNumber(spelled) {
  return typeof spelled === "string" ? SPELLED_NUMBERS[spelled] : spelled;
}

/**
 * A word, or one with numbers below and above it: in small scripts, as MathML, in large scripts.
 *
 * w_{31} is w₃₁ and w_31; w_{1,2} has no small scripts.
 */
function typesetLabel(label) {
  const [, letter, several, one, raised = ""] =
    /^([a-z]+|[A-Z]+)(?:_\{([0-9]+(?:,[0-9]+)?)\}|_?([0-9]+))?(\^\([0-9]+\))?$/.exec(label);
  const below = several ?? one;
  if (below === undefined) return [letter, `<mi>${letter}</mi>`, letter];
  const hasComma = below.includes(",");
  const tag = hasComma ? "mi" : "mn";
  const parts = `<mi>${letter}</mi><${tag}>${below}</${tag}>`;
  const above = raised.slice(1);
  const markup = above ? `<msubsup>${parts}<mi>${above}</mi></msubsup>` : `<msub>${parts}</msub>`;
  if (hasComma) return [`${letter}_{${below}}${raised}`, markup, ""];
  const small = [...below].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("");
  const high = [...above.slice(1, -1)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");
  return [letter + small + (above ? `⁽${high}⁾` : ""), markup, `${letter}_${below}${raised}`];
}

/** A different name for each value: its label, x#1 where several share it, y for the result, or v1, v2, … */
export function uniqueNames(labels) {
  const wanted = new Map();
  for (const label of labels) if (label) wanted.set(label, (wanted.get(label) ?? 0) + 1);
  const taken = new Set(wanted.keys());
  const count = new Map();
  let made = 0;
  return labels.map((label, i) => {
    let chosen = label;
    if (label) {
      while (wanted.get(label) > 1 && (chosen === label || taken.has(chosen))) {
        count.set(label, (count.get(label) ?? 0) + 1);
        chosen = `${label}#${count.get(label)}`;
      }
    } else {
      if (i === labels.length - 1) chosen = "y";
      while (!chosen || taken.has(chosen)) chosen = `v${++made}`;
    }
    taken.add(chosen);
    return chosen;
  });
}

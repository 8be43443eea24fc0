// The moments of a run: the values in the order they are computed, then the backward pass.

/**
 * A time is a whole number: at 0 only inputs are known, each value is one later, and then each
 * value's turn in the backward pass. At `length`, one after the last turn, all is done.
 */
export class Timeline {
  constructor(graph) {
    this.graph = graph;
    const computed = (i) => graph.kind(i) === "interior";
    this.forward = [...graph.evaluation].filter((i) => i < graph.size && computed(i));
    this.known = new Int32Array(graph.size);
    this.forward.forEach((i, place) => (this.known[i] = place + 1));
    this.turns = graph.steps().map((step) => step.node).filter(computed);
    this.turn = new Map(this.turns.map((i, place) => [i, place]));
    this.length = this.forward.length + this.turns.length + 1;
    this.final = new Int32Array(graph.size).fill(this.forward.length + 1);
    for (let i = 0; i < graph.size; i++) {
      for (const [user] of graph.users(i)) {
        if (!this.turn.has(user)) continue;
        // Known once the last user has passed its share on; a computed value shows it then too.
        this.final[i] = Math.max(this.final[i], this.forward.length + 1 + this.turn.get(user));
      }
    }
  }

  /** What happens at a time: a value is computed, or passes its gradient on, or nothing yet. */
  at(time) {
    if (time <= 0) return { phase: "start" };
    if (time >= this.length) return { phase: "done" };
    const count = this.forward.length;
    if (time <= count) {
      return { phase: "forward", node: this.forward[time - 1], count: time, of: count };
    }
    const node = this.turns[time - count - 1];
    return { phase: "backward", node, count: time - count, of: this.turns.length };
  }

  /** Gradients as they stand at a time: NaN where nothing has arrived, and the step itself. */
  standing(time) {
    const turns = time - this.forward.length;
    const adjoints = new Float64Array(this.graph.size).fill(NaN);
    let step = null;
    if (turns <= 0) return { adjoints, step };
    const steps = this.graph.steps().filter(({ node }) => this.turn.has(node));
    adjoints[this.turns[0]] = 1;
    for (step of steps.slice(0, turns)) {
      if (Number.isNaN(adjoints[step.node])) adjoints[step.node] = step.adjoint;
      for (const { parent, total } of step.contributions) adjoints[parent] = total;
    }
    return { adjoints, step };
  }
}

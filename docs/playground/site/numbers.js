// The numbers of a formula: each a slider and a field, with the derivative beside it.

/** A number as a reader types it, or NaN. */
function read(text) {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  return plain ? Number(plain) : NaN;
}

/** Where a slider ends: far enough around its number. */
function ends(number) {
  const reach = Math.max(2, 2 * Math.abs(number));
  return Math.abs(number) > 10 ? [Math.min(0, 2 * number), Math.max(0, 2 * number)] : [-reach, reach];
}

export class Numbers {
  #place;
  #rows = new Map();
  #moved;

  /** moved  is told of a name and its new number */
  constructor(place, moved) {
    this.#place = place;
    this.#moved = moved;
  }

  clear() {
    this.#rows.clear();
  }

  /** Shows names with their numbers and derivatives; what is being dragged stays what it is. */
  show(names) {
    const shown = [...this.#rows.keys()];
    if (shown.join("\n") !== names.map((each) => each.name).join("\n") || !shown.length) this.#make(names);
    for (const { name, number, derivative } of names) {
      const { range, field, slope } = this.#rows.get(name);
      slope.innerHTML = derivative;
      if (document.activeElement !== range) range.value = number;
      if (document.activeElement !== field) field.value = String(number);
    }
  }

  #make(names) {
    this.#rows.clear();
    this.#place.replaceChildren();
    if (names.length) this.#place.append(row("head", ["name", "", "number", "derivative"].map(word)));
    for (const each of names) this.#place.append(this.#row(each));
  }

  #row({ name, html, number }) {
    const label = document.createElement("span");
    label.innerHTML = html;
    const range = document.createElement("input");
    const [low, high] = ends(number);
    Object.assign(range, { type: "range", min: low, max: high, step: "any", value: number });
    range.setAttribute("aria-label", name);
    const field = document.createElement("input");
    Object.assign(field, { type: "text", inputMode: "decimal", value: String(number), autocomplete: "off" });
    field.setAttribute("aria-label", `${name} as a number`);
    const slope = document.createElement("span");
    slope.className = "slope";
    range.addEventListener("input", () => {
      // As many digits as a hand can mean.
      const digits = Math.max(0, 3 - Math.floor(Math.log10(high - low)));
      const chosen = Number(Number(range.value).toFixed(digits));
      field.value = String(chosen);
      field.classList.remove("wrong");
      this.#moved(name, chosen);
    });
    field.addEventListener("input", () => {
      const chosen = read(field.value);
      field.classList.toggle("wrong", !Number.isFinite(chosen));
      if (!Number.isFinite(chosen)) return;
      range.min = Math.min(range.min, chosen);
      range.max = Math.max(range.max, chosen);
      range.value = chosen;
      this.#moved(name, chosen);
    });
    this.#rows.set(name, { range, field, slope });
    return row("", [label, range, field, slope]);
  }
}

function row(more, cells) {
  const made = document.createElement("div");
  made.className = `number ${more}`;
  made.append(...cells);
  return made;
}

function word(text) {
  const made = document.createElement("span");
  made.textContent = text;
  return made;
}

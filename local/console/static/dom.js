// Elements, tables and words for what the console shows.

/** An element: `h("td.tight", {title: "..."}, "text", child)`. What is undefined, null or false is left out. */
export function h(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/**
 * A table that can be filled again and again. `columns` are {label, cell(row), style}; `key(row)` tells rows apart. A row
 * stays as it is while its data does, with the focus in it and what was opened.
 */
export function table({ label, columns, key, mark = () => "", empty }) {
  const body = h("tbody", { role: "rowgroup" });
  const heads = columns.map((each) => h(`th${each.style ? `.${each.style}` : ""}`, { scope: "col", role: "columnheader" }, each.label));
  const whole = h("table", { "aria-label": label, role: "table" },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)), body);
  const nothing = h("p.empty", {}, empty);
  const known = new Map();

  function made(row) {
    const cells = columns.map((each) =>
      h(`td${each.style ? `.${each.style}` : ""}`, { role: "cell", "data-label": each.label }, h("div", {}, each.cell(row))));
    return h("tr", { role: "row", class: mark(row), "data-key": key(row) }, cells);
  }

  function fill(rows) {
    const focused = document.activeElement?.closest?.("[data-focus]")?.dataset.focus;
    const wanted = new Set();
    let before = null;
    for (const row of rows) {
      const id = String(key(row));
      const said = JSON.stringify(row);
      wanted.add(id);
      let entry = known.get(id);
      if (!entry || entry.said !== said) {
        const element = made(row);
        entry?.element.replaceWith(element);
        known.set(id, (entry = { said, element }));
      }
      const place = before ? before.nextSibling : body.firstChild;
      if (entry.element !== place) body.insertBefore(entry.element, place);
      before = entry.element;
    }
    for (const [id, entry] of known) {
      if (!wanted.has(id)) { entry.element.remove(); known.delete(id); }
    }
    whole.hidden = rows.length === 0;
    nothing.hidden = rows.length > 0;
    if (focused && !document.activeElement?.closest?.("[data-focus]")) {
      whole.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    }
  }

  fill([]);
  return { element: h("div.card.flush", {}, whole, nothing), fill, body };
}

let fields = 0;

/** A control with its label. */
export function field(words, control, style = "") {
  control.id = `field-${(fields += 1)}`;
  return h(`div.field${style && `.${style}`}`, {}, h("label", { for: control.id }, words), control);
}

export const chip = (words, style = "") => h(`span.chip${style ? `.${style}` : ""}`, {}, words);

/** Replaces what an element has, unless it is the same. */
export function show(element, ...children) {
  const next = h("div", {}, ...children);
  if (next.innerHTML !== element.innerHTML) element.replaceChildren(...next.childNodes);
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const clock = (moment) => CLOCK.format(typeof moment === "number" ? moment * 1000 : new Date(moment));

export function duration(from, to) {
  const seconds = Math.max(0, ((to ? new Date(to) : new Date()) - new Date(from)) / 1000);
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** What an ARN names, and in which account. */
export function short(arn) {
  const parts = (arn ?? "").split(":");
  return parts.length < 6 ? arn ?? "" : parts.slice(5).join(":");
}

const OF_STATUS = { RUNNING: "busy", SUCCEEDED: "good", FAILED: "bad", TIMED_OUT: "bad", ABORTED: "bad" };
const OF_OUTCOME = { drifted: "odd", failed: "bad", "in-progress": "" };

/** The status of an execution, or what it came to. */
export function status(execution) {
  if (execution.status !== "SUCCEEDED") return chip(execution.status.toLowerCase().replace("_", " "), OF_STATUS[execution.status]);
  return chip(execution.outcome || "succeeded", OF_OUTCOME[execution.outcome] ?? "good");
}

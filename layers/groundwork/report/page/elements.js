// Elements with their text. No markup is ever made from data.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((each) => each != null && each !== false));
  return element;
}

function section(name) {
  return document.getElementById(name);
}

function fill(name, ...children) {
  section(name).querySelector(".body").replaceChildren(...children);
}

function hidden(words) {
  return make("span", { class: "hidden" }, words);
}

const SIGNS = { failed: "✕", differs: "▲", working: "…", ready: "●", other: "○" };

function sign(condition) {
  return make("span", { class: `sign ${condition}`, "aria-hidden": "true" }, SIGNS[condition]);
}

// A state: its sign, and the word for it.
function badge(condition, words = CONDITIONS[condition]) {
  return make("span", { class: `badge ${condition}` }, sign(condition), words);
}

function accountButton(account, ...more) {
  return make("button", { type: "button", class: "link account", "data-account": account.id }, account.name, ...more);
}

function detailsButton(account) {
  return make("button", { type: "button", class: "link", "data-account": account.id }, "Details", hidden(` of ${account.name}`));
}

function table(caption, columns, rows, attributes = {}) {
  const heads = columns.map((each) =>
    each instanceof Node ? each : make("th", { scope: "col" }, each),
  );
  return make(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make(
      "table",
      attributes,
      make("caption", { class: "hidden" }, caption),
      make("thead", {}, make("tr", {}, ...heads)),
      make("tbody", {}, ...rows),
    ),
  );
}

function numbersHead(words) {
  return make("th", { scope: "col", class: "figures" }, words);
}

function nothing(words) {
  return make("p", { class: "empty" }, words);
}

// The first of a long list, and a button for the others.
const AT_ONCE = 100;

function firstOf(list, shown, render) {
  if (list.length <= shown) return { part: list, more: null };
  const button = make(
    "button",
    { type: "button", class: "more", onclick: () => render(shown + 10 * AT_ONCE) },
    `Show more of ${list.length.toLocaleString("en")}`,
  );
  return { part: list.slice(0, shown), more: button };
}

// The drawing of a state machine, colored by what became of each state, with its time.

const SVG = "http://www.w3.org/2000/svg";

function machinePicture(run) {
  const drawing = document.getElementById(run.machine)?.content.querySelector("svg");
  if (!drawing || !run.states?.length) return null;
  const picture = document.importNode(drawing, true);
  picture.classList.add("machine");
  const states = new Map(run.states.map((each) => [each.name, each]));
  for (const group of picture.querySelectorAll("g[data-state]")) {
    const state = states.get(group.dataset.state);
    group.classList.add(state ? state.ended : "passed-by");
    if (state && state.seconds >= 0.05) group.append(timeOf(group, state));
  }
  return make(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "The state machine as it was run; the table of states says the same" },
    picture,
  );
}

function timeOf(group, state) {
  const shape = group.querySelector("rect:last-of-type, polygon");
  const at = (name) => Number(shape.getAttribute(name));
  const [left, bottom] = shape.tagName === "rect" ? [at("x"), at("y") + at("height")] : corner(shape);
  const text = document.createElementNS(SVG, "text");
  text.setAttribute("class", "time");
  text.setAttribute("x", left + 6);
  text.setAttribute("y", bottom + 12);
  text.textContent = duration(state.seconds);
  return text;
}

function corner(polygon) {
  const points = polygon.getAttribute("points").split(" ").map((each) => each.split(",").map(Number));
  return [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([, y]) => y))];
}

const ENDED = { succeeded: "ready", failed: "failed", running: "working" };

function statesTable(run) {
  const longest = Math.max(...run.states.map((each) => each.seconds), 0.001);
  const rows = run.states.map((state) => {
    const bar = make("span", { class: `length ${ENDED[state.ended]}`, "aria-hidden": "true" });
    bar.style.inlineSize = `${Math.max(1, (100 * state.seconds) / longest)}%`;
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, state.name),
      make("td", {}, badge(ENDED[state.ended], state.ended)),
      make("td", { class: "figures" }, state.times > 1 ? `${state.times} times` : ""),
      make("td", { class: "figures" }, duration(state.seconds)),
      make("td", { class: "lengths" }, bar),
    );
  });
  return table(`States of ${run.name}`, ["State", "Ended", numbersHead("Entered"), numbersHead("Time"), make("td")], rows, { class: "states" });
}

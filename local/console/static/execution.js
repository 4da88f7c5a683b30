// One execution: the picture of its machine, coloured, and each state with what went in and out.

import { chip, clock, duration, h, pretty, show, status, table } from "./dom.js";
import { brief, columns } from "./executions.js";
import { get, post } from "./server.js";

const COLORS = { running: "busy", retrying: "odd", done: "good", failed: "bad" };
const LEGEND = ["waiting", "running", "retrying", "done", "failed", "skipped"];

/** By state, how it stands: the last time that it was entered counts. */
function standings(execution) {
  return new Map(execution.states.map((state) => [state.name, state.status]));
}

const text = (heading, words) => words != null && words !== "" && h("section.stack", {},
  h("h3", {}, heading), h("pre", { tabindex: "0", role: "region", "aria-label": heading }, pretty(words)));

function attempt(call, number, calls) {
  return h("details", { open: number === calls.length - 1 },
    h("summary", {}, `Attempt ${number + 1}, ${clock(call.began)}, `,
      call.ended ? duration(call.began, call.ended) : "under way", call.error ? `: ${call.error}` : ""),
    h("div.stack", {}, call.cause && h("p.small", {}, call.cause), text("Arguments", call.arguments), text("Result", call.result)));
}

export function execution({ place, say, act }, arn) {
  const head = h("div.head", {}, h("h1", {}, "Execution"));
  const facts = h("dl.facts.card", {});
  const drawing = h("div.machine", { role: "img", tabindex: "0", "aria-label": "The state machine. The table of states says the same in words." });
  const figure = h("figure.card", {}, drawing,
    h("ul.legend", { "aria-label": "Colours" }, LEGEND.map((name) => h("li", {}, h(`i.${name}`, { "aria-hidden": "true" }), name))));
  const detail = h("section.card.stack.stick", { "aria-label": "State" }, h("p.quiet", {}, "Choose a state to see what went in and out."));
  let chosen;
  let drawn;
  let latest;
  let opened;
  const standing = () => JSON.stringify(latest.states.find((each) => each.id === chosen));

  const color = () => {
    const stand = standings(latest);
    const otherwise = latest.status === "RUNNING" ? "waiting" : "skipped";
    for (const box of drawing.querySelectorAll("[data-state]")) {
      box.dataset.status = stand.get(box.dataset.state) ?? otherwise;
      box.classList.toggle("chosen", latest.states.some((each) => each.id === chosen && each.name === box.dataset.state));
    }
    for (const row of states.body.rows) row.classList.toggle("chosen", Number(row.dataset.key) === chosen);
  };

  const open = async () => {
    opened = standing();
    const state = await get("/api/state", { arn, id: chosen });
    show(detail,
      h("h2", { tabindex: "-1" }, state.name),
      h("p", {}, chip(state.status, COLORS[state.status]), ` ${state.kind} `, state.error && h("strong", {}, state.error)),
      state.cause && h("p.small", {}, state.cause),
      text("Input", state.input),
      state.calls.length > 0 && h("section.stack", {}, h("h3", {}, "Attempts"), state.calls.map(attempt)),
      text("Output", state.output));
  };
  const choose = (id) => act(async () => { chosen = id; color(); await open(); detail.querySelector("h2").focus(); });

  const states = table({
    label: "States", key: (row) => row.id, empty: "No state has been entered yet.",
    mark: (row) => (row.status === "failed" ? "bad" : row.status === "retrying" ? "odd" : ""),
    columns: [
      { label: "State", cell: (row) => [
        h("button.link", { type: "button", "data-focus": `state-${row.id}`, onclick: () => choose(row.id) }, row.name),
        row.error ? h("span.under", {}, row.error) : row.outcome ? h("span.under", {}, row.outcome) : ""] },
      { label: "Type", style: "wide", cell: (row) => row.kind },
      { label: "Status", style: "tight", cell: (row) => chip(row.status, COLORS[row.status]) },
      { label: "Entered", style: "tight.wide", cell: (row) => clock(row.entered) },
      { label: "Duration", style: "number", cell: (row) => (row.exited ? duration(row.entered, row.exited) : "") },
      { label: "Attempts", style: "number", cell: (row) => (row.attempts ? String(row.attempts) : "") },
    ],
  });
  const children = table({ label: "Child executions", key: (row) => row.arn, columns, empty: "" });
  const below = h("section.stack", { hidden: true }, h("h2", {}, "Child executions"), children.element);

  drawing.addEventListener("click", (event) => {
    const name = event.target.closest("[data-state]")?.dataset.state;
    const state = name && latest.states.findLast((each) => each.name === name);
    if (state) choose(state.id);
  });

  const draw = async () => {
    drawn = true;
    const svg = await get("/api/picture", { machine: latest.machine });
    figure.hidden = !svg;
    if (!svg) return;
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    parsed.querySelector("title")?.remove();
    parsed.setAttribute("aria-hidden", "true");
    parsed.removeAttribute("aria-labelledby");
    drawing.replaceChildren(document.importNode(parsed, true));
  };

  const again = (mode) => act(async () => {
    const input = JSON.stringify(mode === "plan" ? { accountId: latest.accountId, mode } : { accountId: latest.accountId });
    const started = await post("/api/executions", { machine: place.vending, input });
    say("Started.");
    location.hash = `#/execution/${started.arn}`;
  });

  const fact = (name, value, style = "div") => value && h(style, {}, h("dt", {}, name), h("dd", {}, value));
  const plan = h("section.card.stack", { hidden: true }, h("h2", {}, "Plan"), h("ul", {}));

  return {
    title: "Execution",
    needs: ["histories", "executions"],
    elements: [head, facts, plan, figure, h("div.sides", {}, states.element, detail), below],
    async look() {
      latest = await get("/api/execution", { arn });
      if (!drawn) await draw();
      const subject = latest.accountName || latest.accountId || brief(latest.name);
      const acts = place.vending && latest.accountId && h("div.buttons", {},
        h("button", { type: "button", onclick: () => again("plan") }, "Plan"),
        h("button", { type: "button", onclick: () => again("apply") }, "Apply"));
      if (head.dataset.said !== `${latest.status}${subject}`) {
        head.dataset.said = `${latest.status}${subject}`;
        head.replaceChildren(h("h1", {}, subject), status(latest), acts || "");
      }
      show(facts,
        fact("State machine", latest.machineName), fact("Account", latest.accountId), fact("Mode", latest.mode),
        fact("Started by", latest.trigger), fact("Start", clock(latest.start)),
        fact("Duration", latest.stop ? duration(latest.start, latest.stop) : "running"),
        fact("Error", latest.error, "div.wide"), fact("Cause", latest.cause, "div.wide"), fact("Execution", h("code", {}, latest.arn), "div.wide"));
      plan.hidden = latest.plan.length === 0;
      show(plan.querySelector("ul"), latest.plan.map((line) => h("li", {}, line)));
      states.fill(latest.states);
      children.fill(latest.children);
      below.hidden = latest.children.length === 0;
      color();
      if (chosen !== undefined && standing() !== opened) await open();
    },
  };
}

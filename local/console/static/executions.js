// The executions of every state machine, and starting one.

import { clock, duration, field, h, status, table } from "./dom.js";
import { get, post } from "./server.js";

/** The beginning of a name that nobody reads. */
export const brief = (name) => (name.length > 24 ? `${name.slice(0, 8)}\u2026` : name);

export const columns = [
  { label: "Status", style: "tight", cell: (row) => status(row) },
  { label: "Account", cell: (row) => [
    h("a", { href: `#/execution/${row.arn}`, "data-focus": row.arn }, row.accountName || row.accountId || brief(row.name)),
    row.accountName && row.accountId ? h("span.under", {}, row.accountId) : ""] },
  { label: "State machine", cell: (row) => row.machineName },
  { label: "Mode", cell: (row) => row.mode },
  { label: "Started by", cell: (row) => row.trigger },
  { label: "Start", style: "tight", cell: (row) => clock(row.start) },
  { label: "Duration", style: "number", cell: (row) => (row.stop ? duration(row.start, row.stop) : "running") },
];

export function executions({ place, say, act }) {
  const machine = h("select", { name: "machine" }, place.machines.map((each) => h("option", { value: each.arn }, each.name)));
  const account = h("select", { name: "account" });
  const mode = h("select", { name: "mode" }, h("option", {}, "plan"), h("option", {}, "apply"));
  const input = h("textarea", { name: "input", rows: 1, required: true, spellcheck: "false" });
  const others = new Set([place.rollOut]);

  const suggest = () => {
    account.disabled = machine.value !== place.vending;
    mode.disabled = machine.value !== place.vending && !others.has(machine.value);
    const chosen = mode.value === "plan" || others.has(machine.value) ? { mode: mode.value } : {};
    if (machine.value === place.vending) input.value = JSON.stringify({ accountId: account.value, ...chosen });
    else input.value = others.has(machine.value) ? JSON.stringify(chosen) : "{}";
  };
  for (const each of [machine, account, mode]) each.addEventListener("change", suggest);
  if (place.vending) machine.value = place.vending;

  const start = (event) => {
    event.preventDefault();
    act(async () => {
      const { arn } = await post("/api/executions", { machine: machine.value, input: input.value });
      say("Started.");
      location.hash = `#/execution/${arn}`;
    });
  };

  const list = table({
    label: "Executions", key: (row) => row.arn, columns, empty: "Nothing has been executed yet.",
    mark: (row) => (row.status === "RUNNING" || row.status === "SUCCEEDED" ? "" : "bad"),
  });

  return {
    title: "Executions",
    needs: ["executions", "accounts"],
    elements: [
      h("div.head", {}, h("h1", {}, "Executions")),
      h("form.card.fields", { "aria-label": "Start an execution", onsubmit: start },
        field("State machine", machine), field("Account", account), field("Mode", mode),
        field("Input", input, "wide"), h("button.primary", { type: "submit" }, "Start execution")),
      list.element,
    ],
    async look() {
      const [{ accounts: found, current }, { executions: rows }] = await Promise.all([get("/api/accounts"), get("/api/executions")]);
      const there = found.filter((each) => each.id);
      if (there.map((each) => each.id).join() !== [...account.options].map((each) => each.value).join()) {
        const chosen = account.value;
        account.replaceChildren(...there.map((each) => h("option", { value: each.id }, `${each.name} (${each.id})`)));
        if (there.some((each) => each.id === chosen)) account.value = chosen;
        else suggest();
      }
      list.fill(rows);
      return !current;
    },
  };
}

// The accounts of the organization; asking for one, planning, repairing and breaking one.

import { chip, h, show, status, table } from "./dom.js";
import { get, post } from "./server.js";

const OF_STATE = { ready: "good", failed: "bad", enrolled: "busy", "asked for": "busy" };

/** "a=1, b=2" as an object. */
function tagsOf(text) {
  const pairs = text.split(",").map((pair) => pair.trim()).filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => {
    const [key, ...value] = pair.split("=");
    if (!value.length) throw new Error(`Tags: "${pair}" has no value; write it like cost-center=42`);
    return [key.trim(), value.join("=").trim()];
  }));
}

/** Opens a dialog; `work` is done with its form, which stays open while that fails. */
function ask(dialog, work) {
  const form = dialog.querySelector("form");
  const error = dialog.querySelector(".error");
  error.textContent = "";
  form.onsubmit = async (event) => {
    event.preventDefault();
    try {
      await work(new FormData(form));
      dialog.close();
    } catch (refusal) {
      error.textContent = refusal.message;
    }
  };
  dialog.querySelector("[data-close]").onclick = () => dialog.close();
  dialog.showModal();
}

export function accounts({ place, say, act }) {
  const start = (account, mode) => act(async () => {
    const input = JSON.stringify(mode === "plan" ? { accountId: account.id, mode } : { accountId: account.id });
    const { arn } = await post("/api/executions", { machine: place.vending, input });
    location.hash = `#/execution/${arn}`;
  });

  const request = () => {
    const dialog = document.getElementById("request");
    ask(dialog, async (form) => {
      const given = Object.fromEntries(form);
      await post("/api/requests", { ...given, tags: tagsOf(given.tags) });
      dialog.querySelector("form").reset();
      say(`Asked for ${given.accountName}.`);
    });
  };

  const sabotage = (account) => {
    const dialog = document.getElementById("sabotage");
    dialog.querySelector("h2").textContent = `Sabotage ${account.name}`;
    dialog.querySelector("fieldset").replaceChildren(
      h("legend", {}, "What to break"),
      ...place.sabotages.map((each, number) => h("label.check", {},
        h("input", { type: "radio", name: "name", value: each.name, required: true, checked: number === 0 }), each.words)));
    ask(dialog, async (form) => {
      const { done } = await post("/api/sabotages", { accountId: account.id, name: form.get("name") });
      say(`${account.name}: ${done}.`);
    });
  };

  const actions = (account) => account.id && place.vending && h("div.buttons", {},
    h("button", { type: "button", "data-focus": `plan-${account.id}`, "aria-label": `Plan ${account.name}`, onclick: () => start(account, "plan") }, "Plan"),
    h("button", { type: "button", "data-focus": `apply-${account.id}`, "aria-label": `Apply to ${account.name}`, onclick: () => start(account, "apply") }, "Apply"),
    h("button", { type: "button", "data-focus": `break-${account.id}`, "aria-label": `Sabotage ${account.name}`, onclick: () => sabotage(account) }, "Sabotage"));

  const last = (run) => run && [status(run), " ", h("a", { href: `#/execution/${run.arn}`, "data-focus": `run-${run.arn}` }, run.mode)];

  const list = table({
    label: "Accounts",
    key: (row) => row.email,
    empty: "No account is seen yet.",
    columns: [
      { label: "Account", cell: (row) => [h("strong", {}, row.name), h("span.under", {}, row.id), h("span.under", {}, row.email)] },
      { label: "Kind", cell: (row) => row.kind || "not managed" },
      { label: "Unit", cell: (row) => row.unit || "root" },
      { label: "State", cell: (row) => [chip(row.state || "unknown", OF_STATE[row.state]),
        row.baseline && h("span.under", {}, h("code", {}, row.baseline)),
        row.organizationState && row.organizationState !== "ACTIVE" ? chip(row.organizationState.toLowerCase(), "bad") : ""] },
      { label: "Last execution", cell: (row) => last(row.run) ?? "none" },
      { label: "Actions", cell: (row) => actions(row) ?? "" },
    ],
  });
  const count = h("p.quiet", {});

  return {
    title: "Accounts",
    needs: ["accounts", "executions"],
    elements: [
      h("div.head", {}, h("h1", {}, "Accounts"), count,
        place.vending && h("div.buttons", {}, h("button.primary", { type: "button", onclick: request }, "Request an account"))),
      list.element,
    ],
    async look() {
      const [{ accounts: found, current }, { executions }] = await Promise.all([get("/api/accounts"), get("/api/executions")]);
      const runs = executions.filter((each) => each.machine === place.vending);
      const about = (row) => (run) => run.outcome !== "in-progress" && (run.accountId ? run.accountId === row.id : run.accountName === row.name);
      list.fill(found.map((row) => ({ ...row, run: runs.find(about(row)) })));
      show(count, `${found.filter((row) => row.id).length} in the organization`);
      return !current;
    },
  };
}

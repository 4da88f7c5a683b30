// Events that came to a bus, and calls with the verdict over each.

import { chip, clock, field, h, short, show, table } from "./dom.js";
import { get } from "./server.js";

const SHOWN = [["heeded", "Groundwork's, and those a rule matches"], ["groundwork", "Groundwork's"], ["all", "all"]];

/** A rule by its name in the template, which CloudFormation puts between the stack's name and letters of its own. */
const logical = (rule) => rule.match(/^groundwork-(\w+)-\w+$/)?.[1] ?? rule;

/** An action, which may go on in the next line behind its service. */
const inTwo = (action) => action.split(":").flatMap((part, place) => (place ? [":", h("wbr"), part] : [part]));

/** Which way an event went, as Groundwork sees it. */
function way(told) {
  if (told.event.source === "groundwork" && told.event["detail-type"] !== "Account Requested") return "sent";
  return told.rules.length ? "received" : "no rule";
}

function about(event) {
  const { detail } = event;
  if (event.source === "aws.states") return `${detail.stateMachineArn.split(":").pop()} ${detail.status}`;
  const created = detail.serviceEventDetails?.createAccountStatus;
  return detail.accountName ?? created?.accountId ?? detail.accountId ?? detail["status-details"]?.status ?? "";
}

export function events({ act }) {
  const shown = h("select", { name: "shown" }, SHOWN.map(([value, words]) => h("option", { value }, words)));
  const list = table({
    label: "Events", key: (row) => row.number, mark: (row) => row.answer, empty: "No event has come yet.",
    columns: [
      { label: "Time", style: "tight", cell: (row) => clock(row.event.time) },
      { label: "Event", cell: (row) => [row.answer ? chip(row.event["detail-type"], row.answer) : h("strong", {}, row.event["detail-type"]),
        h("span.under", {}, row.event.source)] },
      { label: "About", cell: (row) => about(row.event) },
      { label: "Direction", style: "tight", cell: way },
      { label: "Rules", cell: (row) => row.rules.map(logical).join(", ") || "none matches" },
      { label: "Detail", style: "detail", cell: (row) => h("details", {}, h("summary", {}, "JSON"),
        h("pre", { tabindex: "0", role: "region", "aria-label": "Event" }, JSON.stringify(row.event, null, 2))) },
    ],
  });
  const count = h("p.quiet", {});
  const view = {
    title: "Events",
    needs: ["events"],
    elements: [h("div.head", {}, h("h1", {}, "Events"), count),
      h("form.fields", { "aria-label": "Filter events" }, field("Show", shown)), list.element],
    async look() {
      const found = await get("/api/events", { shown: shown.value });
      list.fill(found.events);
      show(count, `${found.count} on all buses; the newest ${found.events.length} shown`);
    },
  };
  shown.addEventListener("change", () => act(() => view.look()));
  return view;
}

export function calls({ act }) {
  const account = h("select", { name: "account" }, h("option", { value: "" }, "all accounts"));
  const principal = h("input", { name: "principal", type: "search", placeholder: "part of its ARN", autocomplete: "off" });
  const denied = h("input", { name: "denied", type: "checkbox" });
  const list = table({
    label: "Calls", key: (row) => row.number, mark: (row) => (row.verdict === "denied" ? "bad" : ""), empty: "No such call has been made.",
    columns: [
      { label: "Time", style: "tight", cell: (row) => clock(row.time) },
      { label: "Verdict", style: "words", cell: (row) => [chip(row.verdict, row.verdict === "denied" ? "bad" : "good"),
        row.reason && h("span.under", {}, `by ${row.reason}`.replace("by no ", "no "))] },
      { label: "Action", style: "parts", cell: (row) => [h("code", {}, ...inTwo(row.action)),
        row.operation !== row.action.split(":")[1] && h("span.under", {}, `${row.service} ${row.operation}`)] },
      { label: "Resource", style: "long", cell: (row) => h("code", { title: row.resource }, short(row.resource)) },
      { label: "Principal", style: "long", cell: (row) => [short(row.principal_arn), row.function && h("span.under", {}, row.function)] },
      { label: "Account", style: "tight", cell: (row) => [row.account, h("span.under", {}, row.region)] },
    ],
  });
  const count = h("p.quiet", {});
  const view = {
    title: "Calls",
    needs: ["calls", "accounts"],
    elements: [h("div.head", {}, h("h1", {}, "Calls"), count),
      h("form.fields", { "aria-label": "Filter calls", onsubmit: (event) => event.preventDefault() },
        field("Account", account), field("Principal", principal), h("label.check", {}, denied, "denied only")), list.element],
    async look() {
      const [{ accounts }, found] = await Promise.all([get("/api/accounts"),
        get("/api/calls", { account: account.value, principal: principal.value, ...(denied.checked ? { denied: "1" } : {}) })]);
      const there = accounts.filter((each) => each.id);
      if (there.length !== account.options.length - 1) {
        const chosen = account.value;
        account.replaceChildren(h("option", { value: "" }, "all accounts"),
          ...there.map((each) => h("option", { value: each.id }, `${each.name} (${each.id})`)));
        account.value = chosen;
      }
      list.fill(found.calls);
      show(count, `${found.count} ${denied.checked ? "denied" : "in all"}; the newest ${found.calls.length} shown`);
    },
  };
  for (const each of [account, denied]) each.addEventListener("change", () => act(() => view.look()));
  principal.addEventListener("input", () => act(() => view.look()));
  return view;
}

// What the report is about. Everything here was written by others: it is shown as text, never as markup.

const report = JSON.parse(document.getElementById("data").textContent);

const differences = report.differences.map(([component, severity, words]) => ({ component, severity, words }));

const accounts = report.accounts.map((row) => ({
  unit: "",
  components: {},
  doors: [],
  ...row,
  differences: row.differences.map((place) => differences[place]),
}));
const accountsById = new Map(accounts.map((each) => [each.id, each]));

for (const [place, door] of (report.doors ?? []).entries()) {
  door.place = place;
  for (const id of door.accounts) accountsById.get(id)?.doors.push(door);
}

// A start that was mistyped says nothing of the account that it named.
const failed = new Set(
  (report.failures ?? []).filter((each) => each.error !== "InvalidRequest").map((each) => each.accountId),
);

// How an account is, in one word. The worst first.
const CONDITIONS = {
  failed: "Failed",
  differs: "Differs",
  working: "In progress",
  ready: "Ready",
  other: "Not managed",
};
const WORST_FIRST = Object.keys(CONDITIONS);

function conditionOf(account) {
  const found = Object.values(account.components);
  if (account.state === "failed" || found.includes("failed") || failed.has(account.id)) return "failed";
  if (found.includes("differs")) return "differs";
  if (account.state === "in progress") return "working";
  return account.state === "ready" ? "ready" : "other";
}

for (const account of accounts) account.condition = conditionOf(account);

function countedBy(list, key) {
  const counts = new Map();
  for (const each of list) counts.set(key(each), (counts.get(key(each)) ?? 0) + 1);
  return counts;
}

function isBelow(unit, ancestor) {
  return unit === ancestor || unit.startsWith(`${ancestor}/`);
}

const inOrder = new Intl.Collator("en", { numeric: true }).compare;

const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

function moment(text) {
  const at = new Date(text);
  return text && !Number.isNaN(at.getTime()) ? `${MOMENT.format(at)} UTC` : "";
}

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });

function day(text) {
  return DAY.format(new Date(text));
}

function duration(seconds) {
  if (seconds == null) return "";
  if (seconds < 0.1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function number(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

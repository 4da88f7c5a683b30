// The door map: who enters which accounts, by which role, with MFA or without.

const POWERS = { enters: "Enters", reads: "Reads", writes: "Writes", grants: "Administers" };
const STRONGEST_FIRST = ["grants", "writes", "reads", "enters"];

// A door of IAM Identity Center says nothing of MFA: the settings there decide.
function mfaOf(door) {
  if (door.mfa == null) return make("span", { class: "mfa" }, "MFA by settings");
  return make("span", { class: door.mfa ? "mfa" : "mfa without" }, door.mfa ? "MFA" : "no MFA");
}

function doorChip(door) {
  return make(
    "span",
    { class: `door ${door.power}`, title: `${door.role}${door.by?.length ? `: ${door.by.join(", ")}` : ""}` },
    make("b", {}, POWERS[door.power]),
    mfaOf(door),
    make("span", { class: "role" }, ...breakable(door.role)),
  );
}

// A name may go on in the next line at each of its words: a hyphen is such a place by itself.
function breakable(name) {
  return name.split(/(?<=[a-z/])(?=[A-Z*])/).flatMap((word, place) => (place ? [make("wbr"), word] : [word]));
}

// The strongest door; the others when they are asked for.
function doorCell(open) {
  const [strongest, ...others] = open;
  if (!strongest) return [make("span", { class: "shut" }, "shut")];
  if (!others.length) return [doorChip(strongest)];
  const more = make("details", {}, make("summary", {}, number(others.length, "more role")), ...others.map(doorChip));
  return [doorChip(strongest), more];
}

// Accounts with the same doors are one line: all below a unit where they are all the same, else those of each unit.
function doorLines(unit) {
  const alike = byDoors(unit.all);
  const units = [...unit.units.values()].sort((one, other) => inOrder(one.name, other.name));
  if (alike.length < 2 || !units.length) return alike.map((list) => ({ unit: unit.path, accounts: list }));
  const own = byDoors(unit.own).map((list) => ({ unit: unit.path, accounts: list }));
  return [...own, ...units.flatMap(doorLines)];
}

function byDoors(list) {
  const alike = new Map();
  for (const account of list) {
    const key = account.doors.map((each) => each.place).join(" ");
    if (key && !alike.has(key)) alike.set(key, []);
    alike.get(key)?.push(account);
  }
  return [...alike.values()];
}

function doorPlace(line) {
  const unit = make("span", { class: "subtle" }, line.unit || "Root");
  if (line.accounts.length <= 3) {
    return make("th", { scope: "row" }, ...line.accounts.flatMap((each) => [accountButton(each), make("br")]), unit);
  }
  const details = make("details", {}, make("summary", {}, number(line.accounts.length, "account")));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(accountList(line.accounts, AT_ONCE));
  });
  return make("th", { scope: "row" }, details, unit);
}

function accountList(list, limit) {
  const { part, more } = firstOf(list, limit, (next) => whole.replaceWith(accountList(list, next)));
  const whole = make("ul", { class: "plain" }, ...part.map((each) => make("li", {}, accountButton(each))), more && make("li", {}, more));
  return whole;
}

function drawDoors(list) {
  if (!report.doors) {
    section("doors").hidden = true;
    return;
  }
  const ids = new Set(list.map((account) => account.id));
  const reaching = report.doors.filter((door) => door.accounts.some((id) => ids.has(id)));
  const principals = [...new Set(reaching.map((each) => each.principal))];
  const heads = principals.map((each) => {
    const reached = list.filter((account) => account.doors.some((door) => door.principal === each)).length;
    return make("th", { scope: "col" }, ...breakable(each), make("small", {}, `into ${number(reached, "account")}`));
  });
  const rows = doorLines(unitsOf(list)).map((line) => {
    const cells = principals.map((principal) => {
      const open = line.accounts[0].doors
        .filter((door) => door.principal === principal)
        .sort((one, other) => STRONGEST_FIRST.indexOf(one.power) - STRONGEST_FIRST.indexOf(other.power));
      return make("td", { "data-label": principal }, ...doorCell(open));
    });
    return make("tr", {}, doorPlace(line), ...cells);
  });
  fill(
    "doors",
    ...(report.notes ?? []).map((each) => make("p", { class: "note" }, each)),
    rows.length
      ? table("Doors: accounts by who enters them", ["Account", ...heads], rows, { class: "doors" })
      : nothing("No door leads into the accounts shown."),
  );
}

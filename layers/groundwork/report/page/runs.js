// Recent executions, and one of them in whole.

let chosenRun = null;

function runOutcome(run) {
  const condition = run.ended === "succeeded" && run.outcome === "drifted" ? "differs" : ENDED[run.ended];
  return badge(condition, run.outcome);
}

function runSubject(run) {
  const account = accountsById.get(run.accountId);
  if (account) return accountButton(account);
  if (run.machine.endsWith("roll-out")) return make("b", {}, "Roll-out");
  return make("b", {}, run.accountName || run.accountId || "A request");
}

function runRow(run) {
  const choose = make(
    "button",
    { type: "button", class: "link", "aria-pressed": String(run === chosenRun), onclick: () => chooseRun(run) },
    moment(run.started),
  );
  return make(
    "tr",
    { class: run === chosenRun ? "chosen" : null },
    make("th", { scope: "row" }, run.states?.length ? choose : moment(run.started)),
    make("td", {}, runSubject(run)),
    make("td", {}, runOutcome(run)),
    make("td", {}, run.mode ?? "apply"),
    make("td", { class: "figures" }, duration(run.seconds)),
    make("td", {}, run.link?.startsWith("https://") ? make("a", { href: run.link, rel: "noreferrer" }, "Console") : ""),
  );
}

function chooseRun(run) {
  chosenRun = run;
  drawRuns(shown());
  section("runs").querySelector("[aria-pressed=true]")?.focus();
}

let runsShown = 12;

function drawRuns(list) {
  if (!report.runs) {
    section("runs").hidden = true;
    return;
  }
  const ids = new Set(list.map((each) => each.id));
  const here = isNarrowed() ? report.runs.filter((each) => ids.has(each.accountId)) : report.runs;
  if (!here.includes(chosenRun)) {
    const whole = here.filter((each) => each.states?.length);
    chosenRun = whole.find((each) => each.ended === "failed") ?? whole[0] ?? null;
  }
  if (!here.length) {
    fill("runs", nothing(report.runs.length ? "None of the accounts shown." : "None."));
    return;
  }
  const { part, more } = firstOf(here, runsShown, (next) => {
    runsShown = next;
    drawRuns(shown());
  });
  const columns = ["Started", "Account", "Outcome", "Mode", numbersHead("Took"), make("th", { scope: "col" }, hidden("Link"))];
  const detail = hidden("");
  fill("runs", table("Recent runs", columns, part.map(runRow), { class: "runs" }), more ?? "", chosenRun ? runFigure(chosenRun) : detail);
}

function runFigure(run) {
  const subject = run.machine.endsWith("roll-out") ? "Roll-out" : run.accountName || run.accountId || "A request";
  const about = [subject, moment(run.started), run.outcome].filter(Boolean).join(" · ");
  return make(
    "figure",
    { class: "run" },
    make("figcaption", {}, make("b", {}, about), " ", make("code", {}, run.name)),
    machinePicture(run),
    make("details", { open: true }, make("summary", {}, "States and times"), statesTable(run)),
  );
}

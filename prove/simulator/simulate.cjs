// Asks an IAM evaluator of other people's making. In: a JSON list of its simulations; out: a JSON list of its answers,
// "Allowed", "ImplicitlyDenied" or "ExplicitlyDenied", each with the keys that it had no use for.
const { runSimulation } = require("@cloud-copilot/iam-simulate");
const { readFileSync } = require("node:fs");

async function answer(simulation) {
  const found = await runSimulation(simulation, {});
  if (found.resultType === "error") return { error: JSON.stringify(found.errors) };
  const results = found.resultType === "single" ? [found.result] : found.results;
  return { result: found.overallResult, ignored: results.flatMap((each) => each.ignoredContextKeys ?? []) };
}

async function main() {
  const answers = [];
  for (const simulation of JSON.parse(readFileSync(0, "utf8"))) answers.push(await answer(simulation));
  process.stdout.write(JSON.stringify(answers));
}

main();

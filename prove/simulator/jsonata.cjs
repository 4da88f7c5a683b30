// Asks the reference engine of JSONata, in the version that Step Functions names and in the newest. In: a JSON object of
// `environments`, objects of variables, and `questions`, pairs of an expression and the number of its environment, null for
// none; out: a JSON object with a list of answers for each version, {value} or {failure}.
const { readFileSync } = require("node:fs");
const VERSIONS = { "2.0.6": require("jsonata"), "2.2.2": require("jsonata-newest") };

async function answer(jsonata, expression, variables) {
  try {
    const value = await jsonata(expression).evaluate(undefined, structuredClone(variables));
    const written = JSON.stringify(value);
    return written === undefined ? { failure: "nothing" } : { value: JSON.parse(written) };
  } catch (error) {
    return { failure: String(error.code ?? error.message) };
  }
}

async function main() {
  const { environments, questions } = JSON.parse(readFileSync(0, "utf8"));
  const answers = {};
  for (const [version, jsonata] of Object.entries(VERSIONS)) {
    answers[version] = [];
    for (const [expression, number] of questions)
      answers[version].push(await answer(jsonata, expression, number === null ? {} : environments[number]));
  }
  process.stdout.write(JSON.stringify(answers));
}

main();

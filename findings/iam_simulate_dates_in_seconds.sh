#!/usr/bin/env bash
# iam-simulate: a date in seconds, in a policy, is a day of January 1970.
#
# IAM takes the value of a date operator in words (2026-11-30T00:00:00Z) or in seconds since 1970, and compares either with
# aws:CurrentTime. One would think that an evaluator which parses both gets the same moment: it does, for whole policies and
# for requests in one of the two forms, and every test in one form passes. Beside a date in words, which it reads in
# milliseconds, it takes the seconds as they are: "before the end of 2026" does not hold, "after it" always does.
#
# Seen with @cloud-copilot/iam-simulate 0.1.173 on Node 20 and 24.
set -euo pipefail

VERSION=0.1.173
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --ignore-scripts --no-audit --no-fund "@cloud-copilot/iam-simulate@$VERSION"

cat > ask.cjs <<'NODE'
const { runSimulation } = require("@cloud-copilot/iam-simulate");

async function allowed(before) {
  const statement = {
    Effect: "Allow", Action: "s3:GetObject", Resource: "*",
    Condition: { DateLessThan: { "aws:CurrentTime": before } },
  };
  const said = await runSimulation({
    request: {
      principal: "arn:aws:iam::111111111111:user/ada", action: "s3:GetObject",
      resource: { resource: "arn:aws:s3:::bucket/key", accountId: "111111111111" },
      contextVariables: { "aws:CurrentTime": "2026-11-29T10:00:00Z" },
    },
    identityPolicies: [{ name: "p", policy: { Version: "2012-10-17", Statement: [statement] } }],
    serviceControlPolicies: [], resourceControlPolicies: [],
  }, {});
  return said.overallResult;
}

(async () => {
  const words = "2026-12-31T00:00:00Z";
  const seconds = String(Date.parse(words) / 1000);
  const found = [await allowed(words), await allowed(seconds)];
  console.log(`on 2026-11-29, before ${words}: ${found[0]}; before ${seconds}, the same moment: ${found[1]}`);
  if (found.join() !== "Allowed,ImplicitlyDenied") {
    console.error("the behaviour has changed");
    process.exit(1);
  }
})();
NODE
node ask.cjs

#!/usr/bin/env bash
# iam-simulate: ${*} is the letter * for StringLike, and four letters for StringEquals.
#
# IAM has three variables that are always there, ${*}, ${?} and ${$}, for whoever means the letter and no wildcard. A policy
# that compares a tag with "${*}" should say the same with both operators, the more so with the one that has no wildcards at
# all. The variables are only looked up where wildcards are turned into an expression: StringEquals has none, and compares
# with the text "${*}". Other variables are substituted for both.
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

async function allowed(operator, value) {
  const statement = {
    Effect: "Allow", Action: "s3:GetObject", Resource: "*",
    Condition: { [operator]: { "aws:PrincipalTag/team": value } },
  };
  const said = await runSimulation({
    request: {
      principal: "arn:aws:iam::111111111111:user/ada", action: "s3:GetObject",
      resource: { resource: "arn:aws:s3:::bucket/key", accountId: "111111111111" },
      contextVariables: { "aws:PrincipalTag/team": "*", "aws:PrincipalTag/other": "*" },
    },
    identityPolicies: [{ name: "p", policy: { Version: "2012-10-17", Statement: [statement] } }],
    serviceControlPolicies: [], resourceControlPolicies: [],
  }, {});
  return said.overallResult;
}

(async () => {
  const found = [];
  for (const value of ["${*}", "${aws:PrincipalTag/other}"]) {
    for (const operator of ["StringLike", "StringEquals"]) {
      found.push(await allowed(operator, value));
      console.log(`the tag is *; ${operator} ${value}: ${found.at(-1)}`);
    }
  }
  if (found.join() !== "Allowed,ImplicitlyDenied,Allowed,Allowed") {
    console.error("the behaviour has changed");
    process.exit(1);
  }
})();
NODE
node ask.cjs

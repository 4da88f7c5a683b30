#!/usr/bin/env bash
# sam validate --lint and cfn-lint: the state machine of a SAM template is not looked at.
#
# cfn-lint's rule E3601 reads the definition of an AWS::StepFunctions::StateMachine and finds a StartAt that names no state.
# For an AWS::Serverless::StateMachine it says nothing, whether the definition stands in the template (Definition) or in a
# file (DefinitionUri): SAM's transform makes a text in a Fn::Join of the one and an object of S3 of the other. sam says
# "is a valid SAM Template", and the mistake is found when the stack is deployed. Definitions want a check of their own.
#
# Seen with aws-sam-cli 1.170.0, aws-sam-translator 1.115.0 and cfn-lint 1.58.0, on CPython 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  "aws-sam-cli==1.170.0" "aws-sam-translator==1.115.0" "cfn-lint==1.58.0"
cd "$work"
export SAM_CLI_TELEMETRY=0

machine='{"StartAt": "Nowhere", "States": {"First": {"Type": "Succeed"}}}'
echo "$machine" > machine.asl.json
cat > plain.yaml <<YAML
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/machine
      Definition: $machine
YAML
for property in "Definition: $machine" "DefinitionUri: machine.asl.json"; do
  cat > "${property%%:*}.yaml" <<YAML
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: arn:aws:iam::123456789012:role/machine
      $property
YAML
done

seen() { "$@" 2>&1 || true; }
plain=$(seen venv/bin/cfn-lint plain.yaml)
echo "cfn-lint, AWS::StepFunctions::StateMachine: $(head -n 1 <<< "$plain")"
[[ $plain == *"E3601 Missing 'Next' target 'Nowhere' at /StartAt"* ]] || { echo "the behaviour has changed"; exit 1; }
for template in Definition DefinitionUri; do
  linted=$(seen venv/bin/cfn-lint $template.yaml)
  validated=$(seen venv/bin/sam validate --lint --region us-east-1 -t $template.yaml)
  echo "cfn-lint, $template of SAM: '$linted'; sam validate --lint: ${validated##*/}"
  [[ -z $linted && $validated == *"is a valid SAM Template"* ]] || { echo "the behaviour has changed"; exit 1; }
done

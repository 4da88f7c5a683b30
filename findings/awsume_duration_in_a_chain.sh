#!/usr/bin/env bash
# awsume: `duration_seconds` in the last profile of a chain changes who asks for the role, not only for how long.
#
# A profile whose `source_profile` has a `role_arn` itself is a chain: the first role is entered with the user's key, the
# second with the first role's session. `duration_seconds` says how long a session is to last, one would think, and nothing
# else. With it in the last profile, also as 3600, which is what one gets anyhow, awsume leaves the first role out and asks
# for the second with whatever credentials boto3 finds by default: another user's, where there is a profile `default`.
#
# Seen with awsume 4.5.4 on CPython 3.11. The STS here is a stand-in that lets everybody in, and says who asked.
set -euo pipefail

VERSION=4.5.4
work=$(mktemp -d)
trap 'kill "${sts:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "awsume==$VERSION"

cat > "$work/sts.py" <<'PYTHON'
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

ANSWER = """<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result><Credentials>
<AccessKeyId>{1}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::111111111111:{2}</Arn>
<AssumedRoleId>AROA:me</AssumedRoleId></AssumedRoleUser></{0}Result></{0}Response>"""


class Sts(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        key = self.headers["Authorization"].split("Credential=")[1].split("/")[0]
        role = asked["RoleArn"][0].rpartition("/")[2]
        with open(sys.argv[1], "a") as told:
            print(f"{role} asked for with {key}", file=told)
        body = ANSWER.format(asked["Action"][0], f"SESSIONOF{role.upper()}", role).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Sts)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON

mkdir -p "$work/home/.aws"
cat > "$work/home/.aws/credentials" <<'INI'
[default]
aws_access_key_id = KEYOFANOTHERUSER
aws_secret_access_key = secret
[me]
aws_access_key_id = KEYOFME
aws_secret_access_key = secret
INI
cat > "$work/home/.aws/config" <<'INI'
[profile first]
role_arn = arn:aws:iam::111111111111:role/first
source_profile = me
[profile second]
role_arn = arn:aws:iam::111111111111:role/second
source_profile = first
[profile second-for-an-hour]
role_arn = arn:aws:iam::111111111111:role/second
source_profile = first
duration_seconds = 3600
INI

"$work/venv/bin/python" "$work/sts.py" "$work/asked" > "$work/port" &
sts=$!
until [ -s "$work/port" ]; do sleep 0.1; done
address="http://127.0.0.1:$(cat "$work/port")"

for profile in second second-for-an-hour; do
  : > "$work/asked"
  env -i PATH="$work/venv/bin:$PATH" HOME="$work/home" AWS_DEFAULT_REGION=us-east-1 AWS_ENDPOINT_URL="$address" \
    AWS_EC2_METADATA_DISABLED=true bash -c ". awsume $profile" > "$work/said" 2>&1
  echo "awsume $profile:"
  sed 's/^/  /' "$work/asked"
  cp "$work/asked" "$work/asked-$profile"
done

test "$(cat "$work/asked-second")" = "$(printf 'first asked for with KEYOFME\nsecond asked for with SESSIONOFFIRST')"
test "$(cat "$work/asked-second-for-an-hour")" = "second asked for with KEYOFANOTHERUSER" ||
  { echo "the behaviour has changed" >&2; exit 1; }

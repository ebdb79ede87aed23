// The rows of an installation that names neither lake writers nor a deployer role: what `pipetrail init` writes.
import {
  ADMINISTRATOR, APPROVAL, EVIDENCE, LAKE, OTHER, PUT, PUT_IF_ABSENT, PUT_IF_MATCH, REGION, REPLACEMENT, ROSTER, SETTLE, WRITER_A,
  administrator, allowed, denied, group,
} from "./names.mjs";

const SETTLED = `${LAKE}/api_calls/account_id=111122223333/month=2026-11/1.parquet`;
const LANDED = `${LAKE}/landing/api_calls/2026-11-30-1.parquet`;
const RECORD = `${EVIDENCE}/account_id=111122223333/shop/2026/11/30/approve_20261130T120000Z_0123.txt`;

export const defaults = group("nobody is named", [
  allowed("λ settle puts what is settled.", SETTLE, "s3:PutObject", SETTLED, PUT_IF_ABSENT),
  allowed("λ settle deletes what has landed.", SETTLE, "s3:DeleteObject", LANDED),
  [["An administrator", ADMINISTRATOR], ["Who would be a lake writer", WRITER_A],
    ["A role of λ settle's name in another account", administrator(`role/pipetrail-settle-${REGION}`, OTHER)]].map(([name, who]) => [
    denied(`${name} puts nothing that is settled.`, who, "s3:PutObject", SETTLED, PUT),
    denied(`${name} deletes nothing that has landed.`, who, "s3:DeleteObject", LANDED),
  ]),
  allowed("λ approval puts evidence.", APPROVAL, "s3:PutObject", RECORD, PUT_IF_ABSENT),
  denied("An administrator puts no evidence.", ADMINISTRATOR, "s3:PutObject", RECORD, PUT_IF_ABSENT),
  // What a deployer role closes; `pipetrail doctor` warns where there is none.
  allowed("An administrator changes the evidence bucket's policy.", ADMINISTRATOR, "s3:PutBucketPolicy", EVIDENCE),
  allowed("An administrator bypasses governance retention.", ADMINISTRATOR, "s3:BypassGovernanceRetention", RECORD),
  allowed("An administrator puts a list of members.", ADMINISTRATOR, "s3:PutObject", ROSTER, PUT_IF_MATCH),
  allowed("An administrator puts what is remembered of replacements.", ADMINISTRATOR, "s3:PutObject", REPLACEMENT, PUT_IF_MATCH),
]);

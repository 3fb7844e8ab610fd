#!/usr/bin/env node
// Simulates how often the 95 % intervals of evaluation hold the true value: 2,000 runs for each
// estimator, 2,000 draws of the bootstrap. Exits with 1 unless each share is 93 to 97 %.
//   npm run setup && node scripts/measure-coverage.mjs [runs] [draws]

import { simulateCoverage } from "../dist/eval/statistics/coverage.js";

const [runs = 2000, draws = 2000] = process.argv.slice(2).map(Number);
const results = simulateCoverage(runs, draws);
for (const { name, coverage } of results) {
  console.log(`${(100 * coverage).toFixed(2).padStart(6)} %  ${name}`);
}
const isGood = ({ coverage }) => coverage >= 0.93 && coverage <= 0.97;
process.exitCode = results.every(isGood) ? 0 : 1;

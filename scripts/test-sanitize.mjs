// Runs native/tests with AddressSanitizer and UndefinedBehaviorSanitizer.
//   npm run test:sanitize
import { spawnSync } from "node:child_process";
import { buildNativeTests } from "./native-tests.mjs";

const extra = [
  "-O1",
  "-g",
  "-fno-omit-frame-pointer",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=undefined",
  // variables the sanitizers instrument look uninitialised to GCC's warnings
  "-Wno-maybe-uninitialized",
  "-Wno-uninitialized",
];
const compiler = process.env.CXX ?? "c++";
const program = await buildNativeTests({ compiler, arch: process.arch, extra, out: "sanitize" });

function run(part, asan) {
  const env = {
    ...process.env,
    // not detect_stack_use_after_return: GCC's stand-in stack is not aligned for 64-byte vectors
    ASAN_OPTIONS: `detect_leaks=1:${asan}`,
    UBSAN_OPTIONS: "print_stacktrace=1",
  };
  const { status, signal, error } = spawnSync(program, [part], { env, stdio: "inherit" });
  if (error) throw error;
  if (signal) console.error(`native tests ended by ${signal}`);
  return status === 0;
}

const kernels = run("kernels", "strict_string_checks=1");
// A changed program may copy rows onto themselves, which is nonsense but stays in its buffers.
const programs = run("programs", "replace_intrin=0");
process.exitCode = kernels && programs ? 0 : 1;

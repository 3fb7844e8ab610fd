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
  // GCC mistakes variables that the sanitizers instrument for uninitialised ones.
  "-Wno-maybe-uninitialized",
  "-Wno-uninitialized",
];
const compiler = process.env.CXX ?? "c++";
const program = await buildNativeTests({ compiler, arch: process.arch, extra, out: "sanitize" });

function run(part, asan) {
  const env = {
    ...process.env,
    // Without detect_stack_use_after_return: GCC does not align its fake stack to 64 bytes.
    ASAN_OPTIONS: `detect_leaks=1:${asan}`,
    UBSAN_OPTIONS: "print_stacktrace=1",
  };
  const { status, signal, error } = spawnSync(program, [part], { env, stdio: "inherit" });
  if (error) throw error;
  if (signal) console.error(`the native tests were ended by ${signal}`);
  return status === 0;
}

const kernels = run("kernels", "strict_string_checks=1");
// A mutated program may copy rows onto themselves: undefined for memcpy, but inside its buffers.
const programs = run("programs", "replace_intrin=0");
process.exitCode = kernels && programs ? 0 : 1;

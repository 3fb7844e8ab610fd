// A recipe names the program that makes a file and the shell command that does it; a long command
// is a list of its parts.

/** kind: the folder under files/. Returns a list and a function that adds to it. */
export function recipes(kind) {
  const list = [];
  const by = (program, debianPackage, version, commands) => {
    for (const [file, lines] of Object.entries(commands)) {
      const command = typeof lines === "string" ? lines : lines.join(" ");
      list.push({ file: `${kind}/${file}`, program, debianPackage, version, command });
    }
  };
  return { by, list };
}

import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * bubblewrap's arguments for what a program sees of the system: the shared libraries, `commands` and what the patterns
 * of `needs` name. Nothing else: no other compiler or interpreter can be reached, by any path.
 *
 * A need is a command's name, or a path in which `*` stands for any part of a name.
 */
export const visible = (
  commands: readonly string[],
  needs: readonly string[],
): readonly string[] => {
  const paths = needs.filter((need) => need.startsWith("/")).flatMap(matching);
  const named = needs.filter((need) => !need.startsWith("/")).flatMap((name) => {
    const path = systemCommand(name);
    return path === undefined ? [] : [path];
  });
  const within = (path: string, folders: readonly string[]) =>
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
  const folders = paths.filter((path) => !within(path, libraryFolders()));
  return [
    ...libraries(),
    ...embeddable().filter((path) => !within(path, paths)).flatMap((path) => [
      "--ro-bind",
      "/dev/null",
      path,
    ]),
    ...[...folders, ...[...named, ...commands].filter((path) => !within(path, folders))]
      .flatMap((path) => ["--ro-bind", path, path]),
  ];
};

/** A command's path in the system's folders. */
export const systemCommand = (name: string): string | undefined =>
  ["/usr/local/bin", "/usr/bin"].map((folder) => `${folder}/${name}`).find((path) =>
    existsSync(path)
  );

/** Where a tool finds what belongs to it: the first name on its chain of links that lies in one of `needs`. */
export const placeOf = (path: string, needs: readonly string[]): string => {
  const folders = needs.filter((need) => need.startsWith("/")).flatMap(matching);
  for (let at = path;;) {
    if (folders.some((folder) => at.startsWith(`${folder}/`))) return at;
    const real = `${realpathSync(dirname(at))}${at.slice(dirname(at).length)}`;
    if (folders.some((folder) => real.startsWith(`${folder}/`))) return real;
    if (!lstatSync(real).isSymbolicLink()) return path;
    at = resolve(dirname(real), readlinkSync(real));
  }
};

/** The paths that a pattern stands for, links followed no further than they lead. */
export const matching = (pattern: string): string[] =>
  pattern.split("/").slice(1).reduce<string[]>(
    (found, part) =>
      !part.includes("*")
        ? found.map((folder) => `${folder}/${part}`).filter((path) => existsSync(path))
        : found.flatMap((folder) => {
          const name = new RegExp(`^${part.replace(/[.+]/g, "\\$&").replaceAll("*", ".*")}$`);
          return (existsSync(folder) && lstatSync(folder).isDirectory() ? readdirSync(folder) : [])
            .filter((each) => name.test(each)).map((each) => `${folder}/${each}`)
            .filter((path) => existsSync(path));
        }),
    [""],
  );

/** Debian and its kin keep libraries apart from programs; elsewhere they share /usr/lib. */
const libraryFolders = (): readonly string[] => {
  const apart = matching("/usr/lib/*-linux-gnu*").filter((path) => lstatSync(path).isDirectory());
  return [
    ...(apart.length > 0 ? apart : ["/usr/lib"]),
    ...["/usr/lib32", "/usr/lib64", "/usr/libx32"].filter((path) => existsSync(path)),
  ];
};

const libraries = (): readonly string[] => [
  ...libraryFolders().flatMap((path) => ["--ro-bind", path, path]),
  ...["/bin", "/sbin", "/lib", "/lib32", "/lib64"].flatMap((path) =>
    !existsSync(path)
      ? []
      : lstatSync(path).isSymbolicLink()
      ? ["--symlink", readlinkSync(path), path]
      : /lib/.test(path)
      ? ["--ro-bind", path, path]
      : []
  ),
  ...["/etc/ld.so.cache", "/etc/alternatives", "/usr/lib/locale/C.utf8", "/usr/share/zoneinfo"]
    .flatMap((path) => existsSync(path) ? ["--ro-bind", path, path] : []),
];

/** Interpreters and compilers in the form of libraries: a program of another language could load them. */
const embeddable = (): readonly string[] =>
  libraryFolders().flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && interpreter.test(entry.name))
      .map((entry) => `${folder}/${entry.name}`)
  );

const interpreter =
  /^lib(?:python|perl|ruby|lua|luajit|php|mono|monosgen|guile|tcl|julia|gccjit|node|tcc|clang|LLVM|lldb|rustc_driver|mozjs|v8|duktape|quickjs|R)(?:[-\d].*)?\.so/;

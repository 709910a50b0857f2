/**
 * Where a harness finds what stands before the code, `#include "calque_prelude.h"`: as gcc has read it, which is half of the time of a
 * build, and for other compilers and other flags as text.
 */
export const includePrelude: readonly string[] = [
  ...["-iquote", "/opt/prepared"],
  ...["-iquote", "/opt/prepared/text"],
];

/** Before all other flags, for builds that gcc would ruin with what it has read: it does not compare `-fsanitize`. */
export const includeText: readonly string[] = ["-iquote", "/opt/prepared/text"];

/** Fills the prepared folder with both. */
export const preparePrelude = (
  language: "c" | "c++",
  flags: readonly string[],
  text: string,
): readonly string[] => [
  "/usr/bin/sh",
  "-c",
  `set -e
cd /opt/prepared
mkdir text
cat > text/calque_prelude.h << 'END'
${text}
END
"{0}" ${flags.join(" ")} -x ${language}-header text/calque_prelude.h -o calque_prelude.h.gch`,
];

/** Before all other flags, for builds that gcc would ruin with what it has read: it does not compare `-fsanitize`. */
export const includeText: readonly string[] = ["-iquote", "/opt/prepared/text"];

/**
 * Where a harness finds what stands before the code, `#include "calque_prelude.h"`: as gcc has read it, which saves half of a build of
 * C++ and a quarter of one of C, and for other compilers and other flags as text.
 */
export const includePrelude: readonly string[] = ["-iquote", "/opt/prepared", ...includeText];

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

import { printJson } from "../json.ts";
import type { Language } from "./language.ts";

export const php: Language = {
  name: "php",
  package: "php-cli",
  spelling: "camelCase",
  comment: "//",
  source: "main.php",
  variants: [{
    needs: { run: ["/usr/lib/php"] },
    tools: ["php"],
    version: ["{0}", "-r", "echo PHP_VERSION;"],
    // Without the system's settings: they load modules that take longer than the program.
    run: ["{0}", "-n", "-d", "memory_limit=-1", "-d", "display_errors=stderr", "/work/{source}"],
  }],
  hello: '<?php echo "hello\\n";',
  syntaxError: /^(PHP )?Parse error: /m,
  loose: { containers: true },
  call: ({ code, name, cases, mark, first }) => ({
    files: {
      "solution.php": opened(code),
      "main.php": harness,
    },
    stdin: printJson({ name, cases, mark, first }),
  }),
  // Behind a closing tag a test would be text, and never fail.
  join: (code, test) =>
    `${opened(code)}\n${
      isOpen(opened(code)) || test.trimStart().startsWith("<?") ? "" : "<?php\n"
    }${test}`,
  finish: (program, nonce) =>
    `${opened(program)}\n${
      isOpen(opened(program)) ? "" : "<?php "
    };fwrite(STDOUT, "\\n${nonce}\\n");\n`,
};

/** Code without a tag anywhere is meant as code. */
const opened = (program: string): string => program.includes("<?") ? program : `<?php\n${program}`;

/** Whether what is appended would be code. */
const isOpen = (program: string): boolean => program.lastIndexOf("?>") < program.lastIndexOf("<?");

// The code is loaded at the top level, where its own `global` variables are found.
const harness = `<?php
require '/work/solution.php';
$calque = \\json_decode(\\stream_get_contents(\\STDIN), true, 512, \\JSON_BIGINT_AS_STRING);
$calque['say'] = function (string $text) use ($calque) {
    \\fwrite(\\STDOUT, "\\n" . $calque['mark'] . ' ' . $text . "\\n");
};
if (!\\function_exists($calque['name'])) {
    \\fwrite(\\STDERR, "no function named {$calque['name']}\\n");
    exit(1);
}
$calque['say']('ready');
foreach ($calque['cases'] as $calque['offset'] => $calque['given']) {
    $calque['at'] = $calque['first'] + $calque['offset'];
    try {
        $calque['result'] = $calque['name'](...$calque['given']);
        $calque['text'] = \\json_encode($calque['result'], \\JSON_UNESCAPED_UNICODE | \\JSON_PRESERVE_ZERO_FRACTION);
        $calque['say']($calque['at'] . ($calque['text'] === false
            ? ' ?' . \\get_debug_type($calque['result'])
            : ' ' . $calque['text']));
    } catch (\\Throwable $calque_error) {
        $calque['say']($calque['at'] . ' !' . \\str_replace("\\n", ' ',
            \\get_class($calque_error) . ': ' . $calque_error->getMessage()));
    }
}
`;

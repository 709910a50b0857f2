import type { Json } from "../json.ts";
import { append, type Language } from "./language.ts";

export const perl: Language = {
  name: "perl",
  package: "perl",
  spelling: "snake_case",
  comment: "#",
  source: "main.pl",
  variants: [{
    needs: {
      run: [
        "/usr/share/perl*",
        "/usr/local/share/perl*",
        "/usr/lib/*/perl*",
        "/usr/lib/*/libperl*",
        "/etc/perl",
      ],
    },
    tools: ["perl"],
    version: ["{0}", "-e", "print $^V"],
    run: ["{0}", "/work/{source}"],
  }],
  hello: 'print "hello\\n";',
  syntaxError:
    /^(syntax error|Missing right curly|.*had compilation errors|.* aborted due to compilation)/m,
  loose: { scalars: true, containers: true },
  call: ({ code, name, cases, mark, first }) => ({
    files: {
      "solution.pl": code,
      "main.pl": `package Calque;\nmy ($mark, $name, $first) = ('${mark}', '${name}', ${first});\n${
        harness.replace(
          "@@CASES@@",
          cases.map((given) => `sub { (${given.map(literal).join(", ")}) }`).join(",\n"),
        )
      }`,
    },
  }),
  // Ahead of a data section, if there is one.
  finish: append((nonce) => `;print "\\n${nonce}\\n";`),
};

/** A value as Perl's own text. Text is characters, not bytes. */
const literal = (value: Json): string => {
  if (value === null) return "undef";
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${value.map((each) => literal(each as Json)).join(", ")}]`;
  return `{${
    Object.entries(value).map(([key, each]) => `${quote(key)} => ${literal(each)}`).join(", ")
  }}`;
};

const quote = (text: string): string =>
  `"${
    [...text].map((character) =>
      /[A-Za-z0-9 _.,:;!?()<>=+*\/-]/.test(character)
        ? character
        : `\\x{${character.codePointAt(0)!.toString(16)}}`
    ).join("")
  }"`;

const harness = `
open(my $out, '>&=', 1);
sub say_line {
  my $data = "\\n$mark $_[0]\\n";
  utf8::encode($data) if utf8::is_utf8($data);
  while (length $data) {
    my $wrote = syswrite(STDOUT, $data);
    last unless defined $wrote;
    substr($data, 0, $wrote) = '';
  }
}
sub quote {
  my $text = shift;
  # Bytes that are UTF-8 stay what they spell.
  if (!utf8::is_utf8($text)) { my $copy = $text; $text = $copy if utf8::decode($copy); }
  $text =~ s/([\\x00-\\x1f"\\\\])/sprintf('\\\\u%04x', ord($1))/ge;
  utf8::encode($text) if utf8::is_utf8($text);
  return qq("$text");
}
sub print_json {
  my $value = shift;
  return 'null' unless defined $value;
  my $kind = ref $value;
  return quote("$value") if $kind eq '';
  return '[' . join(',', map { print_json($_) } @$value) . ']' if $kind eq 'ARRAY';
  return '{' . join(',', map { quote($_) . ':' . print_json($value->{$_}) } sort keys %$value) . '}' if $kind eq 'HASH';
  die "$kind\\n";
}
{
  package main;
  my $loaded = do '/work/solution.pl';
  if ($@) { print STDERR $@; exit 1; }
}
my $function = main->can($name);
if (!$function) { print STDERR "no function named $name\\n"; exit 1; }
say_line('ready');
my $at = $first;
for my $given (
@@CASES@@
) {
  my $result = eval { my $r = $function->($given->()); [$r] };
  if (!$result) { my $why = "$@"; $why =~ s/\\n/ /g; say_line("$at !$why"); }
  else {
    my $text = eval { print_json($result->[0]) };
    say_line(defined $text ? "$at $text" : "$at ?" . ref($result->[0]));
  }
  $at++;
}
`;

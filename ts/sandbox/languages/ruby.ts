import { printJson } from "../json.ts";
import { append, type Language } from "./language.ts";

export const ruby: Language = {
  name: "ruby",
  package: "ruby",
  spelling: "snake_case",
  comment: "#",
  source: "main.rb",
  variants: [{
    needs: { run: ["/usr/lib/ruby", "/usr/local/lib/ruby", "/usr/lib/*/libruby*"] },
    tools: ["ruby"],
    version: ["{0}", "--version"],
    // Gems are not part of the language, and take as long to find as all the rest.
    run: ["{0}", "--disable-gems", "-W0", "/work/{source}"],
  }],
  hello: 'puts "hello"',
  allowance: { memory_mb: 32 },
  threads: 4,
  syntaxError: /syntax error|SyntaxError/,
  call: ({ code, name, cases, mark, first }) => ({
    files: { "solution.rb": code, "main.rb": harness },
    stdin: printJson({ name, cases, mark, first }),
  }),
  finish: append((nonce) => `$stdout.flush; STDOUT.syswrite("\\n${nonce}\\n")`),
};

const harness = `require "json"
calque = JSON.parse(STDIN.read)
say = ->(text) { STDOUT.flush; STDOUT.syswrite("\\n" + calque["mark"] + " " + text + "\\n") }
load "/work/solution.rb"
unless respond_to?(calque["name"], true)
  STDERR.puts "no function named #{calque["name"]}"
  exit! 1
end
say.("ready")
calque["cases"].each_with_index do |given, offset|
  at = calque["first"] + offset
  begin
    result = send(calque["name"], *given)
    text = begin
      JSON.generate(result)
    rescue Exception
      nil
    end
    say.(text.nil? ? "#{at} ?#{result.class}" : "#{at} #{text}")
  rescue Exception => error
    say.("#{at} !#{error.class}: #{error.message.gsub("\\n", " ")}")
  end
end
STDOUT.flush
exit! 0
`;

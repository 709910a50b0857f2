//! Texts of every kind that tokenizers meet, made from a counter: the same in every run, as long as asked.

/// Numbers from a counter.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// Lines of code in twelve languages and in LLVM IR; `@` becomes a name, `#` a number, `%` in IR stays.
const CODE: [&[&str]; 13] = [
    &[
        "def @(@, @=#):\n",
        "    for @ in range(#):\n",
        "        @ += @[#] ** # % #\n",
        "    return {'@': @, \"@\": [#, -#.#e-#]}\n",
        "    \"\"\"@ of @, isn't it?\"\"\"\n",
        "if __name__ == '__main__': @(#)\n",
    ],
    &[
        "export const @ = async (@: number[]) => {\n",
        "\tfor (let @ = #; @ < @.length; @++) {\n",
        "  return @.map((@) => `${@}px`);\n",
        "};\n",
        "// @'s the @; it'll @\n",
        "interface @ { readonly @?: string | undefined }\n",
    ],
    &[
        "int @(const int *@, int @_len) {\n",
        "    while (*@++ && @ != 0x#) @ <<= #;\n",
        "#define @_MAX (#u << #)\n",
        "  return @->@[#] & ~@;\n",
        "}\n\n",
        "/* @ */ printf(\"%d\\n\", @);\n",
    ],
    &[
        "template <typename T> class @ {\n",
        "  std::vector<std::pair<int, T>> @;\n",
        "  auto @ = [&](auto&& @) noexcept { return @ <=> #; };\n",
        "};\r\n",
        "#include <@.hpp>\r\n",
    ],
    &[
        "pub fn @<'a>(@: &'a mut [u8]) -> Result<(), Box<dyn Error>> {\n",
        "    let @ = @.iter().filter(|&&@| @ > #).count();\n",
        "    match @ { Some(@) if @ != # => @?, _ => unreachable!(\"@\") }\n",
        "}\n",
        "#[derive(Debug)]\n",
    ],
    &[
        "func (@ *@) @(@ ...int) (int, error) {\n",
        "\tif err := @.@(#); err != nil {\n",
        "\t\treturn #, fmt.Errorf(\"@: %w\", err)\n",
        "\t}\n",
        "\t@ <- struct{}{}\n",
    ],
    &[
        "public static Map<String, Integer> @(int[] @) throws IOException {\n",
        "        @.put(\"@\", @.length - #);\n",
        "        System.out.println(@ + \"@\" + '\\u00e9');\n",
        "    }\n",
        "    @Override\n",
    ],
    &[
        "<?php function @($@, array $@ = []) {\n",
        "    foreach ($@ as $@ => $@) { echo \"$@: {$@[#]}\"; }\n",
        "    return $@ ?? #;\n",
        "}\n",
    ],
    &[
        "sub @ { my ($@, %@) = @_;\n",
        "  $@ =~ s/\\b@(\\d+)/$1#/gx;\n",
        "  push @{$@->{@}}, #;\n",
        "}\n",
        "__END__\n",
    ],
    &[
        "local function @(@, @)\n",
        "  for @ = #, #@ do\n",
        "    @[#] = @ .. '@' -- it's @\n",
        "  end\n",
        "end\n",
    ],
    &[
        "def @(@ = #)\n",
        "  @&.map { |@| \"#{@}: @\" }.reject(&:@?)\n",
        "  @@@ ||= :@\n",
        "end\n",
    ],
    &[
        "@ :: (Ord a) => [a] -> Maybe a\n",
        "@ (x:xs') = foldl' (\\@ @ -> @ `max` @) # xs' where { @' = @ }\n",
        "@ = do { @ <- get; put $! @ + # }\n",
    ],
    &[
        "define dso_local i32 @f#(ptr noundef %#, i32 %@) local_unnamed_addr #0 {\n",
        "  %# = getelementptr inbounds i8, ptr %#, i64 -#\n",
        "  %# = add nsw i32 %#, #\n",
        "  br i1 %@, label %#, label %@, !llvm.loop !#\n",
        "  %# = phi i32 [ %#, %@ ], [ 0x#, %# ]\n",
        "}\n\nattributes #0 = { \"frame-pointer\"=\"all\" }\n",
        "@.str.# = private unnamed_addr constant [# x i8] c\"@\\00\", align #\n",
    ],
];

const NAMES: [&str; 28] = [
    "x",
    "i",
    "xs",
    "result",
    "HTTPServer",
    "getElementById",
    "snake_case_name",
    "MAX_VALUE",
    "_private",
    "value2",
    "ÄnderungsDatum",
    "переменная",
    "変数",
    "naïveCafé",
    "IOError",
    "iPhone",
    "a1b2c3",
    "std",
    "README",
    "e\u{301}tude",
    "tmp",
    "camelCaseWithXMLInside",
    "f",
    "λ",
    "Ωmega",
    "is_ok",
    "K",
    "aǅb",
];

const WORDS: [&str; 40] = [
    "the",
    "of",
    "isn't",
    "we'll",
    "I'VE",
    "they'RE",
    "it'S",
    "don’t",
    "'tis",
    "O'Neill",
    "antidisestablishmentarianism",
    "schöne",
    "Straße",
    "œuvre",
    "Żółć",
    "ελληνικά",
    "Привет",
    "мир",
    "שלום",
    "مرحبا",
    "हिन्दी",
    "नमस्ते",
    "ไทย",
    "한국어",
    "조선말",
    "漢字",
    "かな",
    "カナ",
    "繁體",
    "𠮷野家",
    "tiếng",
    "Việt",
    "ﬁne",
    "Å",
    "A\u{30a}",
    "2nd",
    "3.14159",
    "1,000,000",
    "٣٤٥",
    "Ⅻ½²",
];

const MARKS: [&str; 24] = [
    " ", " ", " ", " ", " ", "  ", "\n", "\n\n", ". ", ", ", "; ", " — ", "\t", "\r\n", " \n  ",
    "!", "?! ", "…", "\u{a0}", "\u{3000}", "\u{200b}", "\u{2028}", "/", "-",
];

const EMOJI: [&str; 12] = [
    "👩‍👩‍👧",
    "🎉",
    "🏳️‍🌈",
    "👍🏽",
    "❤️",
    "🇩🇪🇫🇷",
    "😀😀😀",
    "\u{fe0f}",
    "\u{200d}",
    "☃",
    "\u{1f9d1}\u{1f3ff}",
    "#️⃣",
];

const SPECIAL: [&str; 8] = [
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|begin_of_text|>",
    "<|endof",
    "<|",
    "<s>",
];

/// A document of about so many bytes.
pub fn document(draw: &mut Draw, bytes: usize) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        let part = 40 + draw.below(600);
        let until = text.len() + part;
        match draw.below(12) {
            0..=4 => {
                let lines = CODE[draw.below(CODE.len())];
                while text.len() < until {
                    let depth = draw.below(4);
                    text.push_str(&"    ".repeat(if draw.below(3) == 0 { depth } else { 0 }));
                    code(draw, lines, &mut text);
                }
            }
            5..=7 => {
                while text.len() < until {
                    text += draw.of(&WORDS);
                    text += draw.of(&MARKS);
                }
            }
            8 => {
                // Any characters of a block, assigned or not.
                let start = draw.below(0x3_2000) as u32;
                let count = draw.below(40);
                let any = (0..count).filter_map(|_| char::from_u32(start + draw.below(200) as u32));
                text.extend(any);
            }
            9 => {
                while text.len() < until {
                    let of = [
                        draw.of(&EMOJI),
                        draw.of(&SPECIAL),
                        draw.of(&MARKS),
                        "e\u{301}\u{323}",
                        "\u{302}",
                    ];
                    text += of[draw.below(of.len())];
                }
            }
            10 => {
                // Runs: white space of every kind, one letter, digits, punctuation.
                let of = [
                    " ", "\n", "\t ", "a", "Z", "0", "=", "-+", "\u{301}", "漢", "\r\n", "ab",
                    "\u{a0}",
                ];
                let unit = of[draw.below(of.len())];
                text += &unit.repeat(1 + draw.below(80));
            }
            _ => {
                // Base64, hexadecimal, UUIDs: words that no vocabulary knows.
                let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                let few = if draw.below(2) == 0 { 64 } else { 16 };
                for i in 0..part / 2 {
                    text.push(if few == 16 && i % 9 == 8 {
                        '-'
                    } else {
                        digits[(draw.below(few) + 64 - few) % 64] as char
                    });
                }
            }
        }
    }
    text
}

fn code(draw: &mut Draw, lines: &[&str], text: &mut String) {
    for c in draw.of(lines).chars() {
        match c {
            '@' => text.push_str(draw.of(&NAMES)),
            '#' => {
                let digits = 1 + draw.below(7);
                for _ in 0..digits {
                    text.push(char::from(b'0' + draw.below(10) as u8));
                }
            }
            c => text.push(c),
        }
    }
}

import type { Json } from "../json.ts";
import type { Call, Called } from "./language.ts";

/** The calls as expressions with literals: what each becomes, the function's own type says. */
export const callHaskell = ({ code, name, all, mark, first }: Call): Called => {
  const calls = all.map((given) => ["Solution." + name, ...given.map(literal)].join(" "));
  return {
    files: {
      "Solution.hs": inModule(code),
      "Main.hs": `{-# LANGUAGE ExtendedDefaultRules, FlexibleInstances #-}
module Main where
import qualified Control.Exception as E
import qualified Data.List as L
import qualified Data.Map as M
import qualified Data.Set as S
import qualified Solution
import qualified System.Exit as X
import qualified System.IO as I
import qualified Text.Printf as P

class Out a where
  out :: a -> String
  outList :: [a] -> String
  outList each = "[" ++ L.intercalate "," (map out each) ++ "]"
instance Out Int where out = show
instance Out Integer where out = show
instance Out Double where out = show
instance Out Float where out = show
instance Out Bool where out b = if b then "true" else "false"
instance Out () where out _ = "null"
instance Out Char where
  out c = outList [c]
  outList text = "\\"" ++ concatMap escaped text ++ "\\""
instance Out a => Out [a] where out = outList
instance Out a => Out (Maybe a) where out = maybe "null" out
instance (Out a, Out b) => Out (Either a b) where out = either out out
instance (Out a, Out b) => Out (a, b) where out (a, b) = "[" ++ out a ++ "," ++ out b ++ "]"
instance (Out a, Out b, Out c) => Out (a, b, c) where
  out (a, b, c) = "[" ++ L.intercalate "," [out a, out b, out c] ++ "]"
instance Out a => Out (S.Set a) where out = outList . S.toList
instance (Out k, Out v) => Out (M.Map k v) where
  out m = "{" ++ L.intercalate "," [quoted (out k) ++ ":" ++ out v | (k, v) <- M.toList m] ++ "}"

quoted :: String -> String
quoted text@('"' : _) = text
quoted text = "\\"" ++ text ++ "\\""

escaped :: Char -> String
escaped c
  | c == '"' || c == '\\\\' || c < ' ' = P.printf "\\\\u%04x" (fromEnum c)
  | otherwise = [c]

calls :: [String]
calls =
  [ ${calls.map((call) => `out (${call})`).join("\n  , ")}
  ]

main :: IO ()
main = do
  mapM_ (\`I.hSetEncoding\` I.utf8) [I.stdin, I.stdout, I.stderr]
  mark <- getLine
  first <- readLn :: IO Int
  let say text = putStr ("\\n" ++ mark ++ " " ++ text ++ "\\n") >> I.hFlush I.stdout
  say "ready"
  mapM_ (\\(at, text) -> do
    told <- E.try (E.evaluate (length text)) :: IO (Either E.SomeException Int)
    say (show at ++ " " ++ either (\\e -> "!" ++ map (\\c -> if c == '\\n' then ' ' else c) (show e)) (const text) told))
    (filter ((>= first) . fst) (zip [0 :: Int ..] calls))
  X.exitSuccess
`,
    },
    stdin: `${mark}\n${first}\n`,
  };
};

const inModule = (code: string): string => {
  const header = /^module\s+[\w.']+(\s*\([\s\S]*?\))?\s+where/m;
  if (header.test(code)) return code.replace(header, "module Solution where");
  const pragmas = /^(\s*\{-#[\s\S]*?#-\}\s*)*/.exec(code)?.[0] ?? "";
  return `${pragmas}module Solution where\n${code.slice(pragmas.length)}`;
};

const literal = (value: Json): string => {
  if (value === null) return "Nothing";
  switch (typeof value) {
    case "boolean":
      return value ? "True" : "False";
    case "bigint":
    case "number":
      return value < 0 ? `(${value})` : String(value);
    case "string":
      // An escape by number ends where \& says, whatever stands behind it.
      return `"${
        [...value.toWellFormed()].map((character) =>
          /[ !#-[\]-~]/.test(character) ? character : `\\${character.codePointAt(0)}\\&`
        ).join("")
      }"`;
  }
  if (Array.isArray(value)) return `[${value.map((each) => literal(each as Json)).join(", ")}]`;
  return `(M.fromList [${
    Object.entries(value).map(([key, each]) => `(${literal(key)}, ${literal(each)})`).join(", ")
  }])`;
};

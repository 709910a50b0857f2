/**
 * The seed model's special tokens: its tokenizer is trained with them and its recipes' prompt templates
 * name them. They belong to this model, not to the system.
 */
export const seedSpecialTokens = [
  "<|pad|>",
  "<|end|>",
  "<|task|>",
  "<|llvm|>",
  "<|python|>",
  "<|javascript|>",
  "<|lua|>",
  "<|c|>",
  "<|perl|>",
  "<|php|>",
  "<|yes|>",
  "<|no|>",
] as const;

export interface Row {
  readonly prompt: string;
  readonly completion: string;
}

export const translationRow = (source: string, code: string, target: string, to: string): Row => ({
  prompt: `<|${source}|>${code}<|${target}|>`,
  completion: `${to}<|end|>`,
});

export const generationRow = (statement: string, target: string, code: string): Row => ({
  prompt: `<|task|>${statement}<|${target}|>`,
  completion: `${code}<|end|>`,
});

export const irRow = (c: string, ir: string): Row => ({
  prompt: `<|c|>${c}<|llvm|>`,
  completion: `${ir}<|end|>`,
});

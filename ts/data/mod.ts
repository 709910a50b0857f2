/** Tasks, programs, IR groups and the corpus: schemas, readers, builders, judges of what is in them. */
export { IrGroup, Loser, Program, Task, Winner } from "./schema.ts";
export {
  DataError,
  formatJsonl,
  parseJsonl,
  readJsonl,
  writeFileAtomic,
  writeJsonl,
} from "./jsonl.ts";
export {
  readGroups,
  readPrograms,
  readTasks,
  writeGroups,
  writePrograms,
  writeTasks,
} from "./dataset.ts";
export { generate, type Generated, type GenerateOptions, generateTyped } from "./generate.ts";
export { type Level, levels } from "./typed/draw.ts";
export { type TypedLanguage, typedLanguages } from "./typed/print.ts";
export { type GeneratorLanguage, generatorLanguages } from "./program/print.ts";
export { judgeRequest, type Verified, verify, type VerifyOptions } from "./verify.ts";
export { type Leak, type LeakOptions, leaks, programIn } from "./leaks.ts";
export { stats } from "./stats.ts";
export {
  type Imported,
  importFiles,
  type ImportFormat,
  importFormats,
  type ImportOptions,
} from "./imports/import.ts";
export { selectShortest } from "./imports/select.ts";
export { type Groups, groups, type GroupsOptions } from "./groups/groups.ts";
export { type Defined, definedPrograms } from "./groups/defined.ts";
export {
  findToolchain,
  type SourceLanguage,
  sourceLanguages,
  type Toolchain,
  ToolchainMissing,
} from "./groups/toolchain.ts";
export { type Corpus, corpus, type CorpusOptions } from "./corpus/corpus.ts";
export {
  corpusTable,
  type SeedCorpusOptions,
  writeSeedCorpus,
  writeSeedFolder,
} from "./corpus/seed.ts";
export { slipRates } from "./program/slips.ts";
export { type Fault, faultOf } from "./program/faults.ts";
export { type DrawnTask, drawTasks } from "./tasks/draw_tasks.ts";
export { Random } from "./random.ts";

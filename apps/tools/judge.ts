import { Effect, Layer } from "effect";
import { Sandbox } from "../../ts/sandbox/mod.ts";

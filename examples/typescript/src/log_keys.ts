// A log's keys, each succeeded by the next (docs/protocol/log.md, "The next key").
import { verify as nodeVerify } from "node:crypto";
import { checkpoint, Checkpoint, logKey } from "./protocol.js";

export interface Succession { predecessor: string; successor: string; signatures: [Buffer, Buffer]; smallestTree: number }

// Both keys of one log signed that one succeeds the other; who published it is for the directory to say.
export function succeeds(step: Succession): boolean {
  const [old, next] = [logKey(step.predecessor), logKey(step.successor)];
  if (old === null || next === null || old.name !== next.name || step.predecessor === step.successor) return false;
  const said = Buffer.from(["caricc-exchange/log-key-succession/v1", old.name, step.predecessor, step.successor, ""].join("\n"));
  return [old, next].every((each, i) => nodeVerify(null, said, each.key, step.signatures[i]));
}

// A checkpoint by the key of its tree's time or by a later one, in the chain of a log's keys.
export function checkpointOf(note: string, steps: Succession[]): Checkpoint | null {
  const size = Number(note.split("\n")[1]);
  const keys = [{ vkey: steps[0].predecessor, until: steps[0].smallestTree }].concat(
    steps.map((each, i) => ({ vkey: each.successor, until: steps[i + 1]?.smallestTree ?? Infinity })));
  const fit = keys.filter((each) => size < each.until);
  return fit.map((each) => checkpoint(note, each.vkey)).find((each) => each !== null) ?? null;
}

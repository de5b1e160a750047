// Checks docs/protocol/vectors by this implementation: node dist/vectors.js FOLDER
import { createPrivateKey, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import * as k from "./log_keys.js";
import * as p from "./protocol.js";
import { loadProtocol } from "./wire.js";

const folder = process.argv[2];
let checked = 0;
const read = (name: string): any => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
const hex = (text: string): Buffer => Buffer.from(text, "hex");
const spki = (text: string) => createPublicKey({ key: hex(text), format: "der", type: "spki" });
function expect(is: boolean, what: string): void {
  if (!is) throw new Error(`does not hold: ${what}`);
  checked += 1;
}
function opens(attempt: () => unknown): boolean {
  try { attempt(); return true; } catch { return false; }
}

const wire = loadProtocol();
const signatureType: protobuf.Type = wire.lookupType("exchange_protocol.v1.Signature");
// True if an entry would name this Signature by the digest of the vector.
const named = (message: object, of: any): boolean =>
  p.sha256(signatureType.encode(message).finish()).toString("hex") === of.signature_sha256;
const signatures = read("signatures");
for (const each of signatures.cases) {
  expect(p.pae(each.payload_type, hex(each.payload)).toString("hex") === each.pae, "PAE");
  expect(p.verify(spki(each.public_key_spki), each.payload_type, hex(each.payload), hex(each.signature)), each.curve);
  const own = p.sign(createPrivateKey(each.private_key_pkcs8_pem), each.payload_type, hex(each.payload));
  expect(p.verify(spki(each.public_key_spki), each.payload_type, hex(each.payload), own), "own signature");
  expect(named({ certificateSha256: hex(each.certificate_sha256), signature: hex(each.signature) }, each), "message");
}
for (const each of signatures.refusals) {
  expect(!p.verify(spki(each.public_key_spki), each.payload_type, hex(each.payload), hex(each.signature)), each.name);
}
const batch = signatures.batch;
const place = (each: any): p.Place => ({ ...each, path: each.path.map(hex) });
const holds = (payload: string, at: any): boolean => p.verifyInBatch(
  spki(batch.public_key_spki), batch.payload_type, hex(payload), hex(batch.signature), place(at));
batch.payloads.forEach((payload: string, i: number) => expect(holds(payload, batch.places[i]), `batch ${i}`));
for (const each of batch.messages) expect(named(signatureType.decode(hex(each.message)), each), "message in a batch");
for (const each of batch.refusals) expect(!holds(each.payload, each.batch), each.name);
const two = signatures.two_keys;
for (const each of [two.alone, two.in_batch]) {
  const message: any = signatureType.decode(hex(each.message));
  expect(named(message, each), "message with two signatures");
  expect(Buffer.from(message.postQuantumSignature).equals(hex(each.post_quantum_signature)), "second signature");
  const [type, signed] = each === two.alone ? [two.payload_type, two.payload] : [batch.batch_type, two.batch_payload];
  if (opens(() => spki(two.post_quantum_key_spki))) {
    expect(verify(null, p.pae(type, hex(signed)), spki(two.post_quantum_key_spki), hex(each.post_quantum_signature)), "ML-DSA-65");
  } else console.error("not checked: an ML-DSA-65 signature, which this Node does not know (24 does)");
}

const sealing = read("sealing");
const privateKey = hex(sealing.reader.private_key);
const publicKey = hex(sealing.reader.public_key);
const keyId = p.sha256(publicKey);
expect(keyId.toString("hex") === sealing.reader.key_id, "key id");
const context = (each: any): p.Context => ({ statement: each.statement_id, part: each.part_name });
const open = (each: any): Buffer => p.openWith(
  p.unwrap({ agency: each.agency, role: each.role, keyId, enc: hex(each.enc) }, privateKey, context(each)),
  hex(each.sealed), context(each));
for (const each of sealing.cases) {
  const at = context(each), plain = Buffer.from(Array.from({ length: each.size }, (_, i) => i % 251));
  expect(p.sealInfo(at, each.agency, keyId, each.role).toString("hex") === each.info, "info");
  const key = p.unwrap({ agency: each.agency, role: each.role, keyId, enc: hex(each.enc) }, privateKey, at);
  expect(key.toString("hex") === each.content_key, "content key");
  const sealed = p.sealWith(key, plain, at);
  expect(p.sha256(sealed).toString("hex") === each.sealed_sha256, `sealed ${each.size}`);
  expect(p.openWith(key, sealed, at).equals(plain), `opened ${each.size}`);
  const own = p.wrap(key, { agency: each.agency, role: each.role, key: publicKey }, at);
  expect(p.unwrap(own, privateKey, at).equals(key), "own wrapped key");
}
for (const each of sealing.refusals) expect(!opens(() => open(each)), each.name);
for (const each of read("statements").cases) {
  const type: protobuf.Type = wire.lookupType("exchange_protocol.v1.Statement");
  const said = type.decode(hex(each.payload));
  expect(Buffer.from(type.encode(said).finish()).toString("hex") === each.payload, `encoding of ${each.name}`);
  expect(p.sha256(hex(each.payload)).toString("hex") === each.sha256, each.name);
}
for (const each of read("entries").cases) {
  const leaf = p.leafData(hex(each.bytes), hex(each.nonce));
  expect(leaf.toString("hex") === each.leaf_data, "leaf data");
  expect(p.leafHash(leaf).toString("hex") === each.leaf_hash, "leaf hash");
}

const receipts = read("receipts");
const receiptHolds = (each: any): boolean => {
  const head = p.checkpoint(each.checkpoint, each.log_vkey);
  if (head === null) return false;
  const leaf = p.leafHash(p.leafData(hex(each.entry), hex(each.nonce)));
  const root = p.rootFrom(leaf, each.index, head.size, each.inclusion_proof.map(hex));
  const entry: any = wire.lookupType("exchange_protocol.v1.LogEntry").decode(hex(each.entry));
  return root !== null && root.equals(head.root) && p.sha256(hex(each.payload)).equals(entry.payloadSha256)
    && entry.signatureSha256.length === 32;
};
expect(receiptHolds(receipts.case), "receipt");
for (const each of receipts.refusals) expect(!receiptHolds(each), each.name);

const logKeys = read("log_keys");
const steps: k.Succession[] = logKeys.successions.map((each: any) => ({
  predecessor: each.predecessor, successor: each.successor, smallestTree: each.smallest_tree,
  signatures: [hex(each.predecessor_signature), hex(each.successor_signature)],
}));
for (const each of steps) {
  expect(k.succeeds(each), "succession");
  expect(!k.succeeds({ ...each, signatures: [each.signatures[1], each.signatures[0]] }), "signatures turned");
  expect(!k.succeeds({ ...each, predecessor: each.successor, successor: each.predecessor }), "keys turned");
}
for (const each of logKeys.checkpoints) {
  expect((k.checkpointOf(each.note, steps) !== null) === each.holds, `size ${each.size} by ${each.signed_by}`);
}
console.log(`${checked} checks of the vectors hold`);

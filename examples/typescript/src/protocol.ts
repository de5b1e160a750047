// What a client computes: signatures, seals, leaves, proofs. Written from docs/protocol.
import {
  createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey,
  diffieHellman, hkdfSync, randomBytes, sign as nodeSign, verify as nodeVerify, type KeyObject,
} from "node:crypto";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";

export const STATEMENT_TYPE = "application/vnd.caricc.exchange.statement.v1+protobuf";
export const BATCH_TYPE = "application/vnd.caricc.exchange.batch.v1";
export const CHUNK = 65536;

export const sha256 = (...data: Uint8Array[]): Buffer =>
  data.reduce((hash, each) => hash.update(each), createHash("sha256")).digest();
const utf8 = (text: string): Buffer => Buffer.from(text, "utf8");
const number = (value: number | bigint, size: number): Buffer =>
  Buffer.from(BigInt(value).toString(16).padStart(2 * size, "0"), "hex");

// --- Signatures (signatures.md) ---------------------------------------------------------------

export function pae(type: string, payload: Uint8Array): Buffer {
  return Buffer.concat([utf8(`DSSEv1 ${utf8(type).length} ${type} ${payload.length} `), payload]);
}

const hashOf = (key: KeyObject): string =>
  key.asymmetricKeyDetails?.namedCurve === "secp384r1" ? "sha384" : "sha256";

export const sign = (key: KeyObject, type: string, payload: Uint8Array): Buffer =>
  nodeSign(hashOf(key), pae(type, payload), key);

export function verify(key: KeyObject, type: string, payload: Uint8Array, mark: Uint8Array): boolean {
  return nodeVerify(hashOf(key), pae(type, payload), key, mark);
}

export interface Place { index: number; size: number; path: Uint8Array[] }

export function verifyInBatch(
  key: KeyObject, type: string, payload: Uint8Array, mark: Uint8Array, place: Place,
): boolean {
  if (place.size < 2 || place.size > 4096) return false;
  const root = rootFrom(leafHash(pae(type, payload)), place.index, place.size, place.path);
  return root !== null && verify(key, BATCH_TYPE, Buffer.concat([number(place.size, 8), root]), mark);
}

// --- The log (log.md) -------------------------------------------------------------------------

export const leafHash = (data: Uint8Array): Buffer => sha256(Buffer.of(0), data);
const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.of(1), left, right);

export const leafData = (entry: Uint8Array, nonce: Uint8Array): Buffer =>
  Buffer.concat([utf8("caricc-exchange/leaf/v1\n"), createHmac("sha256", nonce).update(entry).digest()]);

// RFC 9162, 2.1.3.2; null where the proof cannot be of such a tree.
export function rootFrom(
  leaf: Uint8Array, index: number, size: number, path: Uint8Array[],
): Buffer | null {
  if (index >= size) return null;
  let at = BigInt(index), last = BigInt(size) - 1n, hash: Buffer = Buffer.from(leaf);
  for (const each of path) {
    if (last === 0n || each.length !== 32) return null;
    if (at & 1n || at === last) {
      hash = nodeHash(each, hash);
      while (!(at & 1n) && at !== 0n) { at >>= 1n; last >>= 1n; }
    } else {
      hash = nodeHash(hash, each);
    }
    at >>= 1n; last >>= 1n;
  }
  return last === 0n ? hash : null;
}

export interface Checkpoint { size: number; root: Buffer }

export interface LogKey { name: string; keyId: Buffer; key: KeyObject }
export function logKey(vkey: string): LogKey | null {
  const [name, id, encoded] = [vkey.split("+")[0], vkey.split("+")[1], vkey.split("+").slice(2).join("+")];
  const raw = Buffer.from(encoded, "base64");
  const keyId = sha256(utf8(`${name}\n`), raw).subarray(0, 4);
  if (raw[0] !== 1 || raw.length !== 33 || keyId.toString("hex") !== id) return null;
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw.subarray(1)]);
  return { name, keyId, key: createPublicKey({ key: der, format: "der", type: "spki" }) };
}

// A C2SP signed note; null unless the given key signed it.
export function checkpoint(note: string, vkey: string): Checkpoint | null {
  const found = logKey(vkey);
  if (found === null) return null;
  const { name, keyId, key } = found;
  const end = note.indexOf("\n\n");
  const text = note.slice(0, end + 1);
  const signed = note.slice(end + 2).split("\n").some((line) => {
    const [dash, by, mark] = line.split(" ");
    if (dash !== "—" || by !== name) return false;
    const bytes = Buffer.from(mark, "base64");
    return bytes.subarray(0, 4).equals(keyId) && nodeVerify(null, utf8(text), key, bytes.subarray(4));
  });
  const [origin, size, root, rest] = text.split("\n");
  if (!signed || origin !== name || rest !== "" || !/^(0|[1-9][0-9]*)$/.test(size)) return null;
  return { size: Number(size), root: Buffer.from(root, "base64") };
}

// --- Seals (sealing.md) -----------------------------------------------------------------------

export interface Context { statement: string; part: string }
export interface Wrapped { agency: string; role: string; keyId: Buffer; enc: Buffer }
export interface Reader { agency: string; role: string; key: Buffer }

const joined = (...labels: Uint8Array[]): Buffer =>
  Buffer.concat(labels.flatMap((each) => [number(each.length, 4), each]));
const SUITE = number(1, 2);
const HPKE = Buffer.concat([utf8("HPKE"), number(0x647a, 2), number(1, 2), number(2, 2)]);

export const sealInfo = (at: Context, agency: string, keyId: Uint8Array, role: string): Buffer =>
  joined(utf8("caricc-exchange/seal/v1"), SUITE, utf8(at.statement), utf8(at.part), utf8(agency),
    keyId, utf8(role));

export function derive(contentKey: Uint8Array, at: Context): { key: Buffer; commitment: Buffer } {
  const info = joined(utf8("caricc-exchange/content/v1"), SUITE, utf8(at.statement), utf8(at.part));
  const okm = Buffer.from(hkdfSync("sha256", contentKey, new Uint8Array(0), info, 64));
  return { key: okm.subarray(0, 32), commitment: okm.subarray(32) };
}

const nonce = (index: number, isLast: boolean): Buffer =>
  Buffer.concat([number(index, 11), Buffer.of(isLast ? 1 : 0)]);

export function sealWith(contentKey: Uint8Array, plain: Uint8Array, at: Context): Buffer {
  const { key, commitment } = derive(contentKey, at);
  const last = Math.max(0, Math.ceil(plain.length / CHUNK) - 1);
  const pieces = [commitment];
  for (let i = 0; i <= last; i++) {
    const cipher = createCipheriv("aes-256-gcm", key, nonce(i, i === last));
    pieces.push(cipher.update(plain.subarray(i * CHUNK, (i + 1) * CHUNK)), cipher.final(), cipher.getAuthTag());
  }
  return Buffer.concat(pieces);
}

// Throws where it does not open; the error says nothing of why.
export function openWith(contentKey: Uint8Array, sealed: Uint8Array, at: Context): Buffer {
  const { key, commitment } = derive(contentKey, at);
  const body = Buffer.from(sealed.subarray(32));
  const rest = body.length % (CHUNK + 16);
  if (body.length < 16 || (body.length > 16 && rest > 0 && rest <= 16)) throw new Error("SEAL_BROKEN");
  if (!commitment.equals(sealed.subarray(0, 32))) throw new Error("SEAL_BROKEN");
  const last = Math.max(0, Math.ceil(body.length / (CHUNK + 16)) - 1);
  const pieces = [];
  for (let i = 0; i <= last; i++) {
    const chunk = body.subarray(i * (CHUNK + 16), (i + 1) * (CHUNK + 16));
    const opener = createDecipheriv("aes-256-gcm", key, nonce(i, i === last));
    opener.setAuthTag(chunk.subarray(-16));
    pieces.push(opener.update(chunk.subarray(0, -16)), opener.final());
  }
  return Buffer.concat(pieces);
}

const x25519 = (raw: Uint8Array): KeyObject => createPublicKey({
  key: Buffer.concat([Buffer.from("302a300506032b656e032100", "hex"), raw]), format: "der", type: "spki",
});
const x25519Private = (raw: Uint8Array): KeyObject => createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), raw]),
  format: "der", type: "pkcs8",
});
const rawPublic = (key: KeyObject): Buffer => key.export({ format: "der", type: "spki" }).subarray(-32);

const combined = (pq: Uint8Array, dh: Uint8Array, ct: Uint8Array, pk: Uint8Array): Buffer =>
  createHash("sha3-256").update(Buffer.concat([pq, dh, ct, pk, utf8("\\.//^\\")])).digest();

// RFC 9180, base mode, one message: the key and the nonce for a shared secret.
function schedule(shared: Uint8Array, info: Uint8Array): { key: Buffer; iv: Buffer } {
  const extract = (salt: Uint8Array, label: string, data: Uint8Array): Buffer =>
    createHmac("sha256", salt).update(Buffer.concat([utf8("HPKE-v1"), HPKE, utf8(label), data])).digest();
  const none = new Uint8Array(0);
  const context = Buffer.concat([
    Buffer.of(0), extract(none, "psk_id_hash", none), extract(none, "info_hash", info)]);
  const secret = extract(shared, "secret", none);
  const expand = (label: string, size: number): Buffer =>
    createHmac("sha256", secret).update(Buffer.concat([number(size, 2), utf8("HPKE-v1"), HPKE,
      utf8(label), context, Buffer.of(1)])).digest().subarray(0, size);
  return { key: expand("key", 32), iv: expand("base_nonce", 12) };
}

export function wrap(contentKey: Uint8Array, reader: Reader, at: Context): Wrapped {
  const pq = ml_kem768.encapsulate(reader.key.subarray(0, 1184));
  const own = x25519Private(randomBytes(32));
  const ct = rawPublic(createPublicKey(own));
  const theirs = reader.key.subarray(1184);
  const dh = diffieHellman({ privateKey: own, publicKey: x25519(theirs) });
  const keyId = sha256(reader.key);
  const info = sealInfo(at, reader.agency, keyId, reader.role);
  const { key, iv } = schedule(combined(pq.sharedSecret, dh, ct, theirs), info);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const enc = Buffer.concat([
    pq.cipherText, ct, cipher.update(contentKey), cipher.final(), cipher.getAuthTag()]);
  return { agency: reader.agency, role: reader.role, keyId, enc };
}

export function unwrap(wrapped: Wrapped, privateKey: Uint8Array, at: Context): Buffer {
  if (wrapped.enc.length !== 1168) throw new Error("SEAL_BROKEN");
  const pair = ml_kem768.keygen(privateKey.subarray(0, 64));
  const own = x25519Private(privateKey.subarray(64));
  const [pqText, ct, rest] = [
    wrapped.enc.subarray(0, 1088), wrapped.enc.subarray(1088, 1120), wrapped.enc.subarray(1120)];
  const dh = diffieHellman({ privateKey: own, publicKey: x25519(ct) });
  const pq = ml_kem768.decapsulate(pqText, pair.secretKey);
  const info = sealInfo(at, wrapped.agency, wrapped.keyId, wrapped.role);
  const { key, iv } = schedule(combined(pq, dh, ct, rawPublic(createPublicKey(own))), info);
  const opener = createDecipheriv("aes-256-gcm", key, iv);
  opener.setAuthTag(rest.subarray(-16));
  return Buffer.concat([opener.update(rest.subarray(0, -16)), opener.final()]);
}

export function uuid7(at = Date.now()): string {
  const bytes = Buffer.concat([number(at, 6), randomBytes(10)]);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// Sends a request for information and verifies its receipt:
//   node dist/send.js PROFILE TARGET LOG-VKEY RECIPIENT LEGAL-BASIS SUMMARY   (passphrase on stdin)
import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as p from "./protocol.js";
import { Hub, loadProtocol } from "./wire.js";

const [profile, target, vkey, recipient, legalBasis, summary] = process.argv.slice(2);
const passphrase = readFileSync(0, "utf8").trimEnd();
const root = loadProtocol();
const type = (name: string) => root.lookupType(`exchange_protocol.v1.${name}`);
const anchor = new X509Certificate(readFileSync(join(profile, "root.pem")));
const certificate = new X509Certificate(readFileSync(join(profile, "signing.pem")));
const signingKey = createPrivateKey({ key: readFileSync(join(profile, "signing.key")), passphrase });
const identity = (of: X509Certificate): string => of.subjectAltName!.replace(/^URI:/, "");
const agencyOf = (uri: string): string => uri.split("/agency/")[1].split("/")[0];
const refuse = (what: string): never => { throw new Error(`the hub lies: ${what}`); };

// Verify that an entry is on the log of a checkpoint; gives the entry.
function proven(entry: any, head: p.Checkpoint): any {
  const leaf = p.leafHash(p.leafData(entry.opening.entry, entry.opening.nonce));
  const found = p.rootFrom(leaf, Number(entry.index), head.size, entry.inclusionProof);
  if (found === null || !found.equals(head.root)) refuse("an entry is not on the log");
  return type("LogEntry").decode(entry.opening.entry);
}

function head(treeHead: any): p.Checkpoint {
  return p.checkpoint(Buffer.from(treeHead.checkpoint).toString("utf8"), vkey) ?? refuse("its log's key");
}

// Take the newest sealing key of each agency, from statements of its own systems on the log.
async function sealingKeys(hub: Hub): Promise<Map<string, Buffer>> {
  const certificates = new Map<string, X509Certificate>(), keys = new Map<string, Buffer>();
  for (let known = 0, all = 1; known < all;) {
    const page = await hub.call("DirectoryService", "ListDirectoryEntries", { knownDirectorySize: known });
    const at = head(page.treeHead);
    for (const each of page.entries) {
      const entry = proven(each, at), signed = each.opening.statement, [mark] = signed.signatures;
      if (!p.sha256(signed.payload).equals(entry.payloadSha256)) refuse("a statement of another entry");
      if (!p.sha256(type("Signature").encode(mark).finish()).equals(entry.signatureSha256)) refuse("another signature");
      const said: any = type("Statement").decode(signed.payload);
      const published = said.publishCertificate && new X509Certificate(said.publishCertificate.certificate);
      if (published?.verify(anchor.publicKey)) {
        certificates.set(p.sha256(published.raw).toString("hex"), published);
      }
      const by = certificates.get(Buffer.from(mark.certificateSha256).toString("hex"));
      if (by === undefined || identity(by) !== said.author) refuse(`no certificate of ${said.author}`);
      const place = mark.batch?.size ? mark.batch : null;
      if (!(place ? p.verifyInBatch(by!.publicKey, p.STATEMENT_TYPE, signed.payload, mark.signature, place)
        : p.verify(by!.publicKey, p.STATEMENT_TYPE, signed.payload, mark.signature))) refuse("a signature");
      if (said.revokeCertificate) {
        certificates.delete(Buffer.from(said.revokeCertificate.certificateSha256).toString("hex"));
      }
      if (said.publishSealingKey && said.author.split("/agency/")[1].split("/")[1] === "system") {
        keys.set(agencyOf(said.author), Buffer.from(said.publishSealingKey.publicKey));
      }
    }
    known += page.entries.length;
    all = Number(page.directorySize);
  }
  return keys;
}

const ROLES: Record<string, number> = { author: 1, recipient: 2, approver: 3, supervisor: 4 };

// Seal a document to its readers: the message Part, and the sealed bytes that travel beside it.
function seal(id: string, name: string, document: object, readers: Map<string, string>, keys: Map<string, Buffer>) {
  const at = { statement: id, part: name }, contentKey = randomBytes(32);
  const sealed = p.sealWith(contentKey, Buffer.from(JSON.stringify(document)), at);
  const wrappedKeys = [...readers].sort().map(([agency, role]) => {
    const key = keys.get(agency) ?? refuse(`no sealing key of ${agency}`);
    const made = p.wrap(contentKey, { agency, role, key }, at);
    return { agency, role: ROLES[role], keyId: made.keyId, enc: made.enc };
  });
  const part = { name, sha256: p.sha256(sealed), size: sealed.length, mediaType: "application/json",
    suite: 1, wrappedKeys };
  return { part, inline: { name, sealed } };
}

const hub = new Hub(root, target, profile, passphrase);
try {
  const keys = await sealingKeys(hub);
  const [handling, tlp, urgency] = [1, 3, 1]; // H0, AMBER, routine
  const route = await hub.call("ExchangeService", "PlanRoute",
    { kind: "information_request", recipients: [recipient], handling, tlp, urgency });
  const author = identity(certificate), id = p.uuid7(), now = Date.now();
  const roles = new Map<string, string>();
  for (const each of route.supervisors) roles.set(each, "supervisor");
  for (const leg of route.legs) for (const each of leg.approvers) roles.set(each, "approver");
  const narrow = new Map([[recipient, "recipient"], [agencyOf(author), "author"]]);
  narrow.forEach((role, agency) => roles.set(agency, role));
  const parts = [
    seal(id, "brief", { document: "brief", summary }, roles, keys),
    seal(id, "content", { document: "information-request", items: ["ACCOUNT_IDENTIFICATION"] }, narrow, keys),
  ];
  const payload = type("Statement").encode(type("Statement").create({
    id, exchangeId: id, author, madeAt: { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1e6 || undefined },
    recipients: [recipient], supervisors: route.supervisors.length ? route.supervisors : undefined,
    handling, tlp, urgency, purpose: 1, legalBasis, parts: parts.map((each) => each.part),
    informationRequest: {},
  })).finish();
  const statement = { payloadType: p.STATEMENT_TYPE, payload, signatures: [{
    certificateSha256: p.sha256(certificate.raw), signature: p.sign(signingKey, p.STATEMENT_TYPE, payload) }] };
  const answer = await hub.call("ExchangeService", "Submit",
    { statement, parts: parts.map((each) => each.inline) });
  const { entry, treeHead } = answer.receipt, logged = proven(entry, head(treeHead));
  if (logged.event !== 1 || logged.actor !== author || logged.exchangeId !== id
    || !p.sha256(payload).equals(logged.payloadSha256) || logged.signatureSha256.length !== 32) refuse("the receipt is of another statement");
  console.log(JSON.stringify({ exchange: id, index: Number(entry.index), size: head(treeHead).size }));
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  hub.close();
}

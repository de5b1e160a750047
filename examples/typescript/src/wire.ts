// The contract's messages, and calls over mutual TLS.
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";

const PROTOS = join(dirname(fileURLToPath(import.meta.url)), "../../../proto");
const SERVICES = ["exchange_service", "directory_service"];
const STATUS = `syntax = "proto3"; package google.rpc;
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message ErrorInfo { string reason = 1; string domain = 2; }`;

export function loadProtocol(folder = process.env.EXCHANGE_PROTOS ?? PROTOS): protobuf.Root {
  const root = new protobuf.Root();
  const standard = root.resolvePath;
  root.resolvePath = (origin, target) =>
    target.startsWith("exchange_protocol/") ? join(folder, target) : standard(origin, target);
  root.loadSync(SERVICES.map((each) => `exchange_protocol/v1/${each}.proto`));
  protobuf.parse(STATUS, root);
  root.resolveAll();
  return root;
}

// What the hub refuses; `reason` is stable, the message is for people.
export class Refused extends Error {
  constructor(readonly reason: string, message: string) { super(`${reason}: ${message}`); }
}

export class Hub {
  private readonly client: grpc.Client;

  constructor(readonly root: protobuf.Root, target: string, profile: string, passphrase: string) {
    const read = (name: string): Buffer => readFileSync(join(profile, name));
    const key = createPrivateKey({ key: read("tls.key"), passphrase });
    this.client = new grpc.Client(target, grpc.credentials.createSsl(
      read("root.pem"), Buffer.from(key.export({ format: "pem", type: "pkcs8" })), read("tls.pem")));
  }

  call(service: string, method: string, request: object): Promise<any> {
    const found = this.root.lookupService(`exchange_protocol.v1.${service}`).methods[method];
    const [takes, gives] = [found.resolvedRequestType!, found.resolvedResponseType!];
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        `/exchange_protocol.v1.${service}/${method}`,
        (value: object) => Buffer.from(takes.encode(takes.create(value)).finish()),
        (data: Buffer) => gives.decode(data),
        request, new grpc.Metadata(), { deadline: Date.now() + 30_000 },
        (error, value) => error ? reject(this.refusal(error)) : resolve(value));
    });
  }

  close(): void { this.client.close(); }

  private refusal(error: grpc.ServiceError): Error {
    const [raw] = error.metadata?.get("grpc-status-details-bin") ?? [];
    if (raw === undefined) return error;
    const status: any = this.root.lookupType("google.rpc.Status").decode(raw as Buffer);
    const info = status.details.find((each: any) => each.typeUrl.endsWith("google.rpc.ErrorInfo"));
    const said: any = this.root.lookupType("google.rpc.ErrorInfo").decode(info.value);
    return new Refused(said.reason, status.message);
  }
}

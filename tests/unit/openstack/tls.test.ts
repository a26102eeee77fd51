import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import t from "tap";
import { resolveCloudConfig, Session } from "../../../provider/openstack/index.ts";
import { hastyClock, PASSWORD, tokenBody } from "./support.ts";

/** A certificate authority, and a certificate of it for the server and one for the client. */
function certificates(folder: string) {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...ec, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority");
  writeFileSync(path.join(folder, "san"), "subjectAltName=IP:127.0.0.1");
  for (const name of ["server", "client"]) {
    openssl("req", ...ec, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const sign = [
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "2",
    ];
    openssl(...sign, "-out", `${name}.pem`, "-extfile", "san");
  }
  return (name: string) => readFileSync(path.join(folder, name), "utf8");
}

t.test("TLS as configured", async (t) => {
  const folder = t.testdir();
  const file = certificates(folder);
  let peer = "";
  const server = createServer(
    {
      key: file("server.key"),
      cert: file("server.pem"),
      ca: file("ca.pem"),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const socket = request.socket as import("node:tls").TLSSocket;
      peer = socket.authorized ? String(socket.getPeerCertificate().subject.CN) : "";
      const headers = { "content-type": "application/json", "x-subject-token": "token" };
      response.writeHead(201, headers).end(JSON.stringify(tokenBody()));
    },
  ).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;

  const login = async (env: Record<string, string>) => {
    const clock = hastyClock();
    const config = resolveCloudConfig({
      env: {
        OS_AUTH_URL: `https://127.0.0.1:${port}`,
        OS_USERNAME: "u",
        OS_PASSWORD: PASSWORD,
        OS_PROJECT_NAME: "p",
        ...env,
      },
      readFile: (one) => readFileSync(one, "utf8"),
      directory: folder,
    });
    const session = new Session(config, { clock });
    try {
      await session.principal();
      return { slept: clock.slept, error: undefined };
    } catch (error) {
      return { slept: clock.slept, error };
    } finally {
      session.close();
    }
  };

  const untrusted = await login({});
  t.match(untrusted.error, {
    code: "tls-failed",
    message: /`openstack:cacertFile`, OS_CACERT or `cacert` in clouds\.yaml/,
  });
  t.strictSame(untrusted.slept, [], "a certificate error is not tried again");
  t.equal((await login({ OS_CACERT: "ca.pem" })).error, undefined, "with the authority's certificate");
  t.equal((await login({ OS_CACERT: file("ca.pem") })).error, undefined, "given as text");
  t.equal((await login({ OS_INSECURE: "true" })).error, undefined, "insecure");
  t.equal(peer, "");
  t.equal((await login({ OS_CACERT: "ca.pem", OS_CERT: "client.pem", OS_KEY: "client.key" })).error, undefined);
  t.equal(peer, "client", "the client's certificate was shown");
});

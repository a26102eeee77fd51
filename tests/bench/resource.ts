import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProviderProcess } from "../../provider/engine/provider-process.ts";
import { provider as pb, toStruct } from "../../provider/engine/stubs.ts";
import { startCloud } from "./cloud.ts";
import { type Benchmark, type Figure, median } from "./figure.ts";
import { Bench } from "./program.ts";

const ROUNDS = 500;

/** What one unchanged resource costs in state, and in time of the provider's process, over gRPC as the engine has it. */
export const resource: Benchmark = {
  name: "resource",
  about: "bytes of state, and time of check and diff, of one unchanged resource of each type",
  usual: "1 min",
  async run() {
    const cloud = await startCloud(1, 1000);
    const bench = new Bench(
      "ironic",
      { networks: 1, servers: 1, volumes: 1, attachments: 1 },
      cloud.environment("demo"),
    );
    // In the engine's place: the provider ends where nobody listens.
    const engine = createServer(() => {}).listen(0, "127.0.0.1");
    await once(engine, "listening");
    const provider = await ProviderProcess.start({
      programDirectory: bench.folder,
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "pulumi-baremetal-compile-cache") },
      engineAddress: `127.0.0.1:${(engine.address() as AddressInfo).port}`,
      onLine: () => {},
      trace: undefined,
    });
    try {
      await bench.up();
      const configure = new pb.ConfigureRequest();
      configure.setArgs(toStruct({}));
      await provider.call("configure", configure);
      const figures: Figure[] = [];
      for (const stored of bench.stored()) {
        const { urn, id, inputs, outputs } = stored as unknown as Stored;
        const type = /dynamic\/baremetal:(\w+)::/.exec(urn)?.[1];
        if (!type) continue;
        figures.push({ what: `${type}: state`, value: JSON.stringify(stored).length, unit: "bytes", atMost: 3000 });
        const times: number[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          const began = performance.now();
          const check = new pb.CheckRequest();
          check.setUrn(urn);
          check.setOlds(toStruct(inputs));
          check.setNews(toStruct(inputs));
          const checked = await provider.call("check", check);
          const diff = new pb.DiffRequest();
          diff.setUrn(urn);
          diff.setId(id);
          diff.setOldInputs(toStruct(inputs));
          diff.setOlds(toStruct(outputs));
          diff.setNews(checked.getInputs());
          await provider.call("diff", diff);
          times.push(performance.now() - began);
        }
        figures.push(
          { what: `${type}: check and diff, median of ${ROUNDS}`, value: median(times), unit: "ms", atMost: 2 },
          { what: `${type}: check and diff, the first`, value: times[0]!, unit: "ms" },
        );
      }
      return figures;
    } finally {
      await provider.stop();
      engine.close();
      bench.remove();
      await cloud.stop();
    }
  },
};

interface Stored {
  readonly urn: string;
  readonly id: string;
  readonly inputs: Record<string, never>;
  readonly outputs: Record<string, never>;
}

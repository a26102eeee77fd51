import t from "tap";
import type { IssuedToken } from "../../../provider/openstack/auth.ts";
import { TokenKeeper } from "../../../provider/openstack/token.ts";
import { fakeClock } from "./support.ts";

const HOUR = 3_600_000;

function bench(renewable = true) {
  const clock = fakeClock();
  let issued = 0;
  let fail: Error | undefined;
  const keeper = new TokenKeeper(
    async () => {
      issued++;
      const id = `token-${issued}`;
      await clock.sleep(50);
      if (fail) throw fail;
      return {
        id,
        lifeMs: HOUR,
        user: { id: "u", name: "u" },
        system: false,
        roles: [],
        catalog: [],
      } satisfies IssuedToken;
    },
    clock,
    renewable,
  );
  const take = async () => {
    const token = keeper.get();
    token.catch(() => {});
    await clock.advance(50);
    return (await token).id;
  };
  return {
    clock,
    keeper,
    take,
    issued: () => issued,
    failWith: (error: Error | undefined) => {
      fail = error;
    },
  };
}

t.test("100 requests at once cost one token", async (t) => {
  const { clock, keeper, issued } = bench();
  const tokens = Promise.all(Array.from({ length: 100 }, () => keeper.get()));
  await clock.advance(50);
  t.equal(new Set((await tokens).map((token) => token.id)).size, 1);
  t.equal(issued(), 1);
});

t.test("a token is renewed after 80 % of its life", async (t) => {
  const { clock, take } = bench();
  t.equal(await take(), "token-1");
  await clock.advance(HOUR * 0.79);
  t.equal(await take(), "token-1");
  await clock.advance(HOUR * 0.01);
  t.equal(await take(), "token-2");
});

t.test("while Keystone is away the old token serves until its end", async (t) => {
  const { clock, take, issued, failWith } = bench();
  await take();
  await clock.advance(HOUR * 0.85);
  failWith(new Error("keystone is away"));
  t.equal(await take(), "token-1");
  t.equal(await take(), "token-1");
  t.equal(issued(), 2, "and Keystone is not asked each time");
  await clock.advance(HOUR * 0.2);
  await t.rejects(take(), { message: "keystone is away" });
  failWith(undefined);
  t.equal(await take(), "token-4", "a failure is not remembered");
});

t.test("a refused token is replaced once, however many say so", async (t) => {
  const { keeper, take, issued } = bench();
  await take();
  t.ok(keeper.refused("token-1"));
  t.equal(await take(), "token-2");
  t.ok(keeper.refused("token-1"), "one that is replaced already");
  t.equal(await take(), "token-2");
  t.equal(issued(), 2);
});

t.test("allowReauth false: a token is never replaced", async (t) => {
  const { clock, keeper, take } = bench(false);
  await take();
  await clock.advance(HOUR * 2);
  t.equal(await take(), "token-1");
  t.notOk(keeper.refused("token-1"));
});

t.test("one waiter's abort does not end the login for the others", async (t) => {
  const { clock, keeper } = bench();
  const stop = new AbortController();
  const first = keeper.get(stop.signal);
  const second = keeper.get();
  stop.abort(new Error("ctrl-c"));
  await t.rejects(first, { message: "ctrl-c" });
  await clock.advance(50);
  t.equal((await second).id, "token-1");
});

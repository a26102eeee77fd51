import t from "tap";
import { Refusal } from "../../../provider/engine/errors.ts";
import { readGoal } from "../../../provider/engine/registration.ts";
import { calls, resource as pb, toStruct } from "../../../provider/engine/stubs.ts";

type Request = InstanceType<typeof pb.RegisterResourceRequest>;

const request = (change: (request: Request) => void = () => {}): Request => {
  const made = new pb.RegisterResourceRequest();
  made.setType("pulumi-nodejs:dynamic:Resource");
  made.setName("a");
  made.setCustom(true);
  made.setObject(toStruct({ value: 1 }));
  change(made);
  return made;
};

t.test("a dynamic resource is read as the program wants it", async (t) => {
  const goal = readGoal(
    request((made) => {
      made.setDependenciesList(["urn:b", "urn:b"]);
      made.setCustomtimeouts(new pb.RegisterResourceRequest.CustomTimeouts().setCreate("90m"));
    }),
    undefined,
    "/",
  );
  t.match(goal, { name: "a", inputs: { value: 1 }, dependencies: ["urn:b"], customTimeouts: { create: 5400 } });
  t.same(goal.propertyDependencies, { value: ["urn:b"] }, "a program that says nothing about properties means all");
});

t.test("a child takes over from its parent what it leaves open", async (t) => {
  const parent = readGoal(
    request((made) => made.setProtect(true)),
    undefined,
    "/",
  );
  t.equal(readGoal(request(), { ...parent, deletedWith: "urn:owner" }, "/").protect, true);
  t.equal(
    readGoal(
      request((made) => made.setProtect(false)),
      parent,
      "/",
    ).protect,
    false,
  );
  t.equal(readGoal(request(), { ...parent, deletedWith: "urn:owner" }, "/").deletedWith, "urn:owner");
});

t.test("what the engine does not do it refuses by name", async (t) => {
  const cases: [string, (request: Request) => void, RegExp][] = [
    [
      "another package",
      (made) => made.setType("openstack:compute/instance:Instance"),
      /provider package "openstack".*pulumi CLI/,
    ],
    [
      "an explicit provider of another package",
      (made) => made.setType("pulumi:providers:openstack"),
      /provider package "openstack"/,
    ],
    ["a remote component", (made) => made.setRemote(true), /remote components/],
    ["import", (made) => made.setImportid("i-1"), /the import option/],
    ["transforms", (made) => made.setTransformsList([new calls.Callback()]), /transforms/],
    ["a package reference", (made) => made.setPackageref("ref"), /parameterized packages/],
    [
      "hooks",
      (made) => made.setHooks(new pb.RegisterResourceRequest.ResourceHooksBinding().setBeforeCreateList(["h"])),
      /resource hooks/,
    ],
  ];
  for (const [name, change, message] of cases) {
    const read = () => readGoal(request(change), undefined, "/");
    t.throws(read, Refusal, name);
    t.throws(read, { message }, name);
  }
});

import type { Fleet } from "../fleet.ts";
import { type Cinder, HOST } from "./core.ts";

/** Puts the fleet's volume types, and the back ends that they are on, into the tables. */
export function seed(cinder: Cinder, fleet: Fleet): void {
  const types = [{ name: "__DEFAULT__", description: "Default Volume Type" }, ...fleet.volumeTypes];
  for (const type of types) {
    const backend = "backend" in type ? type.backend : undefined;
    const onlyFor = "onlyFor" in type ? type.onlyFor : undefined;
    const { id } = cinder.types.put({
      id: cinder.newId(),
      name: type.name,
      description: "description" in type ? type.description : null,
      public: onlyFor === undefined,
      specs: backend === undefined ? {} : { volume_backend_name: backend },
      qosId: null,
      created: cinder.now(),
      updated: null,
    });
    for (const name of onlyFor ?? []) {
      const projectId = cinder.world.identity.project(name)?.id ?? name;
      cinder.access.put({ id: `${id}/${projectId}`, typeId: id, projectId });
    }
  }
  const usual = fleet.volumeTypes.find((type) => type.default) ?? fleet.volumeTypes[0];
  cinder.settings.put({ id: "settings", defaultType: usual?.name ?? "__DEFAULT__" });
  const backends = [...new Set(fleet.volumeTypes.map(({ backend }) => backend))];
  const hosts = backends.length > 0 ? backends : ["default"];
  const add = (binary: string, host: string) =>
    cinder.services.put({ id: cinder.newId(), binary, host, disabled: false, disabledReason: null });
  add("cinder-scheduler", HOST);
  for (const backend of hosts) add("cinder-volume", `${HOST}@${backend}`);
  add("cinder-backup", HOST);
}

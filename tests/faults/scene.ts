/** A stage on which faults are tried, with its program. */
import type { Test } from "tap";
import { login, type Session, tenantEnv } from "../cloud/client.ts";
import { waitFull, waitPlaceable } from "../cloud/nodes.ts";
import { type Deployer, Project } from "../lifecycle/deployer.ts";
import type { Params, Stage } from "./stages.ts";

/** A stage with a project on it: what faults are injected into, and looked at. */
export class Scene {
  readonly stage: Stage;
  readonly project: Project;
  readonly tenant: Session;
  params: Params = {};
  /** What a fault that is injected has to remember until it is cleared. */
  readonly notes = new Map<string, unknown>();

  private constructor(stage: Stage, project: Project, tenant: Session) {
    this.stage = stage;
    this.project = project;
    this.tenant = tenant;
  }

  /** @param through makes the tenant's variables lead through a proxy */
  static async set(
    t: Test,
    deployer: Deployer,
    stage: Stage,
    through: (env: Record<string, string>) => Record<string, string> = (env) => env,
  ): Promise<Scene> {
    const env = through(tenantEnv(stage.tenant));
    const project = new Project(t, deployer, { name: `faults-${stage.name}`, program: stage.program, env });
    const scene = new Scene(stage, project, await login(stage.tenant));
    scene.edit(() => stage.params);
    return scene;
  }

  /** Changes the program. */
  edit(change: (params: Params) => Params): void {
    this.params = change(this.params);
    this.project.edit(this.params);
  }

  /** The first node: the one that fails where only one must. */
  get node(): string {
    return this.stage.nodes[0]!;
  }

  objects(): Promise<string[]> {
    return this.stage.objects(this.tenant);
  }

  /** Waits until a machine can be had again: after its nodes were at work, or not in use, Nova learns of it only in time. */
  async free(count = this.stage.nodes.length): Promise<void> {
    const { placed } = this.stage;
    if (placed !== undefined) await waitPlaceable(placed, count);
  }

  /** Waits until Nova knows that none of the machines can be had. */
  async full(): Promise<void> {
    const { placed } = this.stage;
    if (placed !== undefined) await waitFull(placed);
  }

  /** The resource as state has it. */
  stored() {
    return this.project.resource(this.stage.resource.name);
  }
}
